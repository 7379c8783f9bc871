"""What a user did: the profile of the release, merged with newer feedback and events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from serving.lists.fold_in import Ratings
from serving.lists.releases.loaded import LoadedRelease
from serving.storage import arrays
from serving.storage.prepared import Prepared
from serving.user_attributes.segments import IS_GIVEN, Given
from serving.users import kind_events
from serving.users.erasures import IS_ERASED
from serving.users.kind_events import Acts

# `segment` is null without a profile, `attributes` if the product sent none; all
# `feedback_…` are null without feedback, all `sent_…` without events of the manifest's kinds that
# the release has not learned. Times of feedback and events are microseconds.
_STATE = Prepared(
    "user_state",
    {"user_id": "text", "release_id": "bigint"},
    f"""
    select profiles.segment, given.attributes, given.xact as given_xact,
        profiles.item_ids as rated_ids,
        array_send(profiles.ratings) as ratings, array_send(profiles.rated_at) as rated_at,
        profiles.acted_ids, profiles.acted_kinds, array_send(profiles.amounts) as amounts,
        array_send(profiles.acted_at) as acted_at, newer.*, undone.*, sent.*
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
    cross join (
        select array_agg(item_id) as sent_ids, array_agg(kind) as sent_kinds,
            array_agg(value) as sent_values, array_agg(micros) as sent_at,
            array_agg(is_undo) as sent_undos
        from ({kind_events.NEW_EVENTS}) as event
    ) as sent
    left join profiles on profiles.release_id = :release_id and profiles.user_id = :user_id
        and not {IS_ERASED}
    left join user_attributes as given on {IS_GIVEN}
    """,  # noqa: S608 # our own condition
)

_NO_RATING = (None, 0)
_UNRATED = (np.nan, 0)

Rated = Mapping[str, tuple[float, int]]  # rating and time (microseconds) by item id


@dataclass(frozen=True, slots=True)
class UserState:
    """One user. `rated` and `acts` also have items that the catalogue does not have."""

    is_known: bool  # whether the release has a profile of the user
    segment: str  # the profile's
    rated: Rated
    hidden: frozenset[str]
    n_new_ratings: int  # items whose rating or events differ from the profile's
    acts: Acts = field(default_factory=dict)  # events of the manifest's kinds, by item and kind
    given: frozenset[str] = frozenset()  # items whose rating is newer feedback
    acted: frozenset[str] = frozenset()  # items with events of these kinds, undone or not
    attributes: Given | None = None  # None: the product sent none

    def ratings(self, release: LoadedRelease) -> Ratings:
        """Return the ratings and events of items that have factors in the release."""
        positions, kinds = release.positions, (*release.kinds,)
        item_ids = [i for i in {**self.rated, **self.acts} if i in positions]
        given, any_time = self._given_ratings(release), self.rated
        values = np.array([given.get(i, _UNRATED)[0] for i in item_ids], np.float64)
        micros = np.array([any_time.get(i, _UNRATED)[1] for i in item_ids], np.int64)
        shape = (len(item_ids), len(kinds))
        amounts, acted_at = np.zeros(shape), np.zeros(shape, np.int64)
        is_positive = values >= release.constants.relevant_from
        for row, item_id in enumerate(item_ids if self.acts else ()):
            is_positive[row] |= self._has_positive_act(release, item_id)
            for kind, act in self.acts.get(item_id, {}).items():
                if kind in release.kinds:
                    column = kinds.index(kind)
                    amounts[row, column] = act.amount(release.kinds[kind])
                    acted_at[row, column] = act.micros
        return Ratings(
            np.array([positions[item_id] for item_id in item_ids], np.int64),
            values,
            np.maximum(micros, acted_at.max(axis=1, initial=0)),
            is_positive,
            amounts,
            acted_at,
            kinds,
        )

    def segment_in(self, release: LoadedRelease) -> str:
        """Return the user's segment, by what the product sent and what the release has learned."""
        return release.segment(self.segment if self.is_known else None, self.attributes)

    def has_new_segment(self, release: LoadedRelease) -> bool:
        """Return whether the release scores items otherwise, as the user's attributes changed."""
        segments = self.segment, self.segment_in(release)
        if segments[0] == segments[1]:
            return False
        if release.is_of_popularity:
            return any(segment in release.segments for segment in segments)
        return any(f"segment:{segment}" in release.constants.columns for segment in segments)

    def is_rated(self, release: LoadedRelease, item_id: str) -> bool:
        """Return whether the user rated the item.

        Without a scale, profiles have a number for each item with events, which is no rating.
        """
        if item_id not in self.rated:
            return False
        return release.constants.has_scale or item_id in self.given or item_id not in self.acted

    def is_seen(self, release: LoadedRelease, item_id: str) -> bool:
        """Return whether the item leaves the user's list: rated, or not to be repeated."""
        return self.is_rated(release, item_id) or self.blocking_kind(release, item_id) is not None

    def seen(self, release: LoadedRelease) -> list[str]:
        """Return the items that leave the user's list, without those that the user hid."""
        given = self._given_ratings(release)
        blocked = (i for i in self.acts if self.blocking_kind(release, i) is not None)
        return [*given, *(i for i in blocked if i not in given)]

    def blocking_kind(self, release: LoadedRelease, item_id: str) -> str | None:
        """Return the kind of an event after which the item leaves the list; None if there is none.

        Of several, it is the one with the largest weight.
        """
        kinds, acts = release.kinds, self.acts.get(item_id)
        if acts is None:
            return None
        blocking = [k for k in acts if k in kinds and not kinds[k].repeatable]
        return max(blocking, key=lambda kind: kinds[kind].weight, default=None)

    def positive(self, release: LoadedRelease) -> set[str]:
        """Return the items that the user likes, by their ratings or by an amount of events."""
        relevant_from = release.constants.relevant_from
        given = self._given_ratings(release).items()
        by_acts = {i for i in self.acts if self._has_positive_act(release, i)}
        return {item_id for item_id, (rating, _) in given if rating >= relevant_from} | by_acts

    def _has_positive_act(self, release: LoadedRelease, item_id: str) -> bool:
        acts = self.acts.get(item_id)
        return acts is not None and any(
            kind_events.is_positive(act, release.kinds.get(kind)) for kind, act in acts.items()
        )

    def _given_ratings(self, release: LoadedRelease) -> Rated:
        """Return the ratings of the items that `is_rated`; all at once, as there may be many."""
        if release.constants.has_scale:
            return self.rated
        rated = self.rated.items()
        return {i: r for i, r in rated if i in self.given or i not in self.acted}


