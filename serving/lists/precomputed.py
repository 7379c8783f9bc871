"""What a caller asks of a person's list, and what the live release has stored for him.

One statement reads it, and whether he said something since; what that is, `tastes` reads.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from serving.errors import NoReleaseError
from serving.lists.release_cache import LoadedRelease, ReleaseCache
from serving.rules.slate import Fields
from serving.schemas import ListKind
from serving.storage.prepared import Prepared

FULL = 100  # length of a stored list that may have left something out
_SAID = ("release_id", "recipe", "live_since", "age_seconds", "rules_version")

# One row, for a row per item costs three times as much to read: titles are held in the process.
# Something of his list may have to go where he said something since, a rule holds, or `all_of_it`
# asks for it: then the whole of it is read.
FOR_USER = Prepared(
    "for_user",
    {"user_id": "text", "limit": "integer", "all_of_it": "boolean"},
    f"""
    select live.release_id, live.since as live_since, releases.recipe,
        greatest(extract(epoch from clock_timestamp() - live.since), 0)::float8 as age_seconds,
        slate.revision, slate.version as rules_version, asked.whole,
        lists.item_ids[1 : asked.length] as item_ids, lists.scores[1 : asked.length] as scores
    from live_release as live
    cross join slate
    join releases on releases.release_id = live.release_id
    cross join lateral (
        select :all_of_it or not slate.plain
            or exists (select from feedback where user_id = :user_id) as whole
    ) as needed
    cross join lateral (
        select needed.whole, case when needed.whole then {FULL} else :limit end as length
    ) as asked
    left join recommendations as lists
        on lists.release_id = live.release_id and lists.user_id = :user_id
    """,  # noqa: S608 # our own columns
)
_FALLBACK = Prepared(
    "for_everybody",
    {"user_id": "text", "release_id": "bigint"},
    """
    select everybody.item_ids, everybody.scores, profiles.item_ids as rated_ids
    from fallback_lists as everybody
    left join profiles
        on profiles.release_id = everybody.release_id and profiles.user_id = :user_id
    where everybody.release_id = :release_id and everybody.segment = ''
    """,
)


@dataclass(frozen=True)
class ListRequest:
    """What a caller asks of a list."""

    limit: int = 20
    category: str | None = None
    exclude: tuple[str, ...] = ()
    explain: bool = False

    @property
    def filters(self) -> bool:
        """Whether something on the stored list may have to go."""
        return self.category is not None or bool(self.exclude)

    def takes(self, item: Fields) -> bool:
        """Return whether the item may be listed."""
        fits = self.category is None or self.category in item["categories"]
        return fits and item["item_id"] not in self.exclude


@dataclass(frozen=True)
class PrecomputedList:
    """What the live release has for a person: as much as was asked for, or the whole of it."""

    held: LoadedRelease
    release: Fields  # id, recipe, when, and the version of the rules
    revision: int  # of the slate
    kind: ListKind  # batch, fallback
    items: list[Fields]
    whole: bool  # something of it may have to go


def stored_for(
    connection: Connection, cache: ReleaseCache, user_id: str, wanted: ListRequest
) -> PrecomputedList:
    """Return what the live release has for a person.

    Raises:
        NoReleaseError: nothing was released yet.
    """
    asked = {"user_id": user_id, "limit": wanted.limit, "all_of_it": wanted.filters}
    row = FOR_USER.execute(connection, **asked).one_or_none()
    if row is None:
        raise NoReleaseError("Nothing was released yet.")
    held = cache.of(connection, row.release_id)
    kind: ListKind = "batch"
    if row.item_ids is not None:
        items = held.shown(row.item_ids, row.scores)
    else:
        kind, items = "fallback", _for_everybody(connection, held, user_id)
        items = items if row.whole else items[: wanted.limit]
    release = {name: getattr(row, name) for name in _SAID}
    return PrecomputedList(held, release, row.revision, kind, items, row.whole)


def _for_everybody(connection: Connection, held: LoadedRelease, user_id: str) -> list[Fields]:
    """Return everybody's list less what a person has rated, as far as the release knows."""
    row = _FALLBACK.execute(connection, user_id=user_id, release_id=held.release_id).one()
    rated = {*(row.rated_ids or ())}
    pairs = zip(row.item_ids, row.scores, strict=True)
    left = [(item_id, score) for item_id, score in pairs if item_id not in rated]
    return held.shown(*zip(*left, strict=True)) if left else []
