"""The shelves of the home page that no placement can say: what a user gets, and their items.

They follow from what the user liked last, from the vendor or decade of most of what they liked, and
from the category that they know least.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dashboards import product_api
from dashboards.answers import CachedAnswer
from dashboards.demo.words import kinds
from serving.schemas import About, Item, ListedItem, RatedItem, Shelf, SimilarItems

ItemT = TypeVar("ItemT", bound=Item)
DECADE = 10  # years
FETCHED = 100  # items per shelf, before those that the user rated or hid are left out
LIKED_FROM = 0.75  # of the way from the lowest rating to the highest


@dataclass(frozen=True)
class HomeShelf:
    """One shelf. `key` is unique on the page."""

    title: str
    key: str
    answer: CachedAnswer[Shelf] | CachedAnswer[SimilarItems]


@dataclass(frozen=True)
class Taste:
    """What a user likes, the best first; what the first shelf is similar to, and how it began.

    `did` is what the user did with the item `last`, such as "liked Alien".
    """

    likes: Sequence[Item]
    last: Item | None
    did: str
    touched: Sequence[Item]  # liked or not


def of_ratings(rated: Sequence[RatedItem], about: About) -> Taste:
    """Return the taste of a user who rates."""
    likes = liked(rated, about)
    last = last_liked(likes)
    return Taste(likes, last, f"liked {last.title}" if last else "", rated)


def of_reasons(dataset: str, listed: Sequence[ListedItem], about: About) -> Taste:
    """Return the taste of a user who acts without ratings, from the reasons of their list.

    These name the items that decide most about it. A purchase comes before a view.

    Raises:
        ApiError: as of `product_api`.
    """
    reasons = [item.reason for item in listed if item.reason and item.reason.event_kind]
    counts = Counter((reason.event_kind or "", reason.item_id or "") for reason in reasons)
    weights = {kind: meaning.weight for kind, meaning in about.kinds.items()}
    best = sorted(counts, key=lambda pair: (-weights.get(pair[0], 0), -counts[pair], pair))
    answers = [product_api.item(dataset, item_id) for _, item_id in best]
    pairs = [
        (kind, answer.value) for (kind, _), answer in zip(best, answers, strict=True) if answer
    ]
    likes = [item for _, item in pairs]
    if not pairs:
        return Taste((), None, "", ())
    return Taste(likes, likes[0], kinds.past_act(pairs[0][0], about, likes[0].title), likes)


def of(dataset: str, taste: Taste, about: About) -> Iterator[HomeShelf]:
    """Yield the shelves below the placement, top to bottom.

    Raises:
        ApiError: as of `product_api`.
    """
    likes, last = taste.likes, taste.last
    if last and (similar := product_api.similar(dataset, last.item_id, FETCHED)):
        yield HomeShelf(f"Because you {taste.did}", "because", similar)
    if vendor := favourite_vendor(likes):
        by_vendor = product_api.vendor_items(dataset, vendor, FETCHED)
        yield HomeShelf(f"More from {vendor}", "vendor", by_vendor)
    elif decade := favourite_decade(likes):
        released = product_api.popular_in_years(dataset, decade, decade + DECADE - 1, FETCHED)
        yield HomeShelf(f"More from the {decade}s", "decade", released)
    least = least_rated_category(taste.touched, about) if likes else None
    if least and least != favourite_category(likes):
        popular = product_api.popular(dataset, least, FETCHED)
        yield HomeShelf(f"New to you: {least}", "category", popular)


def liked(rated: Sequence[RatedItem], about: About) -> list[RatedItem]:
    """Return the items that a user rated high, best first, newest first among equal ratings."""
    threshold = about.lowest + LIKED_FROM * (about.highest - about.lowest)
    likes = [item for item in rated if item.rating >= threshold]
    return sorted(likes, key=lambda item: (-item.rating, -item.rated_at.timestamp()))


def last_liked(likes: Sequence[RatedItem]) -> RatedItem | None:
    """Return the item that was rated last."""
    return max(likes, key=lambda item: (item.rated_at, item.item_id), default=None)


def favourite_category(likes: Sequence[Item]) -> str | None:
    """Return the most frequent category, the first by name among equals."""
    counts = Counter(name for item in likes for name in item.categories)
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def least_rated_category(rated: Sequence[Item], about: About) -> str | None:
    """Return the category with the fewest ratings, the first by name among equals."""
    counts = Counter(name for item in rated for name in item.categories)
    return min(about.categories, key=lambda name: (counts[name], name), default=None)


def favourite_vendor(likes: Sequence[Item]) -> str | None:
    """Return the most frequent vendor; none if the data set names no vendors."""
    counts = Counter(item.vendor for item in likes if item.vendor)
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def favourite_decade(likes: Sequence[Item]) -> int | None:
    """Return the first year of the most frequent decade, the later one among equals."""
    counts = Counter(item.released // DECADE * DECADE for item in likes if item.released)
    return max(counts, key=lambda year: (counts[year], year), default=None)


def unseen(items: Iterable[ItemT], seen: Container[str], n: int) -> list[ItemT]:
    """Return the first `n` items whose ids are not among the seen ones."""
    return [item for item in items if item.item_id not in seen][:n]


def merged(items: Sequence[Item], shown: Sequence[Item], touched: Container[str]) -> list[Item]:
    """Return the new list, with touched items at the positions where they were shown.

    A card that was rated or hidden does not move under the pointer until the next visit.
    """
    result = [item for item in items if item.item_id not in touched]
    for position, item in enumerate(shown):
        if item.item_id in touched:
            result.insert(position, item)
    return result


def n_new(after: Sequence[Item], before: Sequence[Item]) -> int:
    """Return how many items of the list `after` are not on the list `before`."""
    return len({item.item_id for item in after} - {item.item_id for item in before})
