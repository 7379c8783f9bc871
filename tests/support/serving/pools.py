"""Items with scores, to be arranged by slate rules."""

from collections.abc import Sequence

from serving.items import CatalogueItem, ScoredItem


def item(item_id: str, categories: Sequence[str] = "", vendor: str | None = None) -> CatalogueItem:
    """Return an item of the catalogue; each letter of a text is a category."""
    return CatalogueItem(item_id, item_id, (*categories,), vendor, None)


def scored(
    item_id: str, score: float, categories: Sequence[str] = "", vendor: str | None = None
) -> ScoredItem:
    return ScoredItem(item(item_id, categories, vendor), score)


def ids(items: Sequence[ScoredItem]) -> str:
    return " ".join(scored.item.item_id for scored in items)
