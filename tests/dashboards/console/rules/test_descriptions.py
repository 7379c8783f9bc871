from dashboards.console.rules import descriptions
from serving.schemas import Boost, Pin, SlateRules

RULES = SlateRules(
    hide=tuple("abcdefghij"),
    pin=(Pin(item_id="z", rank=2), Pin(item_id="y", rank=1)),
    boost=(Boost(category="*War*", by=0.1), Boost(category="Noir", by=-0.2)),
    most_per_category=5,
    most_per_vendor=1,
    keep_if="price < 20",
    only_available=True,
    diversity=0.25,
)


def test_each_kind_of_rule_is_a_sentence_with_escaped_titles() -> None:
    assert descriptions.sentences(RULES, lambda item_id: f"<{item_id}>") == [
        r"**Hidden:** \<a\>, \<b\>, \<c\>, \<d\>, \<e\>, \<f\>, \<g\>, \<h\> and 2 more",
        r"**Pinned:** \<y\> at rank 1, \<z\> at rank 2",
        r"**Boosted:** \*War\* by 0.10",
        "**Demoted:** Noir by 0.20",
        "**Caps:** at most 5 per category and 1 per vendor in any 10 ranks",
        "**Only items where:** `price < 20`",
        "**Availability:** available items only",
        "**Diversity:** 0.25 of 1",
    ]


def test_the_summary_counts_the_rules() -> None:
    summary = (
        r"10 hidden · 2 pinned · 2 boosts · capped · only `price < 20` · available only"
        " · diversity 0.25"
    )
    assert descriptions.summary(RULES) == summary
    assert descriptions.summary(SlateRules()) == "no rules"
