"""Lists arranged by rules: plain cases by hand, then any rules against the definition itself."""

from collections.abc import Mapping, Sequence
from math import fsum, sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from serving.rules.slate import Fields, Slate, alike, arranged, belongings
from serving.schemas import Boost, Pin, SlateRules

NAMES = ("film", "opera", "", "Ü\u202e'; --")
VENDORS = ("x", "y", "")
BEFORE = 9


def item(item_id: str, score: float = 1.0, of: str = "", vendor: str | None = None) -> Fields:
    """Return an item; each letter of `of` is a category."""
    return {"item_id": item_id, "score": score, "categories": [*of], "vendor": vendor}


def pool(*categories: str) -> list[Fields]:
    """Return items "0", "1", … with these categories, each a little worse than the one before."""
    n = len(categories)
    return [item(str(at), 1 - at / n, of) for at, of in enumerate(categories)]


def ids(shown: Sequence[Fields]) -> str:
    return " ".join(one["item_id"] for one in shown)


def shown(items: Sequence[Fields], limit: int = 100, **rules: Any) -> str:
    return ids(arranged(Slate(1, SlateRules(**rules)), items, {}, limit))


def pinned(items: Sequence[Fields], pins: Mapping[int, Fields], limit: int = 100) -> list[Fields]:
    return arranged(Slate(1, pinned=pins), items, pins, limit)


def test_without_rules_a_list_is_the_beginning_of_its_pool() -> None:
    items = pool("a", "a", "b")

    assert arranged(Slate(), items, {}, 2) == items[:2]
    assert arranged(Slate(), [], {}, 2) == []


def test_a_pin_stands_at_its_rank_and_what_it_displaces_follows() -> None:
    items = pool("a", "a", "a", "a")
    far = item("far", of="z")

    found = pinned(items, {2: items[3], 3: far})

    assert ids(found) == "0 3 far 1 2"
    assert [one["score"] for one in found] == [1, 0.25, 0, 0.75, 0.5]


def test_where_a_list_is_too_short_its_pins_come_at_the_end_in_their_order() -> None:
    assert ids(pinned(pool("a"), {20: item("z"), 9: item("y")})) == "0 y z"
    assert ids(pinned([], {3: item("z")})) == "z"
    assert ids(pinned(pool("a", "a", "a"), {3: item("z")}, limit=2)) == "0 1"


def test_who_may_not_be_shown_a_pin_gets_the_list_without_it() -> None:
    pin = item("z")

    assert ids(arranged(Slate(1, pinned={1: pin}), pool("a", "a"), {}, 9)) == "0 1"


def test_a_boost_counts_in_units_of_the_span_from_best_to_last() -> None:
    items = [item("0", 30, "a"), item("1", 28, "a"), item("2", 24, "b"), item("3", 10, "c")]

    assert shown(items, boost=(Boost(category="b", by=0.2),)) == "0 1 2 3"  # 24 + 4 ties with 28
    assert shown(items, boost=(Boost(category="b", by=0.25),)) == "0 2 1 3"
    assert shown(items, boost=(Boost(category="a", by=-1),)) == "2 0 3 1"


def test_an_item_is_lifted_once_for_each_of_its_categories() -> None:
    items = [item("0", 1, "c"), item("1", 0.5, "aab"), item("2", 0, "c")]
    lifts = (Boost(category="a", by=0.3), Boost(category="b", by=0.1))

    assert shown(items, boost=lifts) == "0 1 2"
    assert shown(items, boost=(lifts[0], Boost(category="b", by=0.3))) == "1 0 2"


def test_scores_that_are_all_alike_keep_their_order_but_for_boosts() -> None:
    items = [item("0", 5, "a"), item("1", 5, "b"), item("2", 5, "a")]

    assert shown(items, boost=(Boost(category="b", by=0.1),)) == "1 0 2"


def test_what_would_break_a_cap_waits_until_it_does_not() -> None:
    assert shown(pool("a", "a", "a", "b", "c"), most_per_category=2) == "0 1 3 4 2"
    alone = pool("a", "a", *"bcdefghijk")
    assert shown(alone, most_per_category=1) == "0 2 3 4 5 6 7 8 9 10 1 11"  # 1 is the eleventh


def test_a_cap_gives_way_where_nothing_else_is_left() -> None:
    assert shown(pool("a", "a", "a"), most_per_category=1) == "0 1 2"
    assert shown(pool("a", "a", "b", "a"), most_per_category=1) == "0 2 1 3"


