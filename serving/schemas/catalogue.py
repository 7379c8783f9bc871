"""Items of the catalogue, and the data set itself."""

from pydantic import Field, JsonValue

from serving.schemas.base import Answer, like

HEAT: dict[str, JsonValue] = {
    "item_id": "6",
    "title": "Heat",
    "categories": ["Action", "Crime"],
    "vendor": None,
    "released": 1995,
}


class Item(Answer):
    """One item of the catalogue, as the product shows it."""

    model_config = like(**HEAT)

    item_id: str
    title: str
    categories: tuple[str, ...] = ()
    vendor: str | None = None
    released: int | None = Field(default=None, description="Year of release, where it is known.")


class ItemPage(Answer):
    """One page of the catalogue. `total` counts all that match, not only this page."""

    model_config = like(items=[HEAT], total=1, limit=20, offset=0)

    items: tuple[Item, ...]
    total: int
    limit: int
    offset: int


class About(Answer):
    """What a product should know of its data set: words, scale, categories, licence."""

    dataset: str
    title: str
    item_noun: str = Field(description='Singular: "film", "book", "product".')
    licence: str
    lowest: float
    highest: float
    step: float
    categories: tuple[str, ...] = Field(description="Every category of the catalogue, by name.")
    n_items: int
