"""The shelves of a placement, as an operator composed them, on the pages of the demo."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from dashboards import offers, product_api
from dashboards.answers import CachedAnswer
from dashboards.demo.basket import contents
from dashboards.demo.words import kinds, reasons
from dashboards.offers import Offer
from dashboards.ui import Card
from serving.schemas import About, FilledShelf, ListedItem, Placement
from serving.schemas.placements import MAX_GIVEN_ITEMS

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


def home(dataset: str, user_id: str, about: About) -> CachedAnswer[Placement]:
    """Return the shelves of the home page, without the items of the user's basket.

    Raises:
        ApiError: as of `product_api`.
    """
    return answer(dataset, HOME, user_id, about, of_basket(dataset, user_id, about))


def of_basket(dataset: str, user_id: str, about: About) -> tuple[str, ...]:
    """Return the ids of the items in the user's basket; of very many, those that were added last.

    Raises:
        ApiError: as of `product_api`.
    """
    if kinds.basket_button(about) is None:
        return ()
    events = product_api.events(dataset, user_id, kinds.basket_kinds(about)).value.items
    return tuple(contents.in_basket(events, about))[:MAX_GIVEN_ITEMS]


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
