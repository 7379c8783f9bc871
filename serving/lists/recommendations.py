"""Lists of items: for a user, for an anonymous user, and similar to an item.

A user's list is `batch` (precomputed, or computed online from the ratings in the release), `live`
(computed online from ratings that differ from these) or `fallback` (popular items: there are no
ratings to fold in). Each answer comes from one release. `serving.lists.outcomes` decides whether a
list is computed online. Slate rules apply to every list, see `serving.rules.slate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection

from serving.errors import NoReleaseError, OffScaleError, UnknownItemError
from serving.filters.filtering import Filter
from serving.items import ListedItem, listed
from serving.lists import outcomes, user_state
from serving.lists.building import ListBuilder
from serving.lists.outcomes import ComputedOnline, LookedUp, LookedUpWithReasons, ReRanked
from serving.lists.precomputed import ListRequest, LiveRelease, live_release, precomputed_list
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import GivenRating, ListKind, SimilarItems
from serving.storage.prepared import Prepared
from serving.users.shown_lists import new_list_id

_SIMILAR = Prepared(
    "similar_items",
    {"item_id": "text"},
    """
    select live.release_id, slate.revision, lists.item_ids, lists.scores
    from live_release as live
    cross join slate
    left join similar_items as lists
        on lists.release_id = live.release_id and lists.item_id = :item_id
    """,
)


@dataclass(frozen=True, slots=True)
class RecommendationList:
    """The fields of `schemas.Recommendations`, without its validation."""

    list_id: str
    user_id: str | None
    kind: ListKind
    release_id: int
    recipe: str
    live_since: datetime
    age_seconds: float
    n_new_ratings: int
    rules_version: int
    items: tuple[ListedItem, ...]


_ENCODER = TypeAdapter(RecommendationList)


def to_json(answer: RecommendationList) -> bytes:
    """Return a list as JSON, in about a third less time than the API's schema takes."""
    return _ENCODER.dump_json(answer)


def for_user(
    connection: Connection, cache: ReleaseCache, user_id: str, request: ListRequest
) -> RecommendationList:
    """Return a user's list, best first.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    precomputed = precomputed_list(connection, cache, user_id, request)
    live = precomputed.live
    release_id = live.release.release_id
    if precomputed.kind != "batch":
        cache.drop_reasons(user_id)  # the user was erased since, perhaps by another process

    def read_builder() -> ListBuilder:
        state = user_state.read(connection, release_id, user_id)
        slate = cache.slate(connection, live.release, live.revision)
        return ListBuilder(live.release, slate, state, request)

    cached_reasons = cache.get_reasons(user_id, release_id)
    match outcomes.decide(precomputed, request, cached_reasons, read_builder):
        case LookedUp():
            return _answer(live, user_id, precomputed.kind, precomputed.listed())
        case LookedUpWithReasons(reasons):
            return _answer(live, user_id, precomputed.kind, precomputed.listed(reasons))
        case ReRanked(builder, pool):
            items = builder.listed(pool)
            is_unchanged = not precomputed.needs_reranking and builder.slate.rules.is_plain
            if is_unchanged and precomputed.kind == "batch":
                reasons_by_id = {item.item_id: item.reason for item in items if item.reason}
                cache.put_reasons(user_id, release_id, reasons_by_id)
            return _answer(live, user_id, precomputed.kind, items, builder)
        case ComputedOnline(builder):
            items = builder.listed(builder.pool())
            return _answer(live, user_id, builder.kind_online(), items, builder)


def for_anonymous_user(
    connection: Connection,
    cache: ReleaseCache,
    ratings: Sequence[GivenRating],
    request: ListRequest,
) -> RecommendationList:
    """Return a list for a user of whom only these ratings are known; nothing is stored.

    Ratings of items that the release does not know are ignored. Of two ratings of one item the
    later one counts.

    Raises:
        NoReleaseError: the data set has no release yet.
        OffScaleError: a rating is outside the data set's scale.
    """
    live = live_release(connection, cache)
    release = live.release
    lowest, highest = release.lowest, release.highest
    for value in (given.rating for given in ratings):
        if not lowest <= value <= highest:
            raise OffScaleError(f"{value:g} is not on the scale from {lowest:g} to {highest:g}.")
    newest = release.constants.newest
    state = user_state.of_anonymous_user({r.item_id: (r.rating, newest) for r in ratings})
    slate = cache.slate(connection, release, live.revision)
    builder = ListBuilder(release, slate, state, request)
    items = builder.listed(builder.pool())
    return _answer(live, None, builder.kind_online(), items, builder)


def similar_to(
    connection: Connection,
    cache: ReleaseCache,
    item_id: str,
    *,
    filtered_by: Filter | None = None,
    limit: int,
) -> SimilarItems:
    """Return the items most similar to one item; none if the release has none for it.

    A filter leaves out some of those that the release has.

    Raises:
        NoReleaseError: the data set has no release yet.
        UnknownItemError: the catalogue does not have the item.
    """
    row = _SIMILAR.read_row(connection, item_id=item_id)
    if row is None:
        raise NoReleaseError
    release = cache.release(connection, row.release_id, row.revision)
    catalogue = release.catalogue
    slate = cache.slate(connection, release, row.revision)
    if item_id not in catalogue or item_id in slate.removed:
        raise UnknownItemError(f"There is no item {item_id!r}.")
    barred = slate.barred
    pairs = release.similar_by_content(item_id)
    if pairs is None:
        pairs = [*zip(row.item_ids or (), row.scores or (), strict=True)]
    allowed = [(catalogue[i], score) for i, score in pairs if i not in barred and score > 0]
    if filtered_by is not None:
        allowed = [pair for pair in allowed if release.passes(filtered_by, pair[0])]
    allowed = allowed[:limit]
    items, scores = zip(*allowed, strict=True) if allowed else ((), ())
    return SimilarItems.model_validate(
        {
            "list_id": new_list_id(),
            "item_id": item_id,
            "release_id": row.release_id,
            "items": listed(items, scores),
        },
        from_attributes=True,
    )


def _answer(
    live: LiveRelease,
    user_id: str | None,
    kind: ListKind,
    items: tuple[ListedItem, ...],
    builder: ListBuilder | None = None,
) -> RecommendationList:
    """Return the answer; the list was looked up if it has no builder."""
    return RecommendationList(
        list_id=new_list_id(),
        user_id=user_id,
        kind=kind,
        release_id=live.release.release_id,
        recipe=live.recipe,
        live_since=live.live_since,
        age_seconds=live.age_seconds,
        n_new_ratings=builder.state.n_new_ratings if builder else 0,
        rules_version=builder.slate.version if builder else live.rules_version,
        items=items,
    )
