"""Users and their ratings."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field, JsonValue

from serving.schemas.base import Answer, Id, RequestBody, with_example
from serving.schemas.catalogue import EXAMPLE_ITEM, Item


class RatedItem(Item):
    """One item that a user rated."""

    rating: float
    rated_at: datetime


class User(Answer):
    """A user of the live release with their ratings, newest first."""

    model_config = with_example(
        user_id="42",
        n_rated=1,
        rated=[EXAMPLE_ITEM | {"rating": 4.0, "rated_at": "2000-04-25T23:05:32Z"}],
    )

    user_id: str
    n_rated: int
    rated: tuple[RatedItem, ...] = ()


class RatingsPage(Answer):
    """A page of a user's current ratings, newest first."""

    model_config = with_example(
        user_id="42",
        items=[EXAMPLE_ITEM | {"rating": 4.0, "rated_at": "2000-04-25T23:05:32Z"}],
        total=1,
        limit=20,
        offset=0,
    )

    user_id: str
    items: tuple[RatedItem, ...]
    hidden: tuple[Item, ...] = Field(
        default=(), description="Hidden items, newest first, at most 100. On the first page only."
    )
    total: int
    limit: int
    offset: int


class NewUser(Answer):
    """A new user's id, and the token with which their data can be exported and erased."""

    user_id: str
    token: str = Field(
        description="256 random bits, returned only once; or the token that the product has chosen."
    )


class UserRegistration(RequestBody):
    """The token of a user whose id the product has chosen."""

    token: str = Field(
        min_length=32,
        max_length=200,
        pattern=r"^[\x21-\x7e]*$",
        description="At least 256 random bits: with it any key of the data set can export and "
        "erase the user's data.",
    )


class Erasure(Answer):
    """The receipt of an erasure.

    It deletes the user's data from Postgres at once. Within a day `erase` deletes the user's rows
    from the lake, and no later model is trained on them. Old files of the lake are deleted after
    `LAKE_ERASE_WITHIN_DAYS`, by default 30.
    """

    user_id: str
    n_events: int = Field(description="Deleted events, collected or not.")
    requested_at: datetime


class NewErasures(RequestBody):
    """A request to erase users."""

    model_config = with_example(user_ids=["42"], reason="request 17")

    user_ids: tuple[Id, ...] = Field(min_length=1, max_length=1000)
    reason: str = Field(
        default="",
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="For the audit. It is kept, so it must not name the users.",
    )


class ErasureState(Answer):
    """How far an erasure has come. It names the user by a digest: the id is not kept."""

    model_config = with_example(
        digest="7d5b2bd11b4e2d7f0f4d0f1f5e1f6c86b1f2ad4b2f0c9a6a0a6f4bb4f5a1c9de",
        requested_at="2026-11-24T12:00:00Z",
        requested_by="the user",
        erased_at="2026-11-25T04:30:09Z",
        purged_at=None,
    )

    digest: str = Field(description="SHA-256 of `<data set>/<user id>`, hexadecimal.")
    requested_at: datetime
    requested_by: str = Field(description="`key NAME`, the name of an operator, or `the user`.")
    erased_at: datetime | None = Field(
        default=None,
        description="When `erase` last deleted the user's rows from the newest version of each "
        "table of the lake; null before its first run.",
    )
    purged_at: datetime | None = Field(
        default=None,
        description="When no file of the lake had the user any more; null while old files do.",
    )


class OpenErasures(Answer):
    """Erasures that are not complete in the lake. No user is named."""

    n_with_rows: int = Field(description="Users whose rows may still be in the lake.")
    oldest_with_rows_at: datetime | None = Field(
        default=None, description="The oldest request among them."
    )
    n_with_files: int = Field(description="Users who may still be in old files of the lake.")
    oldest_with_files_at: datetime | None = Field(
        default=None, description="The oldest request among them."
    )


class ExportedUser(Answer):
    """One line of an export of all users: of the live release, and those that the API knows."""

    model_config = with_example(
        user_id="42",
        attributes={"age_group": "25-34", "region": "north"},
        changed_at="2026-11-24T12:00:00Z",
        segment="age_group=25-34,region=north",
        n_rated=1,
    )

    user_id: str
    attributes: Mapping[str, str] | None = Field(
        default=None, description="As the product sent them through the API; null: it sent none."
    )
    changed_at: datetime | None = Field(default=None, description="When it sent them.")
    segment: str = Field(
        description="By these attributes if they are newer than the live release, else as in it; "
        "may be empty."
    )
    n_rated: int = Field(
        description="Items that the user rated or, without ratings, has events on, as of the live "
        "release."
    )


class Export(Answer):
    """All rows about one user in Postgres."""

    model_config = with_example(
        user_id="42",
        exported_at="2026-11-24T12:00:00Z",
        tables={"feedback": [{"item_id": "6", "rating": 4.0, "rated_at": "2026-11-23T08:00:00Z"}]},
    )

    user_id: str
    exported_at: datetime
    tables: dict[str, tuple[dict[str, JsonValue], ...]] = Field(
        description="Rows by table, without the user's id: events (`outbox`), current feedback, "
        "attributes that the product sent, lists and profiles of all kept releases, the list of "
        "the last evaluation, and the lists that were shown."
    )