def read(connection: Connection, release_id: int, user_id: str) -> UserState:
    """Return the state of a user, known to the release or not.

    Of two ratings of one item the newer one counts, or the feedback's if the times are equal. A
    removed rating is not in `rated`. A rating of the profile does not count if the event that gave
    it was undone.
    """
    row = _STATE.read_row(connection, user_id=user_id, release_id=release_id)
    profile: dict[str, tuple[float, int]] = {}
    if row.segment is not None:
        ratings, times = arrays.reals(row.ratings).tolist(), arrays.micros(row.rated_at).tolist()
        profile = dict(zip(row.rated_ids, zip(ratings, times, strict=True), strict=True))
    undone = {*zip(row.undone_ids or (), row.undone_at or (), strict=True)}
    rated = {i: rating for i, rating in profile.items() if (i, rating[1]) not in undone}
    feedback, given = _feedback(row), set[str]()
    for item_id, rating, at, _ in feedback:
        if at is None or at < rated.get(item_id, (0, at))[1]:
            continue
        rated.pop(item_id, None)
        if rating is not None:
            rated[item_id] = (rating, at)
            given.add(item_id)
    learned, sent = _learned(row), _sent(row)
    newer = kind_events.changes(sent)
    with_new_rating = {
        item_id
        for item_id in {item_id for item_id, *_ in feedback}
        if profile.get(item_id, _NO_RATING)[0] != rated.get(item_id, _NO_RATING)[0]
    }
    return UserState(
        is_known=row.segment is not None,
        segment=row.segment or "",
        rated=rated,
        hidden=frozenset(item_id for item_id, _, _, hidden in feedback if hidden),
        n_new_ratings=len(with_new_rating | newer.item_ids),
        acts=kind_events.merged(learned, newer),
        given=frozenset(given),
        acted=frozenset([*(i for i, _ in learned), *(event.item_id for event in sent)]),
        attributes=Given.of_row(row),
    )


def of_anonymous_user(rated: Rated) -> UserState:
    """Return the state of a user of whom only these ratings are known."""
    return UserState(
        is_known=False,
        segment="",
        rated=rated,
        hidden=frozenset(),
        n_new_ratings=len(rated),
        given=frozenset(rated),
    )


def _feedback(row: Row[Any]) -> Sequence[tuple[str, float | None, int | None, bool]]:
    """Return item, rating, time of the rating, and whether the item is hidden, of each feedback."""
    columns = (row.feedback_ids, row.feedback_ratings, row.feedback_at, row.feedback_hidden)
    return () if row.feedback_ids is None else tuple(zip(*columns, strict=True))


def _learned(row: Row[Any]) -> dict[tuple[str, str], tuple[float, int]]:
    """Return amount and time of the newest event, by item and kind, of the profile."""
    if not row.acted_ids:
        return {}
    amounts, times = arrays.reals(row.amounts).tolist(), arrays.micros(row.acted_at).tolist()
    pairs = zip(row.acted_ids, row.acted_kinds, strict=True)
    return dict(zip(pairs, zip(amounts, times, strict=True), strict=True))


def _sent(row: Row[Any]) -> Sequence[kind_events.SentEvent]:
    """Return the events that the release has not learned."""
    columns = (row.sent_ids, row.sent_kinds, row.sent_values, row.sent_at, row.sent_undos)
    if row.sent_ids is None:
        return ()
    return [kind_events.SentEvent(*values) for values in zip(*columns, strict=True)]
