"""What a caller asks of a person's list, and what the live release has stored for him.

One statement reads it, with what he said since where the answer needs it.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from serving import tastes
from serving.errors import NothingReleasedError
from serving.prepared import Prepared
from serving.slate import Fields
from serving.tastes import Taste

FULL = 100  # length of a stored list that may have left something out
_SAID = ("release_id", "recipe", "made_at", "age_seconds", "rules_version")

_FIELDS = ("rank", "item_id", "score", "title", "categories", "vendor", "released")

# Something of his list may have to go where he said something since, a rule holds, or `whole` asks
# for it: then all of it is read. `him` is null where neither that nor `taste` asks for it.
FOR_PERSON = Prepared(
    "for_person",
    {"user_id": "text", "limit": "integer", "whole": "boolean", "taste": "boolean"},
    f"""
    select listed.rank, listed.item_id, listed.score,
        items.title, items.categories, items.vendor, items.released,
        live.release_id, live.since as made_at, releases.recipe, lists.kind,
        slate.revision, slate.version as rules_version,
        greatest(extract(epoch from clock_timestamp() - live.since), 0) as age_seconds,
        case when listed.rank is null or listed.rank = 1 then person.him end as him
    from live_release as live
    cross join slate
    join releases on releases.release_id = live.release_id
    cross join lateral (
        select exists (select from feedback where user_id = :user_id) or :whole
            or not slate.plain as needed
    ) as whole
    left join lateral (
        select row_to_json(everything) as him from (
            select {tastes.PROFILE}, fed.*
            from ({tastes.FEEDBACK}) as fed
            left join profiles
                on profiles.release_id = live.release_id and profiles.user_id = :user_id
        ) as everything
        where whole.needed or :taste
    ) as person on true
    cross join lateral (
        select 'batch' as kind, item_ids, scores from recommendations
        where release_id = live.release_id and user_id = :user_id
        union all
        select 'fallback', array_agg(item_id order by at), array_agg(score order by at)
        from fallback_lists as everybody
        cross join lateral unnest(everybody.item_ids, everybody.scores)
            with ordinality as one(item_id, score, at)
        where release_id = live.release_id and segment = ''
            and item_id <> all (
                coalesce(
                    (select rated.item_ids from profiles as rated
                     where rated.release_id = live.release_id and rated.user_id = :user_id),
                    '{{}}'
                )
            )
        having not exists (
            select from recommendations
            where release_id = live.release_id and user_id = :user_id
        )
    ) as lists
    cross join lateral (
        select case when whole.needed then {FULL} else :limit end as length
    ) as cut
    left join lateral unnest(lists.item_ids[1 : cut.length], lists.scores[1 : cut.length])
        with ordinality as listed(item_id, score, rank) on true
    left join items on items.item_id = listed.item_id
    order by listed.rank
    """,  # noqa: S608 # our own columns
)


@dataclass(frozen=True)
class Wanted:
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
class Stored:
    """What the live release has for a person, and what holds of him if that was read."""

    release: Fields  # id, recipe, when, and the version of the rules
    revision: int  # of the slate
    kind: str  # batch, fallback
    items: list[Fields]
    taste: Taste | None


def stored_for(connection: Connection, user_id: str, wanted: Wanted) -> Stored:
    """Return what the live release has for a person, with his taste if the answer needs it.

    Raises:
        NothingReleasedError: nothing was released yet.
    """
    asked = {"limit": wanted.limit, "whole": wanted.filters, "taste": wanted.explain}
    rows = FOR_PERSON.execute(connection, user_id=user_id, **asked).all()
    if not rows:
        raise NothingReleasedError("Nothing was released yet.")
    first = rows[0]
    return Stored(
        release={name: getattr(first, name) for name in _SAID},
        revision=first.revision,
        kind=first.kind,
        items=[dict(zip(_FIELDS, row, strict=False)) for row in rows if row.rank is not None],
        taste=None if first.him is None else tastes.of(first.him),
    )
