"""Changes of the catalogue by the product, and their receipts."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from serving.schemas.base import (
    FILLED,
    Answer,
    Id,
    Number,
    RequestBody,
    ShortText,
    at_most,
    stripped,
    with_example,
)
from serving.schemas.batches import InvalidChange, or_invalid

MAX_ITEMS = 1000
MAX_TITLE_BYTES = 1600  # Postgres has an index of titles with ids: at most 2,704 bytes
MAX_CATEGORIES = 100
MAX_ATTRIBUTES = 200
MAX_TEXTS = 1000  # of an attribute that is a list


def _refuse_many_bytes(title: str) -> str:
    n_bytes = len(title.encode())
    if n_bytes > MAX_TITLE_BYTES:
        raise ValueError(f"it has {n_bytes:,} bytes; at most {MAX_TITLE_BYTES:,} are allowed")
    return title


Title = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=1000, pattern=FILLED),
    AfterValidator(_refuse_many_bytes),
    BeforeValidator(stripped),
]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=FILLED),
    BeforeValidator(stripped),
]
Text = Annotated[str, StringConstraints(strict=True, max_length=10_000, pattern=r"^[^\x00]*$")]


def _refuse_texts(value: object) -> object:
    if not isinstance(value, str | bool):
        return value
    raise ValueError("a year is a whole number")


Year = Annotated[int, Field(ge=0, le=9999), BeforeValidator(_refuse_texts)]
Categories = Annotated[
    tuple[Name, ...],
    Field(max_length=MAX_CATEGORIES, fail_fast=True),
    at_most(MAX_CATEGORIES),
]
Texts = Annotated[tuple[Text, ...], Field(max_length=MAX_TEXTS, fail_fast=True), at_most(MAX_TEXTS)]
AttributeValue = Number | Text | Texts
Attributes = Annotated[
    dict[ShortText, AttributeValue], Field(max_length=MAX_ATTRIBUTES), at_most(MAX_ATTRIBUTES)
]
ChangedAttributes = Annotated[
    dict[ShortText, AttributeValue | None],
    Field(max_length=MAX_ATTRIBUTES),
    at_most(MAX_ATTRIBUTES),
]

_CONTENT: dict[str, JsonValue] = {
    "title": "Heat",
    "categories": ["Action", "Crime"],
    "released": 1995,
}
ItemAction = Literal["put", "patch", "delete"]
ItemStatus = Literal["created", "changed", "unchanged", "removed"]


class ItemContent(RequestBody):
    """An item. What is left out is empty."""

    model_config = with_example(**_CONTENT)

    title: Title
    categories: Categories = Field(default=(), description="The main one first.")
    vendor: Name | None = None
    released: Year | None = Field(default=None, description="Year of release.")
    attributes: Attributes = Field(
        default={},
        description="Attributes that the manifest declares, each of its type: a number, a text, a "
        "time in ISO 8601, or a list of texts.",
    )


class ItemPatch(RequestBody):
    """The fields of an item to change; others stay. Null empties a field or an attribute."""

    model_config = with_example(title="Heat (restored)")

    title: Title | None = Field(default=None, description="Null: the title stays.")
    categories: Categories | None = None
    vendor: Name | None = None
    released: Year | None = None
    attributes: ChangedAttributes | None = Field(
        default=None, description="Attributes to change; others stay. Null removes one."
    )


class ItemChange(ItemPatch):
    """One change in a batch: `put` replaces the item, `patch` changes fields, `delete` removes it.

    A `put` needs a title; a `delete` has only the id.
    """

    model_config = with_example(item_id="6", **_CONTENT)

    item_id: Id
    action: ItemAction = "put"

    @model_validator(mode="after")
    def _fits_its_action(self) -> Self:
        if self.action == "put" and self.title is None:
            raise ValueError("title: a put needs it")
        sent = self.model_fields_set - {"item_id", "action"}
        if self.action == "delete" and sent:
            raise ValueError(f"{min(sent)}: a delete has only `item_id`")
        return self


SentChange = Annotated[
    ItemChange | SkipJsonSchema[InvalidChange], or_invalid(ItemChange, "item_id")
]


class ItemChanges(RequestBody):
    """A batch of changes, which are done in their order."""

    model_config = with_example(items=[{"item_id": "6", **_CONTENT}])

    items: Annotated[
        tuple[SentChange, ...], Field(min_length=1, max_length=MAX_ITEMS), at_most(MAX_ITEMS)
    ]


class ItemReceipt(Answer):
    """The receipt of a change. `unchanged`: the item was so before."""

    model_config = with_example(
        item_id="6", status="changed", changed_at="2026-11-24T12:00:00.123456Z"
    )

    item_id: str
    status: ItemStatus
    changed_at: datetime | None = Field(
        description="When the item changed last; null: it is as in the newest release."
    )


class ItemOutcome(Answer):
    """What became of one change of a batch: as in a receipt, or `refused` with the problem."""

    model_config = with_example(
        item_id="6", status="changed", changed_at="2026-11-24T12:00:00.123456Z"
    )

    item_id: str | None = Field(description="Null if the change names no valid id.")
    status: ItemStatus | Literal["refused"]
    changed_at: datetime | None = None
    code: str | None = Field(default=None, description="As in a problem, if it is refused.")
    title: str | None = None
    detail: str | None = None


class ItemOutcomes(Answer):
    """The outcomes of a batch, in the order of its changes."""

    items: tuple[ItemOutcome, ...]
    n_refused: int = Field(ge=0)
