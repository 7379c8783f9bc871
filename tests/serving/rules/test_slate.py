"""Lists under slate rules: examples by hand, then random rules against the definition."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import fsum, sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ranking.similarity import cosines
from serving.items import CatalogueItem, ScoredItem
from serving.rules.slate import Slate, arranged, membership
from serving.schemas import Boost, Pin, SlateRules

NAMES = ("film", "opera", "", "Ü\u202e'; --")
VENDORS = ("x", "y", "")
BEFORE = 9


def item(item_id: str, categories: Sequence[str] = "", vendor: str | None = None) -> CatalogueItem:
    """Return an item of the catalogue; each letter of a text is a category."""
    return CatalogueItem(item_id, item_id, (*categories,), vendor, None)


def scored(
    item_id: str, score: float, categories: Sequence[str] = "", vendor: str | None = None
) -> ScoredItem:
    return ScoredItem(item(item_id, categories, vendor), score)


def pool(*categories: str) -> list[ScoredItem]:
    """Return items "0", "1", … with these categories, each scored a little below the one before."""
    n = len(categories)
    return [scored(str(row), 1 - row / n, names) for row, names in enumerate(categories)]


def ids(items: Sequence[ScoredItem]) -> str:
    return " ".join(scored.item.item_id for scored in items)


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


scores = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0]), st.floats(allow_nan=False, allow_infinity=False, width=32)
)
names = st.sampled_from(NAMES)
vendors = st.none() | st.sampled_from(VENDORS)
categories = st.lists(names, max_size=4)
weights = st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1)
caps = st.none() | st.integers(1, 4)
some_rules = st.builds(
    SlateRules,
    boost=st.dictionaries(names.filter(bool), st.floats(-1, 1), max_size=2).map(
        lambda by: tuple(Boost(category=name, by=by_value) for name, by_value in by.items())
    ),
    most_per_category=caps,
    most_per_vendor=caps,
    diversity=weights,
)


@st.composite
def pools(draw: st.DrawFn) -> list[ScoredItem]:
    """Return items in the order of their scores, some of which are equal."""
    drawn = draw(st.lists(st.tuples(scores, categories, vendors), max_size=25))
    ordered = sorted(drawn, key=lambda row: -row[0])
    return [scored(str(at), *values) for at, values in enumerate(ordered)]


@st.composite
def slates(draw: st.DrawFn) -> Slate:
    """Return rules with pins, some of items in the pool and some not."""
    ranks = draw(st.lists(st.integers(1, 20), unique=True, max_size=4))
    chosen = draw(
        st.lists(st.integers(0, 40), unique=True, min_size=len(ranks), max_size=len(ranks))
    )
    pins = {
        rank: item(str(at), draw(categories), draw(vendors))
        for rank, at in zip(ranks, chosen, strict=True)
    }
    named = tuple(Pin(item_id=pin.item_id, rank=rank) for rank, pin in pins.items())
    rules = draw(some_rules).model_copy(update={"pin": named})
    return Slate(1, rules, pinned=pins)


def by_definition(slate: Slate, pool: Sequence[ScoredItem], limit: int) -> list[ScoredItem]:
    """Return what the definition says, rank by rank, without arrays."""
    by_id = {scored.item.item_id: scored for scored in pool}
    pins = {
        rank: by_id.get(pin.item_id, ScoredItem(pin, 0.0)) for rank, pin in slate.pinned.items()
    }
    pinned = {scored.item.item_id for scored in pins.values()}
    remaining = [scored for scored in pool if scored.item.item_id not in pinned]
    shown: list[ScoredItem] = []
    while len(shown) < limit and (remaining or pins):
        rank = len(shown) + 1
        if rank in pins or not remaining:
            shown.append(pins.pop(rank if rank in pins else min(pins)))
            continue
        near = shown[-BEFORE:]
        fitting = [
            scored for scored in remaining if not breaks_cap(slate.rules, scored, near)
        ] or remaining
        values = [relevance(slate.rules, scored, pool, near) for scored in fitting]
        shown.append(fitting[values.index(max(values))])
        remaining.remove(shown[-1])
    return shown


def breaks_cap(rules: SlateRules, scored: ScoredItem, near: Sequence[ScoredItem]) -> bool:
    """Return whether the item would break a cap after these."""
    item, others = scored.item, [other.item for other in near]
    per_category, per_vendor = rules.most_per_category, rules.most_per_vendor
    counts = [sum(name in other.categories for other in others) for name in item.categories]
    n_of_vendor = sum(other.vendor == item.vendor for other in others if item.vendor is not None)
    if per_category is not None and any(n >= per_category for n in counts):
        return True
    return per_vendor is not None and n_of_vendor >= per_vendor


def relevance(
    rules: SlateRules, scored: ScoredItem, pool: Sequence[ScoredItem], near: Sequence[ScoredItem]
) -> float:
    """Return the marginal relevance of the item after these."""
    values = [other.score for other in pool]
    span = max(values) - min(values)
    scaled = (scored.score - min(values)) / span if span else 0.0
    boost = fsum(b.by for b in rules.boost if b.category in scored.item.categories)
    closest = max((cosine(scored.item, other.item) for other in near), default=0.0)
    return float((1 - rules.diversity) * (scaled + boost) - rules.diversity * closest)


def cosine(item: CatalogueItem, other: CatalogueItem) -> float:
    names, other_names = {*item.categories}, {*other.categories}
    return len(names & other_names) / sqrt(max(len(names) * len(other_names), 1))


@given(slates(), pools(), st.integers(1, 30))
def test_any_rules_do_what_the_definition_says(
    slate: Slate, items: list[ScoredItem], limit: int
) -> None:
    assert arranged(slate, items, slate.pinned, limit) == by_definition(slate, items, limit)


@given(slates(), pools(), st.integers(1, 30), st.integers(1, 30))
def test_a_longer_list_begins_with_the_shorter_one(
    slate: Slate, items: list[ScoredItem], one_limit: int, other_limit: int
) -> None:
    short, long = sorted((one_limit, other_limit))

    longer = arranged(slate, items, slate.pinned, long)

    assert arranged(slate, items, slate.pinned, short) == longer[:short]


@given(slates(), pools(), st.integers(1, 60))
def test_every_item_is_listed_once_and_every_pin_is_at_its_rank(
    slate: Slate, items: list[ScoredItem], limit: int
) -> None:
    shown = arranged(slate, items, slate.pinned, limit)

    listed = [scored.item.item_id for scored in shown]
    pinned = {pin.item_id for pin in slate.pinned.values()}
    in_pool = {scored.item.item_id for scored in items}
    assert len(listed) == len({*listed}) == min(limit, len(in_pool | pinned))
    assert {*listed} <= in_pool | pinned
    for n_pins_before, (rank, pin) in enumerate(sorted(slate.pinned.items())):
        can_be_reached = len(in_pool - pinned) >= rank - 1 - n_pins_before
        if can_be_reached and rank <= limit:
            assert listed[rank - 1] == pin.item_id


@given(slates(), pools())
def test_a_cap_is_broken_only_by_pins_or_if_every_remaining_item_breaks_one(
    slate: Slate, items: list[ScoredItem]
) -> None:
    pins = {pin.item_id for pin in slate.pinned.values()}

    shown = arranged(slate, items, slate.pinned, 100)

    for at, scored in enumerate(shown):
        near = shown[max(at - BEFORE, 0) : at]
        if scored.item.item_id not in pins and breaks_cap(slate.rules, scored, near):
            remaining = [other for other in shown[at:] if other.item.item_id not in pins]
            assert all(breaks_cap(slate.rules, other, near) for other in remaining)


@given(some_rules, pools())
def test_the_order_of_categories_makes_no_difference(
    rules: SlateRules, items: list[ScoredItem]
) -> None:
    reversed_names = [
        replace(scored, item=replace(scored.item, categories=scored.item.categories[::-1]))
        for scored in items
    ]
    slate = Slate(1, rules)

    assert ids(arranged(slate, items, {}, 30)) == ids(arranged(slate, reversed_names, {}, 30))


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
