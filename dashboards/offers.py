"""The offer of an item in a shop: its price, whether it is sold out, and its picture.

The manifest's `[display]` names the attributes. Without them, items have no offer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from dashboards import product_api
from dashboards.covers import product
from dashboards.settings import AppSettings
from dashboards.ui import Card
from serving.schemas import About, Item, ItemDetails

ItemT = TypeVar("ItemT", bound=Item)

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}  # written before the number
_WITHOUT_CENTS = ("JPY", "KRW", "ISK")
CEILINGS = (10, 25, 50, 100, 200)  # of prices, to choose from


@dataclass(frozen=True)
class Offer:
    """`price` is plain text such as "€49.90"; `drawing` is SVG; `picture` is an address.

    Each may be empty.
    """

    price: str = ""
    is_sold_out: bool = False
    drawing: str = ""
    picture: str = ""

    @property
    def image(self) -> str:
        """What to show of the item: its picture, else the drawing."""
        return self.picture or self.drawing


NONE = Offer()


def are_shown(about: About) -> bool:
    """Return whether the data set is a shop: its manifest names a price, a stock or a picture."""
    display = about.display
    return any(name is not None for name in (display.price, display.stock, display.picture))


def of_items(dataset: str, items: Iterable[Item], about: About) -> Mapping[str, Offer]:
    """Return the offers by item id. No item has one if the data set is no shop.

    Raises:
        ApiError: as of `product_api`.
    """
    if not are_shown(about):
        return {}
    item_ids = tuple(sorted({item.item_id for item in items}))
    details = product_api.details(dataset, item_ids)
    return {item.item_id: of(item, about) for item in details}


def of(item: ItemDetails, about: About) -> Offer:
    """Return the offer of an item; an empty one if the data set is no shop."""
    if not are_shown(about):
        return NONE
    display, attributes = about.display, item.attributes
    number, picture = price(item, about), attributes.get(display.picture or "")
    return Offer(
        price="" if number is None else price_text(number, display.currency),
        is_sold_out=not item.available or attributes.get(display.stock or "") == 0,
        drawing=product(item.title, next(iter(item.categories), None)),
        picture=picture if isinstance(picture, str) and is_shown(picture) else "",
    )


def on_sale(items: Iterable[ItemT], offered: Mapping[str, Offer]) -> list[ItemT]:
    """Return the items without those that are sold out."""
    return [item for item in items if not offered.get(item.item_id, NONE).is_sold_out]


def price(item: ItemDetails, about: About) -> float | None:
    """Return the price of an item, in the currency of the manifest; None if it has none."""
    value = item.attributes.get(about.display.price or "")
    return value if isinstance(value, float | int) else None


def card(item: Item, offer: Offer, note: str = "") -> Card:
    """Return the card of an item with its offer."""
    price = " · ".join(filter(None, [offer.price, "sold out" if offer.is_sold_out else ""]))
    return Card(
        item, note, price=price, drawing=offer.drawing, picture=offer.picture,
        can_act=not offer.is_sold_out,
    )  # fmt: skip


def price_text(price: float, currency: str) -> str:
    """Return a price with its currency: "€1,049.90", "49.90 CHF"."""
    digits = 0 if currency in _WITHOUT_CENTS else 2
    number = f"{price:,.{digits}f}"
    if currency in _SYMBOLS:
        return f"{_SYMBOLS[currency]}{number}"
    return f"{number} {currency}".rstrip()


def is_shown(address: str) -> bool:
    """Return whether the address is one of a picture on an allowed host."""
    try:
        split = urlsplit(address)
    except ValueError:  # such as `https://[`
        return False
    return split.scheme == "https" and split.netloc in AppSettings().picture_hosts


def in_stock(about: About) -> str | None:
    """Return the filter of items that can be bought; None if the manifest names no stock."""
    stock = about.display.stock
    return None if stock is None else f"available and not {_quoted(stock)} <= 0"


def up_to(price: str, about: About) -> str:
    """Return the filter of items up to a price."""
    return f"{_quoted(about.display.price or '')} <= {price}"


def _quoted(name: str) -> str:
    return f"`{name}`"
