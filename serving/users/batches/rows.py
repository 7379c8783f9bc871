"""The events of a batch, checked, as rows of the outbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from ranking.strengths import MAX_VALUE
from serving import errors
from serving.schemas import About, KindMeaning, NewEvent, SentKind
from serving.users.feedback import check_time, on_scale

BUILT_IN: tuple[str, ...] = get_args(SentKind)


@dataclass(frozen=True, slots=True)
class Row:
    """An event to write. `index` counts the events of the request from 0."""

    index: int
    event_id: str
    key: str
    kind: str
    user_id: str
    item_id: str
    rating: float | None
    value: float | None
    occurred_at: datetime | None
    list_id: str | None

    def is_same(self, other: "Row") -> bool:
        """Return whether the other one may be sent again under the same key."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("kind", "user_id", "item_id", "rating", "value")
        )


def row_of(event: NewEvent, about: About, *, index: int, event_id: str) -> Row:
    """Return the event as a row. `event_id` is the API's id of it.

    Raises:
        RequestRefusedError: the time or the value is out of bounds.
        UnknownKindError: the data set has no such kind.
        OffScaleError: it is a rating that is not on the scale.
    """
    number = _number(event, about)
    return Row(
        index=index,
        event_id=event_id,
        key=event.event_id or event_id,
        kind=event.kind,
        user_id=event.user_id,
        item_id=event.item_id,
        rating=number if event.kind == "rate" else None,
        value=None if event.kind == "rate" else number,
        occurred_at=event.occurred_at,
        list_id=event.list_id,
    )


def _number(event: NewEvent, about: About) -> float | None:
    """Return the event's value.

    Raises:
        RequestRefusedError: the time or the value is out of bounds.
        UnknownKindError: the data set has no such kind.
        OffScaleError: it is a rating that is not on the scale.
    """
    check_time(event.occurred_at)
    if event.kind in BUILT_IN:
        return _rating(event, about)
    meaning = about.kinds.get(event.kind)
    if meaning is None:
        known = ", ".join((*sorted(about.kinds), *BUILT_IN))
        raise errors.UnknownKindError(f"There is no kind {event.kind!r}; there are {known}.")
    return _value(event, meaning)


def _rating(event: NewEvent, about: About) -> float | None:
    if event.kind == "rate" and event.value is not None:
        return on_scale(event.value, about)
    if event.kind == "rate":
        raise errors.RequestRefusedError("value: an event of the kind 'rate' needs the rating.")
    if event.value is not None:
        raise errors.RequestRefusedError(f"value: events of the kind {event.kind!r} have none.")
    return None


def _value(event: NewEvent, meaning: KindMeaning) -> float | None:
    value = event.value
    if value is not None and value < 0:
        raise errors.RequestRefusedError(f"value: {value:g} is below 0.")
    if value is not None and value > MAX_VALUE:
        raise errors.RequestRefusedError(f"value: {value:g} is above {MAX_VALUE:,.0f}.")
    if value is not None and meaning.value == "share" and value > 1:
        raise errors.RequestRefusedError(
            f"value: {value:g} is above 1: the values of {event.kind!r} are shares."
        )
    return value
