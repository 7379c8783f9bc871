"""Events of users, their receipts, and the state of the outbox."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from serving.schemas.base import Answer, Number, RequestBody, Timestamp, with_example

SentKind = Literal["rate", "unrate", "hide", "not_interested"]
HideKind = Literal["hide", "not_interested"]


class Rating(RequestBody):
    """A rating of an item."""

    model_config = with_example(rating=4.0)

    rating: Number = Field(description="A value of the data set's scale.")
    occurred_at: Timestamp | None = Field(
        default=None,
        description="When the user rated; by default the time of arrival. A time up to 5 minutes "
        "in the future is replaced by the server's time; a later one is refused.",
    )


class Hide(RequestBody):
    """A request to keep an item off the user's lists."""

    model_config = with_example(kind="hide")

    kind: HideKind = "hide"
    occurred_at: Timestamp | None = Field(
        default=None, description="When the user hid the item; see `Rating`."
    )


class FeedbackState(Answer):
    """A user's feedback on an item. All fields are null if the user neither rated nor hid it."""

    rating: float | None = None
    rated_at: datetime | None = Field(
        default=None, description="When the item was rated, or its rating was removed."
    )
    hidden: HideKind | None = None
    hidden_at: datetime | None = Field(
        default=None, description="When the item was last hidden or shown again."
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
        previous={
            "rating": 3.0,
            "rated_at": "2026-11-20T09:30:00Z",
            "hidden": None,
            "hidden_at": None,
        },
    )

    event_id: str
    kind: SentKind
    user_id: str
    item_id: str
    status: Literal["accepted", "repeated"]
    occurred_at: datetime
    previous: FeedbackState | None = Field(
        default=None,
        description="The user's feedback on the item before this event, which an undo of the event "
        "restores; null if there is a newer event, or this one was undone.",
    )


class UndoReceipt(Answer):
    """The receipt of an undo. `repeated`: the event was undone before."""

    model_config = with_example(
        event_id="0f8fad5bd9cb469fa165708677289503",
        kind="undo",
        undoes="0f8fad5bd9cb469fa165708677289502",
        user_id="42",
        item_id="6",
        status="accepted",
        occurred_at="2026-11-24T12:00:05Z",
        current={
            "rating": 3.0,
            "rated_at": "2026-11-20T09:30:00Z",
            "hidden": None,
            "hidden_at": None,
        },
    )

    event_id: str
    kind: Literal["undo"] = "undo"
    undoes: str = Field(description="The event that was undone.")
    user_id: str
    item_id: str
    status: Literal["accepted", "repeated"]
    occurred_at: datetime
    current: FeedbackState = Field(description="The user's feedback on the item now.")


class OutboxState(Answer):
    """The state of the outbox: events that wait to be collected into the lake."""

    n_events: int = Field(description="Events accepted so far.")
    n_waiting: int = Field(description="Events that are not in the lake yet.")
    oldest_waiting_at: datetime | None = None
    collected_at: datetime | None = Field(
        default=None, description="When `collect` last wrote to the lake."
    )
