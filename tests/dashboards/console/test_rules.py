import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.console import data
from dashboards.console.rules import client, descriptions, draft, preview
from dashboards.text import esc
from serving.schemas import Boost, Pin, SlateRules
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, keys, words
from tests.support.dashboards.fake_airflow import PASSWORD, USER, FakeAirflow
from tests.support.dashboards.fake_api import KEY, fake_api
from tests.support.dashboards.fake_rules import FIRST, HIDDEN, PINNED, SECOND, FakeRules

PAGE = "console/rules/page.py"
OTHER = shop.ITEMS[12]


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRules]:
    """A shop with rules behind an API on loopback, and an Airflow to sign in to."""
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"playground": KEY}))
    found = FakeRules()
    with fake_api(rules=found) as api, FakeAirflow().served() as airflow:
        monkeypatch.setenv("DEMO_KEYS_FILE", str(keys))
        monkeypatch.setenv("DEMO_API_URL", api)
        monkeypatch.setenv("CONSOLE_AIRFLOW_URL", airflow)
        yield found


def signed_in(page: Page) -> AppTest:
    shown = page(PAGE)
    shown.session_state["operator"] = data.sign_in(USER, PASSWORD)
    return shown.run()


def pressed(shown: AppTest, key: str) -> AppTest:
    shown.button(key=key).click().run()
    assert not shown.exception
    return shown


def asked(shown: AppTest) -> SlateRules:
    """Return the rules that a preview now asks for."""
    found = pressed(shown, "preview_rules").session_state["draft_tried"]
    assert isinstance(found, draft.Tried)
    return found.rules


def may_hold(shown: AppTest) -> bool:
    return not shown.button(key="send_rules").disabled


@pytest.mark.usefixtures("rules")
def test_nothing_is_shown_before_somebody_signed_in(page: Page) -> None:
    shown = page(PAGE).run()

    assert not shown.exception
    assert shown.title[0].value == "Console"
    assert keys(shown) == {"send_sign_in"}


@pytest.mark.usefixtures("rules")
def test_says_what_holds_who_made_it_when_and_why(page: Page) -> None:
    shown = signed_in(page)

    assert not shown.exception
    said = words(shown)
    assert f"**Hidden:** {esc(HIDDEN.title)}" in said
    assert f"**Pinned:** {esc(PINNED.title)} at no. 3" in said
    assert "violet-badge[Version 2]" in said
    assert r"festival \<b\>week\<\/b\>" in said
    assert "ada, " in said
    assert "UTC" in said


def test_where_nobody_made_rules_there_are_none(page: Page, rules: FakeRules) -> None:
    rules.versions.clear()

    shown = signed_in(page)

    assert not shown.exception
    assert descriptions.PLAIN in words(shown)
    assert "Nobody has made any rules yet" in words(shown)
    assert asked(shown) == SlateRules()
    assert not may_hold(shown)


@pytest.mark.usefixtures("rules")
def test_the_editor_begins_with_what_holds(page: Page) -> None:
    shown = signed_in(page)

    assert shown.multiselect(key=draft.HIDE).value == [HIDDEN.item_id]
    assert shown.number_input(key=draft.rank_key(PINNED.item_id)).value == 3
    assert asked(shown) == SECOND
    assert "Nobody's list of ten changes" in words(shown)


@pytest.mark.usefixtures("rules")
def test_items_are_hidden_and_pinned_by_their_titles(page: Page) -> None:
    shown = signed_in(page)
    shown.text_input(key="draft_q").set_value("twelve kinds").run()
    found = [each.key for each in shown.button if each.key and "draft_pin_" in each.key]
    assert len(found) == 3
    assert esc(OTHER.title) in words(shown)

    pressed(shown, f"draft_pin_{OTHER.item_id}")
    assert asked(shown).pin == (
        Pin(item_id=OTHER.item_id, rank=1),
        Pin(item_id=PINNED.item_id, rank=3),
    )
    pressed(shown, f"draft_hide_{OTHER.item_id}")
    assert asked(shown).pin == SECOND.pin
    assert asked(shown).hide == (HIDDEN.item_id, OTHER.item_id)

    shown.multiselect(key=draft.HIDE).set_value([OTHER.item_id]).run()
    pressed(shown, f"draft_unpin_{PINNED.item_id}")

    assert asked(shown) == SlateRules(hide=(OTHER.item_id,))


@pytest.mark.usefixtures("rules")
def test_a_search_without_a_hit_says_so(page: Page) -> None:
    shown = signed_in(page)

    shown.text_input(key="draft_q").set_value("zzz").run()

    assert not shown.exception
    assert "No film has words that begin like this" in words(shown)


