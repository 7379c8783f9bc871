"""Batches of events of any kind, and what became of each event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, WrapValidator
from pydantic.json_schema import SkipJsonSchema

from serving.schemas.base import (
    Answer,
    Id,
    Number,
    RequestBody,
    ShortText,
    Timestamp,
    errors_of,
    first_errors,
    with_example,
)

MAX_EVENTS = 1000

# printable ASCII, as in a header
EventKey = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x20-\x7e]*$")]
ListId = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x20-\x7e]*$")]
EventStatus = Literal["accepted", "repeated", "refused"]


class NewEvent(RequestBody):
    """An event of a user."""

    model_config = with_example(
        kind="purchase",
        user_id="42",
        item_id="6",
        value=2,
        occurred_at="2026-11-24T12:00:00Z",
        event_id="order-7f9c0d1e-1",
    )

    kind: ShortText = Field(
        description="A kind of the data set (`kinds` of `GET /v1/{dataset}`), or `rate`, `unrate`, "
        "`hide` or `not_interested`."
    )
    user_id: Id
    item_id: Id
    value: Number | None = Field(
        default=None,
        description="How much, such as a quantity; by default 1. For a `rate` it is the rating, "
        "and required. `unrate`, `hide` and `not_interested` have none.",
    )
    occurred_at: Timestamp | None = Field(
        default=None,
        description="When it happened; by default the time of arrival. A time up to 5 minutes in "
        "the future is replaced by the server's time; a later one is refused.",
    )
    event_id: EventKey | None = Field(
        default=None,
        description="The product's id of the event, unique across the data set's products: the "
        "same as an `Idempotency-Key`. An event that is sent again with it is written once.",
    )
    list_id: ListId | None = Field(
        default=None, description="The `list_id` of the list on which the user found the item."
    )


@dataclass(frozen=True, slots=True)
class InvalidEvent:
    """An event of a request that is no `NewEvent`, and why."""

    problem: str


_EVENT = TypeAdapter(NewEvent)


def _event_or_problem(value: object, _: object) -> NewEvent | InvalidEvent:
    try:
        return _EVENT.validate_python(value)
    except ValidationError as invalid:
        return InvalidEvent("; ".join(first_errors(errors_of(invalid), "event")) + ".")


# An invalid event is refused alone: it must not make the whole request invalid.
SentEvent = Annotated[NewEvent | SkipJsonSchema[InvalidEvent], WrapValidator(_event_or_problem)]


class NewEvents(RequestBody):
    """Events of users, oldest first. Each is accepted or refused on its own."""

    events: tuple[SentEvent, ...] = Field(min_length=1, max_length=MAX_EVENTS)


class EventResult(Answer):
    """What became of one event. A refused one has the fields of its problem."""

    status: EventStatus = Field(
        description="`accepted`: committed. `repeated`: it was written before. `refused`: it is "
        "not written; `code` says why."
    )
    event_id: str | None = Field(
        default=None, description="The API's id of the event, with which it can be undone."
    )
    occurred_at: datetime | None = None
    code: str | None = Field(default=None, description="As `code` of problems.")
    title: str | None = None
    detail: str | None = None
    next_step: str | None = None


class KindEvent(Answer):
    """An event of one of the data set's kinds that a user sent, and that was not undone."""

    event_id: str = Field(description="The API's id of the event, with which it can be undone.")
    kind: str
    item_id: str
    value: float = Field(description="How much, such as a quantity.")
    occurred_at: datetime


class ExportedEvent(Answer):
    """One line of an export of all events that Postgres has: as sent, undos included."""

    model_config = with_example(
        event_id="0f8fad5bd9cb469fa165708677289502",
        kind="purchase",
        user_id="42",
        item_id="6",
        rating=None,
        value=2.0,
        occurred_at="2026-11-24T12:00:00Z",
        received_at="2026-11-24T12:00:01Z",
        list_id=None,
        undoes=None,
    )

    event_id: str
    kind: str = Field(
        description="`rate`, `unrate`, `hide`, `not_interested`, `undo`, or of the manifest."
    )
    user_id: str
    item_id: str
    rating: float | None
    value: float | None
    occurred_at: datetime
    received_at: datetime
    list_id: str | None
    undoes: str | None = Field(description="The event that an `undo` undoes.")


class KindEvents(Answer):
    """A user's events of the data set's kinds, newest first."""

    model_config = with_example(
        user_id="42",
        items=[
            {
                "event_id": "0f8fad5bd9cb469fa165708677289502",
                "kind": "purchase",
                "item_id": "6",
                "value": 2.0,
                "occurred_at": "2026-11-24T12:00:00Z",
            }
        ],
    )

    user_id: str
    items: tuple[KindEvent, ...]


class EventResults(Answer):
    """What became of the events of a request, in their order."""

    model_config = with_example(
        n_accepted=1,
        n_repeated=0,
        n_refused=1,
        results=[
            {
                "status": "accepted",
                "event_id": "0f8fad5bd9cb469fa165708677289502",
                "occurred_at": "2026-11-24T12:00:00Z",
            },
            {
                "status": "refused",
                "code": "unknown-item",
                "title": "Unknown item",
                "detail": "There is no item 'x'.",
                "next_step": "Search by title, or create it with `PUT items/{id}`.",
            },
        ],
    )

    n_accepted: int
    n_repeated: int
    n_refused: int
    results: tuple[EventResult, ...]
