"""The live release and its list for one user, each read with one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, Row, text

from serving.errors import NoReleaseError
from serving.filters.filtering import Filter
from serving.items import ListedItem, listed
from serving.lists.releases.cache import ReleaseCache
from serving.lists.releases.loaded import LoadedRelease
from serving.schemas import ListKind, Reason
from serving.storage.prepared import Prepared
from serving.user_attributes.segments import IS_GIVEN, Given
from serving.users.erasures import IS_ERASED
from serving.users.kind_events import OF_KINDS

FULL = 100  # length of a precomputed list; a list of this length may have been cut

_LIVE_COLUMNS = """
    live.release_id, releases.recipe, live.since as live_since,
    greatest(extract(epoch from clock_timestamp() - live.since), 0)::float8 as age_seconds,
    slate.version as rules_version, slate.revision
"""
_LIVE = text(
    f"""
    select {_LIVE_COLUMNS}
    from live_release as live cross join slate join releases using (release_id)
    """  # noqa: S608 # our own columns
)
# One row with arrays: a row per item takes three times as long to read; titles are in the cache.
# The full list is read only if it may have to change: see `needs_reranking`.
FOR_USER = Prepared(
    "for_user",
    {"user_id": "text", "limit": "integer", "filtered": "boolean"},
    f"""
    select {_LIVE_COLUMNS}, part.needs_reranking,
        lists.item_ids[1 : part.length] as item_ids, lists.scores[1 : part.length] as scores
    from live_release as live
    cross join slate
    join releases on releases.release_id = live.release_id
    left join recommendations as lists
        on lists.release_id = live.release_id and lists.user_id = :user_id and not {IS_ERASED}
    cross join lateral (
        select :filtered or not slate.plain
            or exists (select from feedback where user_id = :user_id)
            or exists (
                select from items
                where removed and item_id = any (lists.item_ids[1 : :limit])
            ) or exists (
                select from outbox where user_id = :user_id and {OF_KINDS}
                    and xact >= coalesce(releases.outbox_until, 0)
            ) or lists.user_id is not null and exists (
                select from user_attributes where user_id = :user_id
                    and xact >= coalesce(releases.users_until, 0)
            ) as needs_reranking
    ) as decided
    cross join lateral (
        select decided.needs_reranking,
            case when decided.needs_reranking then {FULL} else :limit end as length
    ) as part
    """,  # noqa: S608 # our own columns
)
_FALLBACK = Prepared(
    "fallback",
    {"user_id": "text", "release_id": "bigint"},
    f"""
    select fallback.item_ids, fallback.scores, profiles.item_ids as rated_ids,
        profiles.acted_ids, profiles.acted_kinds, profiles.segment, given.attributes,
        given.xact as given_xact,
        exists (
            select from items where removed and item_id = any (fallback.item_ids)
        ) as has_removed
    from fallback_lists as fallback
    left join profiles
        on profiles.release_id = fallback.release_id and profiles.user_id = :user_id
            and not {IS_ERASED}
    left join user_attributes as given on {IS_GIVEN}
    where fallback.release_id = :release_id and fallback.segment = ''
    """,  # noqa: S608 # our own condition
)


@dataclass(frozen=True, slots=True)
class ListRequest:
    """The parameters of a request for a list."""

    limit: int = 20
    category: str | None = None
    exclude: tuple[str, ...] = ()
    explain: bool = False
    filtered_by: Filter | None = None


@dataclass(frozen=True, slots=True)
class LiveRelease:
    """The live release and the version of the rules, as one statement saw them."""

    release: LoadedRelease
    recipe: str
    live_since: datetime
    age_seconds: float
    rules_version: int
    revision: int  # revision of the slate

    @classmethod
    def of_row(cls, release: LoadedRelease, row: Row[Any]) -> Self:
        """Return the values of `_LIVE_COLUMNS`, with the release loaded."""
        return cls(
            release, row.recipe, row.live_since, row.age_seconds, row.rules_version, row.revision
        )


@dataclass(frozen=True, slots=True)
class PrecomputedList:
    """The list that the live release has for a user.

    It has the requested number of items, or up to `FULL` if it `needs_reranking`: the user has
    feedback or newer attributes, slate rules are active, the request filters, or
    the product removed an item of it.
    """

    live: LiveRelease
    kind: ListKind  # batch or fallback
    item_ids: Sequence[str]
    scores: Sequence[float]
    needs_reranking: bool

    def listed(self, reasons: Mapping[str, Reason] | None = None) -> tuple[ListedItem, ...]:
        """Return its items, with their reasons if these are given."""
        items = [self.live.release.catalogue[item_id] for item_id in self.item_ids]
        if reasons is None:
            return listed(items, self.scores)
        return listed(items, self.scores, [reasons[item_id] for item_id in self.item_ids])


def live_release(connection: Connection, cache: ReleaseCache) -> LiveRelease:
    """Return the live release.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    row = connection.execute(_LIVE).one_or_none()
    if row is None:
        raise NoReleaseError
    return LiveRelease.of_row(cache.release(connection, row.release_id, row.revision), row)


def precomputed_list(
    connection: Connection,
    cache: ReleaseCache,
    user_id: str,
    request: ListRequest,
    *,
    is_full: bool = False,
) -> PrecomputedList:
    """Return a user's list of the live release; the fallback if it has none.

    `is_full`: all that the release has, up to `FULL` items, for several requests.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    filtered = is_full or bool(
        request.category is not None or request.exclude or request.filtered_by is not None
    )
    parameters = {"user_id": user_id, "limit": request.limit, "filtered": filtered}
    row = FOR_USER.read_row(connection, **parameters)
    if row is None:
        raise NoReleaseError
    live = LiveRelease.of_row(cache.release(connection, row.release_id, row.revision), row)
    if row.item_ids is not None:
        return PrecomputedList(live, "batch", row.item_ids, row.scores, row.needs_reranking)
    pairs, has_removed = _fallback(connection, cache, live, user_id)
    needs_reranking = row.needs_reranking or has_removed
    pairs = pairs if needs_reranking else pairs[: request.limit]
    item_ids, scores = zip(*pairs, strict=True) if pairs else ((), ())
    return PrecomputedList(live, "fallback", item_ids, scores, needs_reranking)


def _fallback(
    connection: Connection, cache: ReleaseCache, live: LiveRelease, user_id: str
) -> tuple[list[tuple[str, float]], bool]:
    """Return the fallback list of the user's segment, or of all users if the segment has none.

    It is without the items that the user's profile says they have seen. And whether the product
    removed one of its items.
    """
    release = live.release
    row = _FALLBACK.read_row(connection, user_id=user_id, release_id=release.release_id)
    acts = [*zip(row.acted_ids or (), row.acted_kinds or (), strict=True)]
    seen = {*(row.rated_ids or ())}
    if not release.constants.has_scale:  # then the profile's numbers are no ratings
        seen -= {item_id for item_id, _ in acts}
    kinds = release.kinds
    seen |= {item_id for item_id, kind in acts if kind in kinds and not kinds[kind].repeatable}
    of_segment = release.segments.get(release.segment(row.segment, Given.of_row(row)))
    if not of_segment:
        pairs = zip(row.item_ids, row.scores, strict=True)
        return [
            (item_id, score) for item_id, score in pairs if item_id not in seen
        ], row.has_removed
    removed = cache.slate(connection, release, live.revision).removed
    unseen = [(item_id, score) for item_id, score in of_segment.items() if item_id not in seen]
    return unseen, not removed.isdisjoint(of_segment)