@pytest.mark.usefixtures("rules")
def test_categories_caps_stock_and_diversity_are_rules_too(page: Page) -> None:
    shown = signed_in(page)
    pressed(shown, "draft_clear")
    shown.multiselect(key=draft.BOOST).set_value(["Comedy", "Drama", "War"]).run()
    assert shown.slider(key=draft.by_key("Comedy")).value == 0.1
    shown.slider(key=draft.by_key("War")).set_value(0.0)
    shown.slider(key=draft.by_key("Drama")).set_value(-0.25)
    shown.number_input(key=draft.PER_CATEGORY).set_value(5)
    shown.number_input(key=draft.PER_VENDOR).set_value(2)
    shown.toggle(key=draft.ONLY_AVAILABLE).set_value(True)
    shown.slider(key=draft.DIVERSITY).set_value(0.3)
    shown.run()

    assert asked(shown) == SlateRules(
        boost=(Boost(category="Comedy", by=0.1), Boost(category="Drama", by=-0.25)),
        most_per_category=5,
        most_per_vendor=2,
        only_available=True,
        diversity=0.3,
    )


@pytest.mark.usefixtures("rules")
def test_two_pins_of_one_rank_are_told_and_not_previewed(page: Page) -> None:
    shown = signed_in(page)
    shown.text_input(key="draft_q").set_value("twelve kinds").run()
    pressed(shown, f"draft_pin_{OTHER.item_id}")

    shown.number_input(key=draft.rank_key(OTHER.item_id)).set_value(3).run()

    assert not shown.exception
    assert "Two pins claim the same rank" in shown.warning[0].value
    assert shown.button(key="preview_rules").disabled
    assert not may_hold(shown)


def test_rules_hold_with_a_reason_and_after_a_preview_of_exactly_these(
    page: Page, rules: FakeRules
) -> None:
    shown = signed_in(page)
    assert not may_hold(shown)
    shown.slider(key=draft.DIVERSITY).set_value(0.3).run()
    assert not may_hold(shown)
    pressed(shown, "preview_rules")
    assert may_hold(shown)
    shown.slider(key=draft.DIVERSITY).set_value(0.4).run()
    assert not may_hold(shown)
    assert "Preview exactly these rules first" in words(shown)
    pressed(shown, "preview_rules")

    pressed(shown, "send_rules")
    assert "Say in a few words why" in shown.warning[0].value
    assert len(rules.versions) == 2
    shown.text_input(key="rules_reason").set_value(" fewer of a kind ")
    pressed(shown, "send_rules")

    made = rules.versions[0]
    assert (made.version, made.actor, made.reason) == (3, USER, "fewer of a kind")
    assert made.rules == SECOND.model_copy(update={"diversity": 0.4})
    assert "Version 3 holds" in shown.toast[0].value
    assert "violet-badge[Version 3]" in words(shown)
    assert not shown.text_input(key="rules_reason").value
    assert not may_hold(shown)


@pytest.mark.usefixtures("rules")
def test_a_preview_says_before_after_and_difference(page: Page) -> None:
    shown = signed_in(page)
    pressed(shown, "draft_clear")

    pressed(shown, "preview_rules")

    said = words(shown)
    assert "No difference that can be told from chance" in said
    assert r"\-0.0021 to +0.0013" in said.replace("-0.0021", r"\-0.0021")
    figures = {each.label: (each.value, each.delta) for each in shown.metric}
    assert figures["NDCG@10"] == ("0.2686", "-0.0004")
    assert figures["People whose list changes"] == ("34%", "of 1,000")
    assert figures["Coverage"] == ("0.104", "0.000")
    assert {"Recall@10", "Exposure (Gini)", "Diversity"} < set(figures)
    assert "Without any rules: NDCG@10 0.2694" in said
    assert len(shown.get("vega_lite_chart")) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((0.004, 0.001, 0.007), "People find more of what they like"),
        ((-0.004, -0.007, -0.001), "People find less of what they like"),
        ((0.001, -0.002, 0.004), "No difference that can be told from chance"),
    ],
)
def test_a_difference_is_told_only_where_it_is_sure(
    change: tuple[float, float, float], said: str
) -> None:
    fake = FakeRules(change=change)
    found = fake.preview({})

    assert found
    assert said in preview.verdict(found)


def test_exposure_is_drawn_by_kind_most_changed_first() -> None:
    found = FakeRules().preview({})
    assert found

    categories = preview.exposure(found.exposure, "category")
    vendors = preview.exposure(found.exposure, "vendor")

    assert list(categories["name"][::2]) == [
        "Drama", "Comedy", "Documentary", "Sci-Fi", "Western", "Mystery",
    ]  # fmt: skip
    assert list(categories["share"][:2]) == [0.412, 0.318]
    assert set(vendors["name"]) == {"Sarn Pictures", "<i>Otto & Sons</i>"}
    assert "Now" in preview.chart(categories, ["#000", "#fff"]).to_json()


def test_where_nothing_was_judged_rules_may_hold_untried(page: Page, rules: FakeRules) -> None:
    rules.is_judged = False
    shown = signed_in(page)
    pressed(shown, "draft_clear")

    pressed(shown, "preview_rules")

    assert "no retrain has left lists" in shown.info[0].value
    assert may_hold(shown)