def test_an_item_counts_in_each_of_its_categories_and_without_any_in_none() -> None:
    assert shown(pool("ab", "a", "b", "c"), most_per_category=1) == "0 3 1 2"
    assert shown(pool("", "", ""), most_per_category=1) == "0 1 2"


def test_vendors_are_capped_like_categories_and_no_vendor_is_no_vendor() -> None:
    items = [item(str(at), -at, vendor=vendor) for at, vendor in enumerate("xxyy")]
    items += [item("4", -4), item("5", -5)]

    assert shown(items, most_per_vendor=1) == "0 2 4 5 1 3"


def test_a_pin_heeds_no_cap_and_the_ranks_after_it_count_it() -> None:
    items = pool("a", "a", "b", "c")
    rules = SlateRules(most_per_category=1)
    pins = {2: item("z", of="a"), 3: item("y", of="b")}

    found = arranged(Slate(1, rules, pinned=pins), items, pins, 9)

    assert ids(found) == "0 z y 3 1 2"


def test_diversity_weighs_what_is_new_against_what_is_good() -> None:
    items = [item("0", 1.0, "a"), item("1", 0.9, "a"), item("2", 0.5, "b"), item("3", 0.0, "a")]

    assert shown(items, diversity=0.25) == "0 1 2 3"  # 0.75 * 0.9 - 0.25 against 0.75 * 0.5
    assert shown(items, diversity=0.3) == "0 2 1 3"  # 0.7 * 0.9 - 0.3 against 0.7 * 0.5
    assert shown(items, diversity=1) == "0 2 1 3"


def test_only_the_nine_ranks_before_are_compared() -> None:
    items = pool("a", *"bcdefghij", "b", "a")

    assert shown(items, diversity=1) == "0 1 2 3 4 5 6 7 8 9 11 10"


def test_likeness_is_the_cosine_of_categories() -> None:
    cosines = alike(belongings([["a", "b"], ["b"], [], ["b", "a", "a"]]))

    half = 1 / sqrt(2)
    expected = [[1, half, 0, 1], [half, 1, 0, half], [0, 0, 0, 0], [1, half, 0, 1]]
    assert cosines.tolist() == [pytest.approx(row, rel=1e-15) for row in expected]
    assert alike(belongings([])).shape == (0, 0)


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
def test_rules_that_contradict_themselves_or_mean_nothing_are_refused(rules: object) -> None:
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
        lambda by: tuple(Boost(category=name, by=lift) for name, lift in by.items())
    ),
    most_per_category=caps,
    most_per_vendor=caps,
    diversity=weights,
)


@st.composite
def pools(draw: st.DrawFn) -> list[Fields]:
    """Return items in the order of their scores, which may be alike."""
    drawn = draw(st.lists(st.tuples(scores, categories, vendors), max_size=25))
    ordered = sorted(drawn, key=lambda one: -one[0])
    return [
        item(str(at), score) | {"categories": of, "vendor": vendor}
        for at, (score, of, vendor) in enumerate(ordered)
    ]


@st.composite
def slates(draw: st.DrawFn) -> Slate:
    """Return rules, and pins some of which may be of the pool, some of which are not."""
    ranks = draw(st.lists(st.integers(1, 20), unique=True, max_size=4))
    chosen = draw(
        st.lists(st.integers(0, 40), unique=True, min_size=len(ranks), max_size=len(ranks))
    )
    pins: dict[int, Fields] = {
        rank: {"item_id": str(at), "categories": draw(categories), "vendor": draw(vendors)}
        for rank, at in zip(ranks, chosen, strict=True)
    }
    named = tuple(Pin(item_id=pin["item_id"], rank=rank) for rank, pin in pins.items())
    rules = draw(some_rules).model_copy(update={"pin": named})
    return Slate(1, rules, pinned=pins)


def defined(slate: Slate, items: Sequence[Fields], limit: int) -> list[Fields]:
    """Return what the definition says, rank by rank, without arrays."""
    known = {one["item_id"]: one for one in items}
    pins = {
        rank: known.get(pin["item_id"], pin | {"score": 0.0}) for rank, pin in slate.pinned.items()
    }
    left = [one for one in items if one["item_id"] not in {p["item_id"] for p in pins.values()}]
    found: list[Fields] = []
    while len(found) < limit and (left or pins):
        rank = len(found) + 1
        if rank in pins or not left:
            found.append(pins.pop(rank if rank in pins else min(pins)))
            continue
        near = found[-BEFORE:]
        fitting = [one for one in left if not breaks(slate.rules, one, near)] or left
        values = [worth(slate.rules, one, items, near) for one in fitting]
        found.append(fitting[values.index(max(values))])
        left.remove(found[-1])
    return found


