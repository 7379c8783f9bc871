"""What holds of a person now: what the release knew, overlaid with the feedback since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from serving.fold_in import Ratings
from serving.held import Held

# The columns that `of` reads. A person without a profile has `segment` null; without feedback, all
# `fed_…` are null. Times are microseconds.
PROFILE = """
    profiles.segment, profiles.item_ids as rated_ids, profiles.ratings,
    array(
        select (extract(epoch from one) * 1000000)::bigint
        from unnest(profiles.rated_at) with ordinality as times(one, at) order by at
    ) as rated_at
"""
FEEDBACK = """
    select array_agg(item_id) as fed_ids, array_agg(rating) as fed_ratings,
        array_agg((extract(epoch from rated_at) * 1000000)::bigint) as fed_at,
        array_agg(hidden is not null) as fed_hidden
    from feedback where user_id = :user_id
"""


@dataclass(frozen=True)
class Taste:
    """One person. `rated` has rating and time (microseconds) by item, also of untitled items."""

    known: bool  # to the release
    segment: str
    rated: Mapping[str, tuple[float, int]]
    hidden: frozenset[str]
    n_new: int

    def ratings(self, held: Held) -> Ratings:
        """Return his ratings of what the release knows: others have no factors."""
        known = [(held.places[i], *r) for i, r in self.rated.items() if i in held.places]
        places, values, micros = zip(*known, strict=True) if known else ((), (), ())
        return Ratings.of(list(places), list(values), list(micros))


def of(row: Mapping[str, Any]) -> Taste:
    """Return what holds, by the columns `PROFILE` and `FEEDBACK` of a statement's row.

    The newer of two ratings of one item holds; of two at the same time, the feedback. What was
    taken back is not rated.
    """
    known = row["segment"] is not None
    before = dict(
        zip(
            row["rated_ids"] or (),
            zip(row["ratings"] or (), row["rated_at"] or (), strict=True),
            strict=True,
        )
    )
    rated, fed = dict(before), tuple(_fed(row))
    for item_id, rating, at, _ in fed:
        if at is None or at < rated.get(item_id, (0, at))[1]:
            continue
        rated.pop(item_id, None)
        if rating is not None:
            rated[item_id] = (rating, at)
    said = {item_id for item_id, *_ in fed}
    return Taste(
        known=known,
        segment=row["segment"] or "",
        rated=rated,
        hidden=frozenset(item_id for item_id, _, _, hidden in fed if hidden),
        n_new=sum(_value(before, one) != _value(rated, one) for one in said),
    )


def of_stranger(rated: Mapping[str, tuple[float, int]]) -> Taste:
    """Return the taste of somebody of whom only these ratings are known, with their times."""
    return Taste(known=False, segment="", rated=rated, hidden=frozenset(), n_new=len(rated))


def _fed(row: Mapping[str, Any]) -> Iterator[tuple[str, float | None, int | None, bool]]:
    columns = (row[name] or () for name in ("fed_ids", "fed_ratings", "fed_at", "fed_hidden"))
    return zip(*columns, strict=True)


def _value(rated: Mapping[str, tuple[float, int]], item_id: str) -> float | None:
    return rated[item_id][0] if item_id in rated else None