def test_who_was_slower_is_told_so_and_loses_nothing(page: Page, rules: FakeRules) -> None:
    shown = signed_in(page)
    pressed(shown, "draft_clear")
    shown.slider(key=draft.DIVERSITY).set_value(0.3).run()
    pressed(shown, "preview_rules")
    rules.made_by_another()
    shown.text_input(key="rules_reason").set_value("mine")

    pressed(shown, "send_rules")

    said = words(shown)
    assert "Somebody was faster" in said
    assert "Choose above what becomes of your draft" in said
    assert "jonas" in said
    assert "an emergency" in said
    assert rules.versions[0].actor == "jonas"
    assert shown.slider(key=draft.DIVERSITY).value == 0.3
    assert not may_hold(shown)

    pressed(shown, "draft_keep_mine")
    assert "Somebody was faster" not in words(shown)
    assert not may_hold(shown)
    assert asked(shown) == SlateRules(diversity=0.3)
    pressed(shown, "send_rules")

    assert (rules.versions[0].actor, rules.versions[0].version) == (USER, 4)


def test_who_was_slower_may_begin_with_what_holds(page: Page, rules: FakeRules) -> None:
    shown = signed_in(page)
    rules.made_by_another()
    client.history.clear()
    shown.run()
    assert "Somebody was faster" in words(shown)

    pressed(shown, "draft_take_theirs")

    assert "Somebody was faster" not in words(shown)
    assert asked(shown) == SlateRules()


def test_an_older_version_is_brought_back_into_the_editor_alone(
    page: Page, rules: FakeRules
) -> None:
    shown = signed_in(page)
    assert "bring_back_2" not in keys(shown)
    assert "1 hidden · capped" in words(shown)

    pressed(shown, "bring_back_1")

    assert len(rules.versions) == 2
    assert asked(shown) == FIRST
    assert may_hold(shown)
    pressed(shown, "draft_reset")
    assert asked(shown) == SECOND


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((403, "scope-missing"), "operators alone see and make them"),
        ((503, "operators-not-configured"), "does not know where Airflow is"),
        ((503, "api-unavailable"), "recommendation service does not answer"),
        ((404, "unknown-dataset"), "recommendation service does not answer"),
    ],
)
def test_who_may_not_or_cannot_sees_a_sentence_and_no_buttons(
    page: Page, rules: FakeRules, refusal: tuple[int, str], said: str
) -> None:
    rules.refusal = refusal

    shown = signed_in(page)

    assert not shown.exception
    assert said in "".join(each.value for each in [*shown.info, *shown.warning])
    assert keys(shown) == {"sign_out"}
    assert not shown.text_input


def test_a_session_that_is_over_asks_to_sign_in_again(page: Page, rules: FakeRules) -> None:
    rules.refusal = (401, "key-refused")

    shown = signed_in(page)

    assert not shown.exception
    assert "session has ended" in shown.info[0].value
    assert shown.title[0].value == "Console"


def test_one_operator_is_not_answered_with_what_another_asked(page: Page, rules: FakeRules) -> None:
    signed_in(page)
    rules.refusal = (403, "scope-missing")
    shown = page(PAGE)
    other = data.sign_in(USER, PASSWORD)
    other.airflow.token = USER  # any other text
    shown.session_state["operator"] = other

    shown.run()

    assert "**Hidden:**" not in words(shown)


def test_an_item_that_the_catalogue_does_not_have_is_named_by_its_id(
    page: Page, rules: FakeRules
) -> None:
    rules.make({"rules": {"hide": ["gone"]}, "instead_of": 2, "reason": "x"}, "ada")

    shown = signed_in(page)

    assert not shown.exception
    assert "**Hidden:** gone" in words(shown)
    assert asked(shown).hide == ("gone",)


def test_rules_are_said_in_words_that_are_literal() -> None:
    rules = SlateRules(
        hide=tuple("abcdefghij"),
        pin=(Pin(item_id="z", rank=2), Pin(item_id="y", rank=1)),
        boost=(Boost(category="*War*", by=0.1), Boost(category="Noir", by=-0.2)),
        most_per_category=5,
        most_per_vendor=1,
        only_available=True,
        diversity=0.25,
    )

    said = descriptions.sentences(rules, lambda item_id: f"<{item_id}>")

    assert said == [
        r"**Hidden:** \<a\>, \<b\>, \<c\>, \<d\>, \<e\>, \<f\>, \<g\>, \<h\> and 2 more",
        r"**Pinned:** \<y\> at no. 1, \<z\> at no. 2",
        r"**Pushed:** \*War\* by 0.10",
        "**Held back:** Noir by 0.20",
        "**Caps:** at most 5 of one category and 1 of one vendor among any 10",
        "**Stock:** only what is available",
        "**Diversity:** 0.25 of 1",
    ]
    short = "10 hidden · 2 pinned · 2 boosts · capped · only available · diversity 0.25"
    assert descriptions.short(rules) == short
    assert descriptions.short(SlateRules()) == "no rules"


def test_the_same_rules_in_another_order_are_the_same() -> None:
    boosts = (Boost(category="a", by=0.1), Boost(category="b", by=0.1))

    assert draft.same(
        SlateRules(hide=("a", "b"), boost=boosts), SlateRules(hide=("b", "a"), boost=boosts[::-1])
    )
    assert not draft.same(SlateRules(hide=("a",)), SlateRules(hide=("b",)))
