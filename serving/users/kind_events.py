"""A user's events of the manifest's kinds: as sent, those that a release has learned, newer ones.

A release knows the transaction up to which its fit has read the outbox (`outbox_until`). So each
event counts once: it is in the profile, or in a later transaction of the outbox.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, text

from ranking.strengths import MAX_VALUE
from serving.schemas import KindEvent, KindEvents, KindMeaning
from serving.users.erasures import IS_ERASED

MAX_NEW = 5000  # events of a user that are read; of more, the newest

# Whether a row of the outbox is an event of the manifest's kinds, or the undo of one
OF_KINDS = """
    coalesce(outbox.undone_kind, outbox.kind)
        <> all (array['rate', 'unrate', 'hide', 'not_interested', 'undo'])
"""
NEW_EVENTS = f"""
    select item_id, coalesce(undone_kind, kind) as kind, coalesce(value, 1) as value,
        (extract(epoch from coalesce(undone_at, occurred_at)) * 1000000)::bigint as micros,
        kind = 'undo' as is_undo
    from outbox
    where user_id = :user_id and {OF_KINDS} and not {IS_ERASED}
        and xact >= coalesce(
            (select outbox_until from releases where releases.release_id = :release_id), 0
        )
    order by xact desc limit {MAX_NEW}
"""  # noqa: S608 # our own conditions
# The newest rows are read first: a user may have hundreds of thousands.
_SENT = text(
    f"""
    with newest as materialized (
        select event_id, kind, item_id, coalesce(value, 1) as value, occurred_at, undoes
        from outbox where user_id = :user_id and {OF_KINDS} and not {IS_ERASED}
        order by xact desc limit :most
    )
    select event_id, kind, item_id, value, occurred_at from newest
    where kind <> 'undo' and (cast(:kinds as text[]) is null or kind = any (:kinds))
        and not exists (select from newest as undo where undo.undoes = newest.event_id)
    order by occurred_at desc, event_id desc limit :limit
    """  # noqa: S608 # our own conditions
)


class SentEvent(NamedTuple):
    """An event that a release has not learned, or the undo of an event: a value, at a time."""

    item_id: str
    kind: str
    value: float
    micros: int
    is_undo: bool


@dataclass(frozen=True, slots=True)
class Act:
    """What a user did with an item, of one kind: `amount` depends on what values mean."""

    micros: int  # time of the newest event
    learned: float = 0  # the amount that the profile has
    undone: float = 0  # values of events of the profile that were undone since
    added: float = 0  # sum of newer values
    largest: float = 0  # of newer values

    @property
    def is_undone(self) -> bool:
        """Whether all of the profile's events were undone. Profiles have single precision."""
        return bool(self.undone and np.float32(self.learned) <= np.float32(self.undone))

    def amount(self, meaning: KindMeaning) -> float:
        """Return the sum of the values, `MAX_VALUE` at most; of shares the largest."""
        if meaning.value == "share":
            return max(self.learned, self.largest)
        return _bounded(self.learned - self.undone + self.added)


Acts = Mapping[str, Mapping[str, Act]]  # by item and kind


@dataclass(frozen=True, slots=True)
class Changes:
    """Events that a release lacks, and events of its profiles that were undone since."""

    events: frozenset[SentEvent]
    undone: frozenset[SentEvent]

    @property
    def item_ids(self) -> set[str]:
        """The items that they are of."""
        return {event.item_id for event in self.events | self.undone}


def sent(
    connection: Connection, user_id: str, *, kinds: Sequence[str] | None, limit: int
) -> KindEvents:
    """Return the user's events of these kinds, or of all, that Postgres has; newest first.

    Events that were undone are left out. Of users with very many events, only the `MAX_NEW` that
    arrived last are read. There are none of an erased user.
    """
    values = {"user_id": user_id, "kinds": kinds, "limit": limit, "most": MAX_NEW}
    rows = connection.execute(_SENT, values).mappings()
    events = tuple(KindEvent.model_validate(dict(row)) for row in rows)
    return KindEvents(user_id=user_id, items=events)


def changes(sent: Iterable[SentEvent]) -> Changes:
    """Return what newer events and undos change. Equal events are one event, as in the lake."""
    rows = [*sent]
    events = {row for row in rows if not row.is_undo}
    undone = {row._replace(is_undo=False) for row in rows if row.is_undo}
    return Changes(frozenset(events - undone), frozenset(undone - events))


def merged(learned: Mapping[tuple[str, str], tuple[float, int]], newer: Changes) -> Acts:
    """Return the acts of a profile (amount and time by item and kind) and of newer events."""
    acts = {key: Act(micros, learned=_bounded(amount)) for key, (amount, micros) in learned.items()}
    for event in newer.undone:
        key = (event.item_id, event.kind)
        if key in acts:
            acts[key] = replace(acts[key], undone=acts[key].undone + _bounded(event.value))
    acts = {key: act for key, act in acts.items() if not act.is_undone}
    for event in newer.events:
        key = (event.item_id, event.kind)
        act, value = acts.get(key, Act(event.micros)), _bounded(event.value)
        acts[key] = replace(
            act,
            micros=max(act.micros, event.micros),
            added=act.added + value,
            largest=max(act.largest, value),
        )
    by_item: dict[str, dict[str, Act]] = {}
    for (item_id, kind), act in acts.items():
        by_item.setdefault(item_id, {})[kind] = act
    return by_item


def is_positive(act: Act, meaning: KindMeaning | None) -> bool:
    """Return whether the amount makes an item positive; a kind without a meaning does not."""
    if meaning is None or meaning.positive_from is None:
        return False
    return act.amount(meaning) >= meaning.positive_from


def _bounded(number: float) -> float:
    return max(min(number, MAX_VALUE), -MAX_VALUE)
