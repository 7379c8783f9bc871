"""What holds of a person now: what the release knew, overlaid with the feedback since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from serving.lists.fold_in import Ratings
from serving.lists.release_cache import LoadedRelease
from serving.storage import arrays
from serving.storage.prepared import Prepared

# A person without a profile has `segment` null; without feedback, all `fed_…` are null. Times of
# feedback are microseconds.
_ROW = Prepared(
    "taste",
    {"user_id": "text", "release_id": "bigint"},
    """
    select profiles.segment, profiles.item_ids as rated_ids,
        array_send(profiles.ratings) as ratings, array_send(profiles.rated_at) as rated_at, fed.*
    from (
        select array_agg(item_id) as fed_ids, array_agg(rating) as fed_ratings,
            array_agg((extract(epoch from rated_at) * 1000000)::bigint) as fed_at,
            array_agg(hidden is not null) as fed_hidden
        from feedback where user_id = :user_id
    ) as fed
    left join profiles on profiles.release_id = :release_id and profiles.user_id = :user_id
    """,
)


@dataclass(frozen=True)
class UserState:
    """One person. `rated` has rating and time (microseconds) by item, also of untitled items."""

    known: bool  # to the release
    segment: str
    rated: Mapping[str, tuple[float, int]]
    hidden: frozenset[str]
    n_new_ratings: int

    def ratings(self, held: LoadedRelease) -> Ratings:
        """Return his ratings of what the release knows: others have no factors."""
        known = [(held.places[i], *r) for i, r in self.rated.items() if i in held.places]
        places, values, micros = zip(*known, strict=True) if known else ((), (), ())
        return Ratings.of(list(places), list(values), list(micros))


def read(connection: Connection, release_id: int, user_id: str) -> UserState:
    """Return what holds of a person whom the release knows, or not, and what he said since.

    The newer of two ratings of one item holds; of two at the same time, the feedback. What was
    taken back is not rated.
    """
    row = _ROW.execute(connection, user_id=user_id, release_id=release_id).one()
    before = {} if row.segment is None else _profile(row)
    rated, fed = dict(before), tuple(_fed(row))
    for item_id, rating, at, _ in fed:
        if at is None or at < rated.get(item_id, (0, at))[1]:
            continue
        rated.pop(item_id, None)
        if rating is not None:
            rated[item_id] = (rating, at)
    said = {item_id for item_id, *_ in fed}
    return UserState(
        known=row.segment is not None,
        segment=row.segment or "",
        rated=rated,
        hidden=frozenset(item_id for item_id, _, _, hidden in fed if hidden),
        n_new_ratings=sum(_value(before, one) != _value(rated, one) for one in said),
    )


def of_stranger(rated: Mapping[str, tuple[float, int]]) -> UserState:
    """Return the taste of somebody of whom only these ratings are known, with their times."""
    return UserState(
        known=False, segment="", rated=rated, hidden=frozenset(), n_new_ratings=len(rated)
    )


def _profile(row: Row[Any]) -> dict[str, tuple[float, int]]:
    ratings, times = arrays.reals(row.ratings).tolist(), arrays.micros(row.rated_at).tolist()
    return dict(zip(row.rated_ids, zip(ratings, times, strict=True), strict=True))


def _fed(row: Row[Any]) -> Iterable[tuple[str, float | None, int | None, bool]]:
    if row.fed_ids is None:
        return ()
    return zip(row.fed_ids, row.fed_ratings, row.fed_at, row.fed_hidden, strict=True)


def _value(rated: Mapping[str, tuple[float, int]], item_id: str) -> float | None:
    return rated[item_id][0] if item_id in rated else None
