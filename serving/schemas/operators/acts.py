"""Requests of operators to change what is served, and their answers."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from serving.schemas.base import Answer, AuditReason, RequestBody, with_example

KeyScope = Literal["read", "feedback", "catalogue", "operate"]


class Because(RequestBody):
    """The reason of an act."""

    model_config = with_example(reason="festival week")

    reason: AuditReason


class ChangeOfRelease(Because):
    """A request to make another release live."""

    model_config = with_example(instead_of=4, reason="the new lists repeat one vendor")

    instead_of: int | None = Field(
        ge=1,
        le=2**53,
        description="The live release that the operator saw; null: none was live. The request "
        "fails if another one is live.",
    )


class NewApiKey(RequestBody):
    """A request for an API key."""

    model_config = with_example(name="shop", scopes=["read", "feedback"], reason="the web shop")

    name: str = Field(
        pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Name of the product; `demo` is reserved."
    )
    scopes: tuple[KeyScope, ...] = Field(min_length=1, max_length=4)
    reason: str = Field(default="", max_length=200, pattern=r"^[^\x00]*$")


class LiveState(Answer):
    """The live release, and whether publishing is paused."""

    model_config = with_example(
        live_release=3, publishing_paused_by="ada", publishing_paused_at="2026-11-24T12:00:00Z"
    )

    live_release: int | None
    publishing_paused_by: str | None = None
    publishing_paused_at: datetime | None = None


class ApiKey(Answer):
    """An API key without its secret."""

    name: str
    scopes: tuple[KeyScope, ...]
    created_at: datetime


class CreatedApiKey(ApiKey):
    """A new API key."""

    key: str = Field(description="256 random bits. They are returned only once, and not stored.")
