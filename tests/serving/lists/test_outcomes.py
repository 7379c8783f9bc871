"""The decision between the kinds of answers, without a database."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from serving.items import CatalogueItem
from serving.lists import user_state
from serving.lists.building import ListBuilder
from serving.lists.fold_in import Constants, FoldIn
from serving.lists.outcomes import (
    ComputedOnline,
    LookedUp,
    LookedUpWithReasons,
    Outcome,
    ReRanked,
    decide,
)
from serving.lists.precomputed import ListRequest, LiveRelease, PrecomputedList
from serving.lists.releases.loaded import LoadedRelease
from serving.rules.slate import Slate
from serving.schemas import Reason, SlateRules

IDS = tuple("abcdef")
ROWS = np.ones((len(IDS), 0), np.float32)
RELEASE = LoadedRelease(
    release_id=1,
    catalogue={name: CatalogueItem(name, name.upper(), ("film",), None, None) for name in IDS},
    ids=IDS,
    rows=ROWS,
    popularity=np.arange(len(IDS), dtype=np.float32),
    trending=np.zeros(len(IDS), np.float32),
    constants=Constants(),
    lowest=1,
    highest=5,
    fold_in=FoldIn(ROWS, Constants()),
)
LIVE = LiveRelease(RELEASE, "als", datetime(2026, 1, 1, tzinfo=UTC), 0.0, 0, 0)
SHORT = PrecomputedList(LIVE, "batch", ["c", "d"], [2.0, 1.0], needs_reranking=False)
REASON = Reason(kind="popular", text="liked by many")
PLAIN, EXPLAINED = ListRequest(limit=2), ListRequest(limit=2, explain=True)
UNCHANGED = user_state.of_anonymous_user({})


def outcome(
    precomputed: PrecomputedList,
    request: ListRequest,
    reasons: dict[str, Reason] | None = None,
    state: user_state.UserState = UNCHANGED,
    slate: Slate | None = None,
) -> Outcome:
    builder = ListBuilder(RELEASE, slate or Slate(), state, request)
    return decide(precomputed, request, reasons, lambda: builder)


def unread() -> ListBuilder:
    raise AssertionError("the user's state was read")


def test_an_unchanged_list_is_looked_up_without_the_users_state() -> None:
    assert decide(SHORT, PLAIN, None, unread) == LookedUp()
    assert decide(replace(SHORT, kind="fallback"), PLAIN, None, unread) == LookedUp()


def test_cached_reasons_are_used_if_they_cover_the_list() -> None:
    reasons = {"c": REASON, "d": REASON}

    assert decide(SHORT, EXPLAINED, reasons, unread) == LookedUpWithReasons(reasons)


@pytest.mark.parametrize("reasons", [None, {"c": REASON}])
def test_without_all_reasons_an_unchanged_list_is_re_ranked_to_explain_it(
    reasons: dict[str, Reason] | None,
) -> None:
    assert isinstance(outcome(SHORT, EXPLAINED, reasons), ReRanked)


def test_the_fallback_is_never_explained_from_the_cache() -> None:
    fallback = replace(SHORT, kind="fallback")

    answer = outcome(fallback, EXPLAINED, {"c": REASON, "d": REASON})

    assert isinstance(answer, ReRanked)


def test_new_ratings_are_computed_online_without_a_look_at_the_list() -> None:
    state = replace(UNCHANGED, n_new_ratings=1)
    unknown_item = replace(SHORT, item_ids=["nowhere", "c"], needs_reranking=True)

    assert isinstance(outcome(unknown_item, PLAIN, state=state), ComputedOnline)


def test_a_list_that_was_cut_is_computed_online_if_too_few_items_are_left() -> None:
    cut = replace(SHORT, needs_reranking=True)
    hiding = Slate(1, SlateRules(hide=("c",)), barred=frozenset("c"))

    assert isinstance(outcome(cut, PLAIN, slate=hiding), ComputedOnline)


def test_a_complete_list_is_re_ranked_however_few_items_are_left() -> None:
    complete = replace(SHORT, needs_reranking=True)
    state = replace(UNCHANGED, hidden=frozenset("c"))

    answer = outcome(complete, ListRequest(limit=5), state=state)

    assert isinstance(answer, ReRanked)
    assert [scored.item.item_id for scored in answer.pool] == ["d"]


def test_a_short_fallback_is_computed_online() -> None:
    fallback = replace(SHORT, kind="fallback", needs_reranking=True)

    assert isinstance(outcome(fallback, ListRequest(limit=5)), ComputedOnline)


def test_filters_leave_out_items_of_the_list() -> None:
    complete = replace(SHORT, needs_reranking=True)

    excluded = outcome(complete, ListRequest(limit=5, exclude=("c",)))
    other_category = outcome(complete, ListRequest(limit=5, category="opera"))

    assert isinstance(excluded, ReRanked)
    assert isinstance(other_category, ReRanked)
    assert [scored.item.item_id for scored in excluded.pool] == ["d"]
    assert other_category.pool == []
