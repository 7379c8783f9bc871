"""Newer events and undos beside those of a profile."""

import math

import numpy as np
import pytest

from ranking.strengths import MAX_VALUE
from serving.schemas import KindMeaning
from serving.users.kind_events import Act, SentEvent, changes, is_positive, merged

LEARNED = {("a", "buy"): (3.0, 100), ("b", "heard"): (0.5, 100)}
COUNT = KindMeaning(weight=1, value="count", positive_from=3, repeatable=True, past="")
SHARE = COUNT.model_copy(update={"value": "share"})


def event(item: str, kind: str, value: float, micros: int, *, undo: bool = False) -> SentEvent:
    return SentEvent(item, kind, value, micros, undo)


def test_counts_are_added_and_of_shares_the_largest_is_kept() -> None:
    newer = changes(
        [
            event("a", "buy", 2, 300),
            event("a", "buy", 1, 200),
            event("b", "heard", 0.25, 50),
            event("b", "heard", 0.75, 60),
        ]
    )

    acts = merged(LEARNED, newer)

    assert (acts["a"]["buy"].amount(COUNT), acts["a"]["buy"].micros) == (6, 300)
    assert (acts["b"]["heard"].amount(SHARE), acts["b"]["heard"].micros) == (0.75, 100)
    assert newer.item_ids == {"a", "b"}


def test_equal_events_are_one_event_and_an_undo_takes_it_back() -> None:
    twice = [event("c", "buy", 2, 5), event("c", "buy", 2, 5)]

    assert merged({}, changes(twice))["c"]["buy"].amount(COUNT) == 2
    undone = changes([*twice, event("c", "buy", 2, 5, undo=True)])
    assert (merged({}, undone), undone.item_ids) == ({}, set())


def test_an_amount_is_cut_to_the_bound_and_never_infinite() -> None:
    learned = {("a", "buy"): (math.inf, 100), ("b", "buy"): (2.0, 100)}
    newer = [event("a", "buy", 1e308, 50, undo=True), event("b", "buy", 1e308, 200)]

    acts = merged(learned, changes([*newer, event("b", "buy", 1e308, 300)]))

    assert acts["b"]["buy"].amount(COUNT) == MAX_VALUE
    assert "a" not in acts


@pytest.mark.parametrize(("value", "amount"), [(1.0, 2.0), (3.0, None)])
def test_an_undo_of_a_learned_event_is_subtracted(value: float, amount: float | None) -> None:
    newer = changes([event("a", "buy", value, 100, undo=True)])

    act = merged(LEARNED, newer).get("a", {}).get("buy")

    assert (act.amount(COUNT) if act else None) == amount
    assert newer.item_ids == {"a"}


@pytest.mark.parametrize("value", [0.1, 0.3, 1e8 + 0.1])
def test_an_undo_takes_back_what_a_profile_has_in_single_precision(value: float) -> None:
    learned = {("a", "buy"): (float(np.float32(value)), 100)}

    assert merged(learned, changes([event("a", "buy", value, 100, undo=True)])) == {}


def test_an_amount_from_the_threshold_on_is_positive() -> None:
    assert is_positive(Act(0, learned=2, added=1), COUNT)
    assert not is_positive(Act(0, learned=2), COUNT)
    assert not is_positive(Act(0, learned=9), COUNT.model_copy(update={"positive_from": None}))
    assert not is_positive(Act(0, learned=9), None)
