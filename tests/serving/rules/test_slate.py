"""Lists under slate rules: examples by hand, and a catalogue of random texts."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ranking.similarity import cosines
from serving.items import CatalogueItem, ScoredItem
from serving.rules.slate import Slate, arranged, membership
from serving.schemas import Boost, SlateRules
from tests.support.serving.pools import ids, item, scored


def pool(*categories: str) -> list[ScoredItem]:
    """Return items "0", "1", … with these categories, each scored a little below the one before."""
    n = len(categories)
    return [scored(str(row), 1 - row / n, names) for row, names in enumerate(categories)]


def arranged_ids(items: Sequence[ScoredItem], limit: int = 100, **rules: Any) -> str:
    return ids(arranged(Slate(1, SlateRules(**rules)), items, {}, limit))


def with_pins(
    items: Sequence[ScoredItem], pins: Mapping[int, CatalogueItem], limit: int = 100
) -> list[ScoredItem]:
    return arranged(Slate(1, pinned=pins), items, pins, limit)


def test_without_rules_a_list_is_the_beginning_of_its_pool() -> None:
    items = pool("a", "a", "b")

    assert arranged(Slate(), items, {}, 2) == items[:2]
    assert arranged(Slate(), [], {}, 2) == []


def test_a_pin_is_at_its_rank_and_displaced_items_follow() -> None:
    items = pool("a", "a", "a", "a")
    far = item("far", "z")

    shown = with_pins(items, {2: items[3].item, 3: far})

    assert ids(shown) == "0 3 far 1 2"
    assert [scored.score for scored in shown] == [1, 0.25, 0, 0.75, 0.5]


def test_pins_beyond_the_end_of_a_short_list_come_last_in_their_order() -> None:
    assert ids(with_pins(pool("a"), {20: item("z"), 9: item("y")})) == "0 y z"
    assert ids(with_pins([], {3: item("z")})) == "z"
    assert ids(with_pins(pool("a", "a", "a"), {3: item("z")}, limit=2)) == "0 1"


def test_a_pin_that_may_not_be_shown_leaves_no_gap() -> None:
    pin = item("z")

    assert ids(arranged(Slate(1, pinned={1: pin}), pool("a", "a"), {}, 9)) == "0 1"


def test_a_boost_counts_in_units_of_the_span_from_best_to_last() -> None:
    items = [scored("0", 30, "a"), scored("1", 28, "a"), scored("2", 24, "b"), scored("3", 10, "c")]

    assert (
        arranged_ids(items, boost=(Boost(category="b", by=0.2),)) == "0 1 2 3"
    )  # 24 + 4 ties with 28
    assert arranged_ids(items, boost=(Boost(category="b", by=0.25),)) == "0 2 1 3"
    assert arranged_ids(items, boost=(Boost(category="a", by=-1),)) == "2 0 3 1"


def test_an_item_is_boosted_once_for_each_of_its_categories() -> None:
    items = [scored("0", 1, "c"), scored("1", 0.5, "aab"), scored("2", 0, "c")]
    boosts = (Boost(category="a", by=0.3), Boost(category="b", by=0.1))

    assert arranged_ids(items, boost=boosts) == "0 1 2"
    assert arranged_ids(items, boost=(boosts[0], Boost(category="b", by=0.3))) == "1 0 2"


def test_equal_scores_keep_their_order_except_for_boosts() -> None:
    items = [scored("0", 5, "a"), scored("1", 5, "b"), scored("2", 5, "a")]

    assert arranged_ids(items, boost=(Boost(category="b", by=0.1),)) == "1 0 2"


def test_an_item_that_would_break_a_cap_waits_until_it_fits() -> None:
    assert arranged_ids(pool("a", "a", "a", "b", "c"), most_per_category=2) == "0 1 3 4 2"
    alone = pool("a", "a", *"bcdefghijk")
    assert (
        arranged_ids(alone, most_per_category=1) == "0 2 3 4 5 6 7 8 9 10 1 11"
    )  # 1 is the eleventh


def test_a_cap_is_relaxed_if_no_remaining_item_fits() -> None:
    assert arranged_ids(pool("a", "a", "a"), most_per_category=1) == "0 1 2"
    assert arranged_ids(pool("a", "a", "b", "a"), most_per_category=1) == "0 2 1 3"


def test_an_item_counts_in_each_of_its_categories() -> None:
    assert arranged_ids(pool("ab", "a", "b", "c"), most_per_category=1) == "0 3 1 2"
    assert arranged_ids(pool("", "", ""), most_per_category=1) == "0 1 2"


def test_vendors_are_capped_and_items_without_one_are_not() -> None:
    items = [scored(str(at), -at, vendor=vendor) for at, vendor in enumerate("xxyy")]
    items += [scored("4", -4), scored("5", -5)]

    assert arranged_ids(items, most_per_vendor=1) == "0 2 4 5 1 3"


def test_a_pin_ignores_caps_and_counts_towards_them() -> None:
    items = pool("a", "a", "b", "c")
    rules = SlateRules(most_per_category=1)
    pins = {2: item("z", "a"), 3: item("y", "b")}

    result = arranged(Slate(1, rules, pinned=pins), items, pins, 9)

    assert ids(result) == "0 z y 3 1 2"


def test_diversity_weighs_dissimilarity_against_relevance() -> None:
    items = [
        scored("0", 1.0, "a"),
        scored("1", 0.9, "a"),
        scored("2", 0.5, "b"),
        scored("3", 0.0, "a"),
    ]

    assert arranged_ids(items, diversity=0.25) == "0 1 2 3"  # 0.75 * 0.9 - 0.25 against 0.75 * 0.5
    assert arranged_ids(items, diversity=0.3) == "0 2 1 3"  # 0.7 * 0.9 - 0.3 against 0.7 * 0.5
    assert arranged_ids(items, diversity=1) == "0 2 1 3"


def test_only_the_nine_ranks_before_are_compared() -> None:
    items = pool("a", *"bcdefghij", "b", "a")

    assert arranged_ids(items, diversity=1) == "0 1 2 3 4 5 6 7 8 9 11 10"


def test_similarity_is_the_cosine_of_categories() -> None:
    similarity = cosines(membership([["a", "b"], ["b"], [], ["b", "a", "a"]]))

    half = 1 / sqrt(2)
    expected = [[1, half, 0, 1], [half, 1, 0, half], [0, 0, 0, 0], [1, half, 0, 1]]
    assert similarity.tolist() == [pytest.approx(row, rel=1e-15) for row in expected]
    assert cosines(membership([])).shape == (0, 0)


@pytest.mark.parametrize(
    "rules",
    [
        {"pin": [{"item_id": "a", "rank": 1}, {"item_id": "b", "rank": 1}]},
        {"pin": [{"item_id": "a", "rank": 1}, {"item_id": "a", "rank": 2}]},
        {"pin": [{"item_id": "a", "rank": 1}], "hide": ["a"]},
        {"pin": [{"item_id": "a", "rank": 21}]},
        {"boost": [{"category": "a", "by": 0.1}, {"category": "a", "by": 0.2}]},
        {"boost": [{"category": "a", "by": 1.1}]},
        {"boost": [{"category": "a", "by": "0.1"}]},
        {"diversity": float("nan")},
        {"diversity": True},
        {"most_per_category": 0},
        {"most_per_vendor": 11},
        {"hide": ["a\x00"]},
        {"hide": ["a"] * 1001},
        {"hidden": ["a"]},
    ],
)
def test_contradictory_or_meaningless_rules_are_rejected(rules: object) -> None:
    with pytest.raises(ValidationError):
        SlateRules.model_validate(rules)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.floats(width=32, allow_nan=False, allow_infinity=False),
            st.lists(st.text(max_size=5), max_size=60),
            st.none() | st.text(max_size=300),
        ),
        max_size=100,
    )
)
def test_a_catalogue_of_random_texts_is_arranged(
    drawn: list[tuple[float, list[str], str | None]],
) -> None:
    rules = SlateRules(diversity=0.5, most_per_category=1, most_per_vendor=1)
    ordered = sorted(drawn, key=lambda row: -row[0])
    items = [scored(str(at), *values) for at, values in enumerate(ordered)]

    shown = arranged(Slate(1, rules), items, {}, 100)

    assert sorted(ids(shown).split()) == sorted(ids(items).split())
