"""Random slate rules against their definition, and properties of every list."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from serving.items import ScoredItem
from serving.rules.slate import Slate, arranged
from serving.schemas import SlateRules
from tests.support.serving.pools import ids
from tests.support.serving.random_slates import (
    BEFORE,
    breaks_cap,
    by_definition,
    pools,
    slates,
    some_rules,
)


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
        ScoredItem(replace(item, categories=item.categories[::-1]), score) for item, score in items
    ]
    slate = Slate(1, rules)

    assert ids(arranged(slate, items, {}, 30)) == ids(arranged(slate, reversed_names, {}, 30))
