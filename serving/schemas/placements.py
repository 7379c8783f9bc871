"""Placements: the shelves of one place in a product, such as its home page, and their answers."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from serving.schemas.base import (
    Answer,
    FilterText,
    HistoryReason,
    Id,
    InsteadOf,
    RequestBody,
    ShortText,
    at_most,
    with_example,
)
from serving.schemas.lists import EXAMPLE_LISTED, LIST_ID, ListedItem, ListKind

MAX_PLACEMENTS = 100  # of a data set
MAX_SHELVES = 8
MAX_SHELF_ITEMS = 50
MAX_GIVEN_ITEMS = 50  # items of a page or a basket

ShelfSource = Literal[
    "for_you",
    "similar",
    "together",
    "popular_in_favourite_category",
    "trending",
    "new",
    "again",
]
# What a title may name, and the sources that know it
NAMED: dict[str, tuple[ShelfSource, ...]] = {
    "{category}": ("popular_in_favourite_category",),
    "{item}": ("similar", "together"),
}

PlacementName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
GivenItems = Annotated[
    tuple[Id, ...],
    Field(
        max_length=MAX_GIVEN_ITEMS,
        description="The items of the page or of the basket. No shelf has them.",
    ),
    at_most(MAX_GIVEN_ITEMS),
]

_SHELF: dict[str, JsonValue] = {"title": "Picked for you", "source": "for_you", "limit": 12}
_SHELVES: list[JsonValue] = [
    _SHELF,
    {
        "title": "Popular in {category}",
        "source": "popular_in_favourite_category",
        "filter": "released >= 1990",
        "limit": 12,
        "minimum": 4,
    },
]


class PlacementShelf(RequestBody):
    """One shelf of a placement: where its items come from, and how many there are."""

    model_config = with_example(**_SHELF)

    title: ShortText = Field(
        description="The title to show. `{category}` becomes the user's favourite category, "
        "`{item}` the title of the first item of the page or the basket."
    )
    source: ShelfSource
    filter: FilterText | None = Field(
        default=None, description="Only items that meet this condition."
    )
    limit: int = Field(default=12, ge=1, le=MAX_SHELF_ITEMS, description="Largest number of items.")
    minimum: int = Field(
        default=1,
        ge=1,
        le=MAX_SHELF_ITEMS,
        description="The shelf is left out if it has fewer items than this.",
    )

    @model_validator(mode="after")
    def _must_fit(self) -> Self:
        if self.minimum > self.limit:
            raise ValueError("the minimum is larger than the limit")
        for name, sources in NAMED.items():
            if name in self.title and self.source not in sources:
                raise ValueError(f"{name} in the title needs the source {' or '.join(sources)}")
        return self


Shelves = Annotated[
    tuple[PlacementShelf, ...],
    Field(
        min_length=1,
        max_length=MAX_SHELVES,
        description="Top to bottom. An item is on the first shelf that has it.",
    ),
    at_most(MAX_SHELVES),
]


class PlacementVersion(Answer):
    """One version of a placement. The newest is active; version 0 is the built-in default."""

    model_config = with_example(
        name="home",
        version=2,
        shelves=_SHELVES,
        actor="ada",
        reason="more of what is popular",
        created_at="2026-11-24T12:00:00Z",
    )

    name: str
    version: int = Field(ge=0)
    shelves: tuple[PlacementShelf, ...]
    actor: str | None = None
    reason: str = ""
    created_at: datetime | None = None


class NewPlacement(RequestBody):
    """A request to create or replace a placement."""

    model_config = with_example(shelves=_SHELVES, instead_of=0, reason="more of what is popular")

    shelves: Shelves
    instead_of: InsteadOf = Field(
        description="The version that the operator read; 0 for a new placement or for a built-in "
        "default. The request fails if it has changed.",
    )
    reason: HistoryReason


class EarlierPlacement(RequestBody):
    """A request to activate an earlier version of a placement."""

    model_config = with_example(version=1, instead_of=2, reason="the new shelf stayed empty")

    version: int = Field(ge=0, le=2**53, description="0: the built-in default.")
    instead_of: InsteadOf
    reason: HistoryReason


class PlacementTrial(RequestBody):
    """Shelves to preview for a user, or for an anonymous user."""

    model_config = with_example(shelves=_SHELVES, user_id="42", item_ids=["6"])

    shelves: Shelves
    user_id: Id | None = None
    item_ids: GivenItems = ()


class FilledShelf(Answer):
    """One shelf as it is shown."""

    list_id: str = LIST_ID
    title: str
    source: ShelfSource
    kind: ListKind | None = Field(description="Of a shelf `for_you`, as of the user's list.")
    category: str | None = Field(
        description="Of a shelf `popular_in_favourite_category`: the category."
    )
    items: tuple[ListedItem, ...]


class Placement(Answer):
    """The shelves of a placement for a user, top to bottom. No item is on two of them."""

    model_config = with_example(
        placement="home",
        version=2,
        user_id="42",
        release_id=7,
        recipe="als_centred_r8_4468be",
        live_since="2026-11-24T03:12:00Z",
        n_new_ratings=0,
        rules_version=3,
        shelves=[
            {
                "list_id": "187af5c9d0e1f200a1b2c3d4",
                "title": "Picked for you",
                "source": "for_you",
                "kind": "batch",
                "category": None,
                "items": [EXAMPLE_LISTED],
            }
        ],
    )

    placement: str
    version: int = Field(ge=0, description="Version of the placement; 0: a built-in default.")
    user_id: str | None = Field(description="Null for an anonymous user.")
    release_id: int
    recipe: str = Field(description="Short stable name of the recipe.")
    live_since: datetime = Field(description="When the release went live.")
    n_new_ratings: int = Field(ge=0, description="As `n_new_ratings` of `Recommendations`.")
    rules_version: int = Field(ge=0, description="Version of the slate rules; 0: never set.")
    shelves: tuple[FilledShelf, ...] = Field(
        description="Without those that have fewer items than their minimum."
    )


class TriedShelf(Answer):
    """One shelf of a preview."""

    title: str
    source: ShelfSource
    kind: ListKind | None
    category: str | None
    left_out: str | None = Field(description="Why it is not shown; null: it is shown.")
    items: tuple[ListedItem, ...] = Field(
        description="If the shelf is left out, the items that were found."
    )


class PlacementPreview(Answer):
    """All shelves of a placement for a user, with those that are left out."""

    user_id: str | None
    release_id: int
    rules_version: int
    shelves: tuple[TriedShelf, ...]
