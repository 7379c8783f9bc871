"""What the home page's shelves hold: which category, which vendor, which items are new to him."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from serving.schemas import About, Item, RatedItem

ItemT = TypeVar("ItemT", bound=Item)
DECADE = 10  # years


def favourite_category(likes: Sequence[Item]) -> str | None:
    """Return the category of most of what he likes, the first by name among equals."""
    counts = Counter(name for item in likes for name in item.categories)
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def new_category(rated: Sequence[Item], about: About) -> str | None:
    """Return the category that he has rated least of, the first by name among equals."""
    counts = Counter(name for item in rated for name in item.categories)
    return min(about.categories, key=lambda name: (counts[name], name), default=None)


def favourite_vendor(likes: Sequence[Item]) -> str | None:
    """Return who made most of what he likes; nobody where the data set names no vendor."""
    counts = Counter(item.vendor for item in likes if item.vendor)
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def favourite_decade(likes: Sequence[Item]) -> int | None:
    """Return the first year of the decade of most of what he likes, the later among equals."""
    counts = Counter(item.released // DECADE * DECADE for item in likes if item.released)
    return max(counts, key=lambda year: (counts[year], year), default=None)


def unseen(items: Iterable[ItemT], seen: Collection[str], n: int) -> list[ItemT]:
    """Return the first `n` items that are not among the seen ones."""
    return [item for item in items if item.item_id not in seen][:n]


def steady(found: Sequence[Item], shown: Sequence[Item], touched: Collection[str]) -> list[Item]:
    """Return the new list, with what was just rated or hidden where it stood.

    A card does not go away under somebody's pointer: it goes with the next visit.
    """
    merged = [item for item in found if item.item_id not in touched]
    for at, item in enumerate(shown):
        if item.item_id in touched:
            merged.insert(at, item)
    return merged


def n_new(after: Sequence[Item], before: Sequence[Item]) -> int:
    """Return how many items of a list were not on the one before."""
    return len({item.item_id for item in after} - {item.item_id for item in before})


def newest_liked(likes: Sequence[RatedItem]) -> RatedItem | None:
    """Return what he liked last."""
    return max(likes, key=lambda item: (item.rated_at, item.item_id), default=None)
