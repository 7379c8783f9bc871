"""Items of the catalogue, and the data set itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from serving.schemas.base import Answer, with_example

AttributeType = Literal["text", "number", "time", "list"]
ItemOrder = Literal[
    "relevance", "popular", "cheapest", "dearest", "added", "newest", "oldest", "title"
]

_WITHOUT_SCALE = (0, 1, 1)  # of a data set whose manifest has no scale
EXAMPLE_ITEM: dict[str, JsonValue] = {
    "item_id": "6",
    "title": "Heat",
    "categories": ["Action", "Crime"],
    "vendor": None,
    "released": 1995,
}


class Item(Answer):
    """One item of the catalogue."""

    model_config = with_example(**EXAMPLE_ITEM)

    item_id: str
    title: str
    categories: tuple[str, ...] = ()
    vendor: str | None = None
    released: int | None = Field(default=None, description="Year of release, if known.")


class ItemDetails(Item):
    """An item with all that is known of it."""

    model_config = with_example(
        **EXAMPLE_ITEM, attributes={"price": 9.99}, changed_at=None, available=True
    )

    attributes: Mapping[str, str | float | tuple[str, ...]] = Field(
        default={}, description="Values by name: numbers, texts, times in ISO 8601, lists."
    )
    changed_at: datetime | None = Field(
        default=None,
        description="When the product changed it, or the changed file landed; null: not known.",
    )
    available: bool = Field(
        default=True, description="False if the product reported it as unavailable."
    )


class ItemPage(Answer):
    """One page of the catalogue. `total` counts all matching items."""

    model_config = with_example(
        items=[
            EXAMPLE_ITEM | {"attributes": {"price": 9.99}, "changed_at": None, "available": True}
        ],
        total=1,
        limit=20,
        offset=0,
    )

    items: tuple[ItemDetails, ...]
    total: int
    limit: int
    offset: int


class KindMeaning(Answer):
    """What events of one kind of the data set's manifest mean."""

    weight: float = Field(description="How strong one event is, relative to other kinds.")
    value: Literal["count", "amount", "share"] = Field(
        description="What `value` is. `count`: a number such as a quantity; `amount`: seconds or "
        "money; `share`: a number from 0 to 1."
    )
    positive_from: float | None = Field(
        description="The amount of a user's events on an item from which the item is positive; "
        "null: the kind makes no item positive."
    )
    repeatable: bool = Field(
        description="Whether the item may be recommended again after such an event."
    )
    past: str = Field(
        description='What the user did, such as "bought" or "added {} to the basket"; may be '
        "empty. The title of the item replaces `{}`, or else follows."
    )


def act_text(meaning: KindMeaning | None, kind: str, title: str) -> str:
    """Return what a user did with an item, such as "bought Alien".

    Without a `past`, it has the name of the kind: "did “cart” with Alien".
    """
    past = (meaning.past if meaning else "") or f"did “{kind}” with"
    return past.replace("{}", title, 1) if "{}" in past else f"{past} {title}"


def choice_text(kinds: Mapping[str, KindMeaning], *, has_ratings: bool) -> str:
    """Return what users do with items that they choose: "liked", or without ratings "bought".

    Without ratings it is the `past` of the positive kind with most weight; "chosen" if it has none
    that goes without a title.
    """
    if has_ratings:
        return "liked"
    positive = [name for name, kind in kinds.items() if kind.positive_from is not None]
    strongest = min(positive, key=lambda name: (-kinds[name].weight, name), default="")
    past = kinds[strongest].past if strongest else ""
    return past if past and "{}" not in past else "chosen"


class Display(Answer):
    """Which attributes are an item's price, stock, picture and start of sale; null: none is."""

    price: str | None = Field(default=None, description="Name of the attribute with the price.")
    currency: str = Field(default="", description="Of prices, such as EUR; may be empty.")
    stock: str | None = Field(
        default=None,
        description="Name of the attribute with the number of pieces; at 0 an item is sold out.",
    )
    picture: str | None = Field(
        default=None, description="Name of the attribute with the address of a picture."
    )
    since: str | None = Field(
        default=None, description="Name of the attribute with the time from which an item is sold."
    )


class About(Answer):
    """The data set's title, licence, scale, kinds of events, attributes and categories."""

    dataset: str
    title: str
    item_noun: str = Field(description='Singular, such as "film".')
    licence: str
    lowest: float
    highest: float
    step: float
    categories: tuple[str, ...] = Field(description="All categories of the catalogue, sorted.")
    n_items: int
    kinds: dict[str, KindMeaning] = Field(
        default={}, description="The kinds of events of the manifest, by name."
    )
    attributes: Mapping[str, AttributeType] = Field(
        default={}, description="Type of each attribute of items, by its name."
    )
    display: Display = Display()
    user_attributes: tuple[str, ...] = Field(
        default=(), description="Names of the attributes of users, whose values form segments."
    )

    @property
    def has_ratings(self) -> bool:
        """Whether users rate items. If not, other kinds of events say what they like."""
        return not self.kinds or (self.lowest, self.highest, self.step) != _WITHOUT_SCALE
