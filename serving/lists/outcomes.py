"""The four ways to answer with a user's list, and the decision between them.

A precomputed list is looked up if nothing can have changed it, and if the cache has its reasons or
none were requested. Otherwise the user's newer feedback and the slate rules are read: the list is
re-ranked if it still has enough items, else computed online.
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
    """The precomputed list, unchanged, with the cached reasons by item id."""

    reasons: Mapping[str, Reason]


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
    """Return how to answer the request, given the cached reasons of this user's list by item id.

    `read_builder` reads the user's state and the rules; it is called only if they are needed.
    """
    if not precomputed.needs_reranking:
        if not request.explain:
            return LookedUp()
        is_batch = precomputed.kind == "batch"
        if reasons is not None and is_batch and reasons.keys() >= {*precomputed.item_ids}:
            return LookedUpWithReasons(reasons)
    return rebuilt(precomputed, read_builder())


def rebuilt(precomputed: PrecomputedList, builder: ListBuilder) -> ReRanked | ComputedOnline:
    """Return `ReRanked` or, if that lacks items or ratings or attributes changed, `ComputedOnline`.

    A fallback is that of the user's segment already.

    Only a cut list or a fallback may lack items: any other list has all that the user may be shown.
    A list of `FULL` or of the requested number of items was cut, also if newer rules shorten it.
    """
    has_list = precomputed.kind == "batch"
    if builder.state.n_new_ratings or (has_list and builder.has_new_segment):
        return ComputedOnline(builder)
    pool = builder.allowed(precomputed.item_ids, precomputed.scores)
    was_cut = len(precomputed.item_ids) in {FULL, builder.request.limit}
    may_lack_items = was_cut or precomputed.kind == "fallback"
    if may_lack_items and len(pool) < builder.n_pool:
        return ComputedOnline(builder)
    return ReRanked(builder, pool)
