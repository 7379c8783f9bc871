"""A user's ratings and hidden items: the profile of the release, merged with newer feedback."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from serving.lists.fold_in import Ratings
from serving.lists.loaded_release import LoadedRelease
from serving.storage import arrays
from serving.storage.prepared import Prepared
from serving.users.erasures import IS_ERASED

# `segment` is null without a profile, all `feedback_…` are null without feedback. Times of feedback
# are microseconds.
_STATE = Prepared(
    "user_state",
    {"user_id": "text", "release_id": "bigint"},
    f"""
    select profiles.segment, profiles.item_ids as rated_ids,
        array_send(profiles.ratings) as ratings, array_send(profiles.rated_at) as rated_at,
        newer.*, undone.*
    from (
        select array_agg(item_id) as feedback_ids, array_agg(rating) as feedback_ratings,
            array_agg((extract(epoch from rated_at) * 1000000)::bigint) as feedback_at,
            array_agg(hidden is not null) as feedback_hidden
        from feedback where user_id = :user_id and not {IS_ERASED}
    ) as newer
    cross join (
        select array_agg(item_id) as undone_ids,
            array_agg((extract(epoch from at) * 1000000)::bigint) as undone_at
        from feedback cross join unnest(feedback.undone_at) as at where user_id = :user_id
    ) as undone
    left join profiles on profiles.release_id = :release_id and profiles.user_id = :user_id
        and not {IS_ERASED}
    """,  # noqa: S608 # our own condition
)

_NO_RATING = (None, 0)

Rated = Mapping[str, tuple[float, int]]  # rating and time (microseconds) by item id


@dataclass(frozen=True, slots=True)
class UserState:
    """One user. `rated` also has items that the catalogue does not have."""

    is_known: bool  # whether the release has a profile of the user
    segment: str
    rated: Rated
    hidden: frozenset[str]
    n_new_ratings: int  # ratings that are not those of the profile, removed ones included

    def ratings(self, release: LoadedRelease) -> Ratings:
        """Return the ratings of items that have factors in the release."""
        positions = release.positions
        rows = [(positions[i], *rating) for i, rating in self.rated.items() if i in positions]
        at, values, micros = zip(*rows, strict=True) if rows else ((), (), ())
        return Ratings(
            np.array(at, np.int64), np.array(values, np.float64), np.array(micros, np.int64)
        )


def read(connection: Connection, release_id: int, user_id: str) -> UserState:
    """Return the state of a user, known to the release or not.

    Of two ratings of one item the newer one counts, or the feedback's if the times are equal. A
    removed rating is not in `rated`. A rating of the profile does not count if the event that gave
    it was undone.
    """
    row = _STATE.execute(connection, user_id=user_id, release_id=release_id).one()
    profile: dict[str, tuple[float, int]] = {}
    if row.segment is not None:
        ratings, times = arrays.reals(row.ratings).tolist(), arrays.micros(row.rated_at).tolist()
        profile = dict(zip(row.rated_ids, zip(ratings, times, strict=True), strict=True))
    undone = {*zip(row.undone_ids or (), row.undone_at or (), strict=True)}
    rated = {i: rating for i, rating in profile.items() if (i, rating[1]) not in undone}
    feedback = _feedback(row)
    for item_id, rating, at, _ in feedback:
        if at is None or at < rated.get(item_id, (0, at))[1]:
            continue
        rated.pop(item_id, None)
        if rating is not None:
            rated[item_id] = (rating, at)
    return UserState(
        is_known=row.segment is not None,
        segment=row.segment or "",
        rated=rated,
        hidden=frozenset(item_id for item_id, _, _, hidden in feedback if hidden),
        n_new_ratings=sum(
            profile.get(item_id, _NO_RATING)[0] != rated.get(item_id, _NO_RATING)[0]
            for item_id in {item_id for item_id, *_ in feedback}
        ),
    )


def of_anonymous_user(rated: Rated) -> UserState:
    """Return the state of a user of whom only these ratings are known."""
    return UserState(
        is_known=False, segment="", rated=rated, hidden=frozenset(), n_new_ratings=len(rated)
    )


def _feedback(row: Row[Any]) -> Sequence[tuple[str, float | None, int | None, bool]]:
    """Return item, rating, time of the rating, and whether the item is hidden, of each feedback."""
    columns = (row.feedback_ids, row.feedback_ratings, row.feedback_at, row.feedback_hidden)
    return () if row.feedback_ids is None else tuple(zip(*columns, strict=True))
