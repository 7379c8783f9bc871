"""The items of lists: as in the catalogue, with a score, and at a rank."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

from serving.schemas import Reason


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One row of `items`, in the order of its columns."""

    item_id: str
    title: str
    categories: tuple[str, ...]
    vendor: str | None
    released: int | None  # year


class ScoredItem(NamedTuple):
    """A candidate for a list. Some hundred are created for an answer."""

    item: CatalogueItem
    score: float


@dataclass(slots=True)
class ListedItem:
    """An item at its rank, with the fields of `schemas.ListedItem`.

    It is not frozen: that would take three times as long to create, of 80 items of an answer.
    """

    item_id: str
    title: str
    categories: tuple[str, ...]
    vendor: str | None
    released: int | None  # year
    rank: int
    score: float
    reason: Reason | None = None


def listed(
    items: Iterable[CatalogueItem],
    scores: Iterable[float],
    reasons: Iterable[Reason | None] = repeat(None),
) -> tuple[ListedItem, ...]:
    """Return the items with their scores, reasons and ranks, the first at rank 1."""
    return tuple(
        ListedItem(
            item.item_id,
            item.title,
            item.categories,
            item.vendor,
            item.released,
            rank,
            score,
            reason,
        )
        for rank, (item, score, reason) in enumerate(zip(items, scores, reasons, strict=False), 1)
    )