def breaks(rules: SlateRules, one: Fields, near: Sequence[Fields]) -> bool:
    """Return whether the item would break a cap after these."""
    per_category, per_vendor = rules.most_per_category, rules.most_per_vendor
    same = [sum(name in other["categories"] for other in near) for name in one["categories"]]
    sold = sum(other["vendor"] == one["vendor"] for other in near if one["vendor"] is not None)
    too_alike = per_category is not None and any(n >= per_category for n in same)
    return too_alike or (per_vendor is not None and sold >= per_vendor)


def worth(rules: SlateRules, one: Fields, items: Sequence[Fields], near: Sequence[Fields]) -> float:
    """Return the marginal relevance of the item after these."""
    values = [other["score"] for other in items]
    span = max(values) - min(values)
    relevance = (one["score"] - min(values)) / span if span else 0.0
    lift = fsum(b.by for b in rules.boost if b.category in one["categories"])
    closest = max((cosine(one, other) for other in near), default=0.0)
    return float((1 - rules.diversity) * (relevance + lift) - rules.diversity * closest)


def cosine(one: Fields, other: Fields) -> float:
    mine, others = {*one["categories"]}, {*other["categories"]}
    return len(mine & others) / sqrt(max(len(mine) * len(others), 1))


@given(slates(), pools(), st.integers(1, 30))
def test_any_rules_do_what_the_definition_says(
    slate: Slate, items: list[Fields], limit: int
) -> None:
    assert arranged(slate, items, slate.pinned, limit) == defined(slate, items, limit)


@given(slates(), pools(), st.integers(1, 30), st.integers(1, 30))
def test_a_longer_list_begins_with_the_shorter_one(
    slate: Slate, items: list[Fields], one: int, other: int
) -> None:
    short, long = sorted((one, other))

    longer = arranged(slate, items, slate.pinned, long)

    assert arranged(slate, items, slate.pinned, short) == longer[:short]


@given(slates(), pools(), st.integers(1, 60))
def test_every_item_is_there_once_and_every_pin_at_its_rank(
    slate: Slate, items: list[Fields], limit: int
) -> None:
    found = arranged(slate, items, slate.pinned, limit)

    names = [one["item_id"] for one in found]
    allowed = {one["item_id"] for one in (*items, *slate.pinned.values())}
    assert len(names) == len({*names}) == min(limit, len(allowed))
    assert {*names} <= allowed
    n_others = len({one["item_id"] for one in items} - {p["item_id"] for p in _pins(slate)})
    for at, (rank, pin) in enumerate(sorted(slate.pinned.items())):
        if n_others >= rank - 1 - at and rank <= limit:  # the ranks before it can be filled
            assert names[rank - 1] == pin["item_id"]


@given(slates(), pools())
def test_a_cap_is_broken_only_by_pins_and_where_all_that_is_left_breaks_one(
    slate: Slate, items: list[Fields]
) -> None:
    pins = {pin["item_id"] for pin in _pins(slate)}

    found = arranged(slate, items, slate.pinned, 100)

    for at, one in enumerate(found):
        near = found[max(at - BEFORE, 0) : at]
        if one["item_id"] not in pins and breaks(slate.rules, one, near):
            left = [other for other in found[at:] if other["item_id"] not in pins]
            assert all(breaks(slate.rules, other, near) for other in left)


@given(some_rules, pools())
def test_the_order_of_categories_sways_nothing(rules: SlateRules, items: list[Fields]) -> None:
    turned = [one | {"categories": one["categories"][::-1]} for one in items]
    slate = Slate(1, rules)

    assert ids(arranged(slate, items, {}, 30)) == ids(arranged(slate, turned, {}, 30))


@settings(max_examples=30, deadline=None)  # the machine is shared
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
def test_a_catalogue_of_nonsense_is_arranged_all_the_same(
    drawn: list[tuple[float, list[str], str | None]],
) -> None:
    rules = SlateRules(diversity=0.5, most_per_category=1, most_per_vendor=1)
    items = [
        item(str(at), score) | {"categories": of, "vendor": vendor}
        for at, (score, of, vendor) in enumerate(sorted(drawn, key=lambda one: -one[0]))
    ]

    found = arranged(Slate(1, rules), items, {}, 100)

    assert sorted(ids(found).split()) == sorted(one["item_id"] for one in items)


def _pins(slate: Slate) -> list[Fields]:
    return [*slate.pinned.values()]
