"""The four ways in which a user's list comes about, and the decision between them.

A precomputed list is looked up as it is, if nothing can have changed it. Its reasons then come from
the cache, if all of them are there. Otherwise the user's newer feedback and the slate rules are
read: the list is re-ranked if it still has enough items, else computed online.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from serving.items import ScoredItem
from serving.lists.building import ListBuilder
from serving.lists.precomputed import FULL, ListRequest, PrecomputedList
from serving.schemas import Reason


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The precomputed list, unchanged and without reasons."""


@dataclass(frozen=True, slots=True)
class LookedUpWithReasons:
    """The precomputed list, unchanged and with cached reasons."""

    reasons: Mapping[str, Reason]  # by item id


@dataclass(frozen=True, slots=True)
class ReRanked:
    """The precomputed list without hidden, barred and filtered items, under the slate rules."""

    builder: ListBuilder
    pool: Sequence[ScoredItem]


@dataclass(frozen=True, slots=True)
class ComputedOnline:
    """A list scored with the live release from the user's ratings as they are now."""

    builder: ListBuilder


Outcome = LookedUp | LookedUpWithReasons | ReRanked | ComputedOnline


def decide(
    precomputed: PrecomputedList,
    request: ListRequest,
    reasons: Mapping[str, Reason] | None,
    read_builder: Callable[[], ListBuilder],
) -> Outcome:
    """Return how the list comes about.

    Args:
        precomputed: the live release's list.
        request: what the caller asks for.
        reasons: the cached reasons of this user's list, by item id.
        read_builder: reads the user's state and the rules; called only if the list needs them.
    """
    if not precomputed.needs_reranking:
        if not request.explain:
            return LookedUp()
        is_cached = reasons is not None and reasons.keys() >= {*precomputed.item_ids}
        if reasons is not None and is_cached and precomputed.kind == "batch":
            return LookedUpWithReasons(reasons)
    return rebuilt(precomputed, read_builder())


def rebuilt(precomputed: PrecomputedList, builder: ListBuilder) -> ReRanked | ComputedOnline:
    """Return whether the precomputed list suffices under the user's state and the rules.

    It does not if the user has new ratings, or if too few items are left of a list that was cut.
    The rules may be newer than the list, so how much of it was read is seen from its length.
    """
    if builder.state.n_new_ratings:
        return ComputedOnline(builder)
    pool = builder.allowed(precomputed.item_ids, precomputed.scores)
    was_cut = len(precomputed.item_ids) in {FULL, builder.request.limit}
    may_lack_items = was_cut or precomputed.kind == "fallback"
    if may_lack_items and len(pool) < builder.n_pool:
        return ComputedOnline(builder)
    return ReRanked(builder, pool)
