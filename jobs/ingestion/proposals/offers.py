"""Guess the columns of a shop's products: price, stock, start of sale and picture.

They become attributes of the items, and `[display]` names the attribute of each.
"""

import re
from collections.abc import Sequence
from typing import Final

from jobs.ingestion.proposals.files.profiles import Profile
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.proposals.words import names
from warehouse.manifests.sections import PICTURE_HOST

_STOCK: Final = (
    "stock instock stocklevel stockquantity stockqty onhand quantityavailable availablequantity "
    "inventory inventorylevel inventoryquantity variantinventoryqty"
)
_SINCE: Final = (
    "since createdat createdon created dateadded addedat addedon listedat listedon launchedat "
    "launchedon launchdate availablesince availablefrom onsalesince publishedat"
)
_PICTURES: Final = ("image", "img", "picture", "photo", "thumbnail", "cover", "poster")
_CURRENCIES: Final = "EUR USD GBP CHF JPY INR SEK NOK DKK PLN CZK CAD AUD"
_MOST, _MAX_HOSTS = 0.5, 3


def types(columns: Sequence[Profile]) -> dict[str, str]:
    """Return the types of those columns that are a price, a stock or a start of sale, by name."""
    found: dict[str, str] = {}
    for column in columns:
        if _is_price(column):
            found[column.name] = "number" if column.is_numeric else "text"
        elif _is_stock(column):
            found[column.name] = "number"
        elif _is_since(column):
            found[column.name] = "time"
    return found


def display(columns: Sequence[Profile], attributes: Guess | None) -> Fields:
    """Return the fields of `[display]`: the first attribute of each kind. None without any."""
    if attributes is None or not isinstance(attributes.value, dict):
        return {}
    chosen = [column for column in columns if column.name in attributes.value]
    prices = [column for column in chosen if _is_price(column) and column.is_numeric]
    fields: Fields = {}
    if prices:
        price = max(prices, key=lambda column: names.is_exact(column.name, "price"))
        fields |= {"price": _named(price), "currency": _currency(price)}
    for field, is_it in (("stock", _is_stock), ("since", _is_since), ("picture", _is_picture)):
        if column := next(filter(is_it, chosen), None):
            fields[field] = _named(column)
            if is_it is _is_picture:
                fields["picture_hosts"] = _hosts(column)
    return fields


def _named(column: Profile) -> Guess:
    return Guess(column.name, "by the name of the column")


def _is_price(column: Profile) -> bool:
    return "price" in names.roles(column.name) or "price" in names.words(column.name)


def _is_stock(column: Profile) -> bool:
    return names.plain(column.name) in _STOCK.split() and column.is_whole


def _is_since(column: Profile) -> bool:
    is_date = column.share_matching(r"^\d{4}-\d\d-\d\d") > _MOST
    return names.plain(column.name) in _SINCE.split() and is_date


def _is_picture(column: Profile) -> bool:
    is_named = any(word.startswith(_PICTURES) for word in names.words(column.name))
    return is_named and column.share_matching(r"^https://[^\s|,]+$") > _MOST


def _currency(price: Profile) -> Guess:
    words = [word.upper() for word in names.words(price.name)]
    codes = [word for word in words if word in _CURRENCIES.split()]
    if codes:
        return Guess(codes[0], "by the name of the column")
    return Guess("", "no column says it. Write its code, such as EUR")


def _hosts(column: Profile) -> Guess:
    links = (re.match("https://([^/?#]+)", text) for text in column.distinct.to_pylist())
    hosts = {link[1] for link in links if link and re.match(PICTURE_HOST, link[1])}
    return Guess(tuple(sorted(hosts)[:_MAX_HOSTS]), "the app shows pictures of these hosts only")
