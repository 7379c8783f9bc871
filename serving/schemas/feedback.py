"""Events of users, their receipts, and the state of the outbox."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from serving.schemas.base import Answer, Number, RequestBody, Timestamp, with_example

EventKind = Literal["rate", "unrate", "hide", "not_interested"]
HideKind = Literal["hide", "not_interested"]


class Rating(RequestBody):
    """A rating of an item."""

    model_config = with_example(rating=4.0)

    rating: Number = Field(description="A value of the data set's scale.")
    occurred_at: Timestamp | None = Field(
        default=None,
        description="When the user rated; by default the time of arrival. A time up to 5 minutes "
        "in the future is replaced by the server's time; a later one is rejected.",
    )


class Hide(RequestBody):
    """A request to keep an item off the user's lists."""

    model_config = with_example(kind="hide")

    kind: HideKind = "hide"
    occurred_at: Timestamp | None = Field(
        default=None, description="When the user hid the item; see `Rating`."
    )


class Receipt(Answer):
    """The receipt of an event. `repeated`: it was written before, with this idempotency key."""

    model_config = with_example(
        event_id="0f8fad5bd9cb469fa165708677289502",
        kind="rate",
        user_id="42",
        item_id="6",
        status="accepted",
        occurred_at="2026-11-24T12:00:00Z",
    )

    event_id: str
    kind: EventKind
    user_id: str
    item_id: str
    status: Literal["accepted", "repeated"]
    occurred_at: datetime


class OutboxState(Answer):
    """The state of the outbox: events that wait to be collected into the lake."""

    n_events: int = Field(description="Events accepted so far.")
    n_waiting: int = Field(description="Events that are not in the lake yet.")
    oldest_waiting_at: datetime | None = None
    collected_at: datetime | None = Field(
        default=None, description="When `collect` last wrote to the lake."
    )
