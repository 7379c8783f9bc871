"""Changes of users' attributes by the product, and their receipts."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
)
from pydantic.json_schema import SkipJsonSchema

from serving.schemas.base import (
    FILLED,
    Answer,
    Id,
    RequestBody,
    ShortText,
    at_most,
    stripped,
    with_example,
)
from serving.schemas.batches import InvalidChange, or_invalid

MAX_USERS = 1000
MAX_USER_ATTRIBUTES = 100

UserAttributeValue = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=200, pattern=FILLED),
    BeforeValidator(stripped),
]
UserAttributes = Annotated[
    dict[ShortText, UserAttributeValue | None],
    Field(
        max_length=MAX_USER_ATTRIBUTES,
        description="Texts by name, of the names that the manifest declares (`user_attributes` of "
        "`GET /v1/{dataset}`). What is left out or null is not known.",
    ),
    at_most(MAX_USER_ATTRIBUTES),
]


class UserContent(RequestBody):
    """All attributes of a user."""

    model_config = with_example(attributes={"age_group": "25-34", "region": "north"})

    attributes: UserAttributes


class UserChange(UserContent):
    """All attributes of a user in a batch."""

    model_config = with_example(user_id="42", attributes={"age_group": "25-34", "region": "north"})

    user_id: Id


SentUserChange = Annotated[
    UserChange | SkipJsonSchema[InvalidChange], or_invalid(UserChange, "user_id")
]


class UserChanges(RequestBody):
    """A batch of changes. Of several changes of a user, the last one counts."""

    model_config = with_example(
        users=[{"user_id": "42", "attributes": {"age_group": "25-34", "region": "north"}}]
    )

    users: Annotated[
        tuple[SentUserChange, ...], Field(min_length=1, max_length=MAX_USERS), at_most(MAX_USERS)
    ]


class UserReceipt(Answer):
    """The receipt of a change of a user's attributes."""

    model_config = with_example(
        user_id="42",
        segment="age_group=25-34,region=north",
        changed_at="2026-11-24T12:00:00.123456Z",
    )

    user_id: str
    segment: str = Field(
        description="The user's segment; empty if one of the attributes is not known."
    )
    changed_at: datetime


class UserOutcome(Answer):
    """What became of one change of a batch: as in a receipt, or `refused` with the problem."""

    model_config = with_example(
        user_id="42",
        status="accepted",
        segment="age_group=25-34,region=north",
        changed_at="2026-11-24T12:00:00.123456Z",
    )

    user_id: str | None = Field(description="Null if the change names no valid id.")
    status: Literal["accepted", "refused"]
    segment: str | None = None
    changed_at: datetime | None = None
    code: str | None = Field(default=None, description="As in a problem, if it is refused.")
    title: str | None = None
    detail: str | None = None


class UserOutcomes(Answer):
    """The outcomes of a batch, in the order of its changes."""

    users: tuple[UserOutcome, ...]
    n_refused: int = Field(ge=0)
