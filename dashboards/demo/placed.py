"""The shelves of a placement, as an operator composed them, on the pages of the demo."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from dashboards import product_api
from dashboards.answers import CachedAnswer
from dashboards.demo import offers
from dashboards.demo.offers import Offer
from dashboards.demo.words import reasons
from dashboards.ui import Card
from serving.schemas import About, FilledShelf, ListedItem, Placement

HOME, ITEM, BASKET = "home", "item", "basket"


def answer(
    dataset: str, name: str, user_id: str, about: About, item_ids: tuple[str, ...] = ()
) -> CachedAnswer[Placement]:
    """Return the shelves of a placement for a user, without items that are sold out.

    Raises:
        ApiError: as of `product_api`.
    """
    where = offers.in_stock(about)
    return product_api.placement(dataset, name, user_id, item_ids, where=where)


def of_user(placement: Placement) -> list[FilledShelf]:
    """Return the shelves that have the user's list."""
    return [shelf for shelf in placement.shelves if shelf.source == "for_you"]


def items(shelves: Iterable[FilledShelf]) -> list[ListedItem]:
    """Return the items of shelves, top to bottom."""
    return [item for shelf in shelves for item in shelf.items]


def with_keys(shelves: Iterable[FilledShelf]) -> Iterator[tuple[str, FilledShelf]]:
    """Yield shelves with keys that are unique on the page, also if a source has two of them."""
    n_of_source = Counter[str]()
    for shelf in shelves:
        number = n_of_source[shelf.source]
        n_of_source[shelf.source] += 1
        yield f"{shelf.source}-{number}" if number else shelf.source, shelf


def card(item: ListedItem, offered: Mapping[str, Offer], note: str = "") -> Card:
    """Return the card of an item, with the reason for it if there is one, else the note."""
    text = reasons.note(item) if item.reason else note
    return offers.card(item, offered.get(item.item_id, offers.NONE), text)
