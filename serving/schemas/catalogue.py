"""Items of the catalogue, and the data set itself."""

from typing import Literal

from pydantic import Field, JsonValue

from serving.schemas.base import Answer, with_example

ItemOrder = Literal["relevance", "newest", "oldest", "title"]

HEAT: dict[str, JsonValue] = {
    "item_id": "6",
    "title": "Heat",
    "categories": ["Action", "Crime"],
    "vendor": None,
    "released": 1995,
}


class Item(Answer):
    """One item of the catalogue."""

    model_config = with_example(**HEAT)

    item_id: str
    title: str
    categories: tuple[str, ...] = ()
    vendor: str | None = None
    released: int | None = Field(default=None, description="Year of release, if known.")


class ItemPage(Answer):
    """One page of the catalogue. `total` counts all matching items."""

    model_config = with_example(items=[HEAT], total=1, limit=20, offset=0)

    items: tuple[Item, ...]
    total: int
    limit: int
    offset: int


class About(Answer):
    """The data set's title, item noun, rating scale, categories and licence."""

    dataset: str
    title: str
    item_noun: str = Field(description='Singular, such as "film".')
    licence: str
    lowest: float
    highest: float
    step: float
    categories: tuple[str, ...] = Field(description="All categories of the catalogue, sorted.")
    n_items: int
