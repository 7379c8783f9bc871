"""What people did, and what became of it."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from serving.schemas.base import Answer, Asked, Moment, Number, like

EventKind = Literal["rate", "unrate", "hide", "not_interested"]
HideKind = Literal["hide", "not_interested"]


class Rating(Asked):
    """What a caller sends to rate an item."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rating": 4.0}]})

    rating: Number = Field(description="On the data set's scale, by its steps.")
    occurred_at: Moment | None = Field(
        default=None,
        description="When the person rated; now, where it is left out. More than 5 minutes ahead "
        "is refused, less is taken for now.",
    )


class Hide(Asked):
    """What a caller sends to keep an item off a person's lists."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "hide"}]})

    kind: HideKind = "hide"
    occurred_at: Moment | None = Field(default=None, description="As of a rating.")


class Receipt(Answer):
    """What became of an event. `repeated`: this idempotency key was taken before, once."""

    model_config = like(
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
    """How far the loop has come: events that wait to be collected, and since when."""

    n_events: int = Field(description="Events in the outbox, since the beginning.")
    n_waiting: int = Field(description="Of them not yet in the lake.")
    oldest_waiting_at: datetime | None = None
    collected_at: datetime | None = Field(default=None, description="When `collect` last wrote.")
