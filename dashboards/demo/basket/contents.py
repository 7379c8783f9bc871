"""What is in a user's basket: what they put into it and have not bought.

It is derived from the events that the API has of the user, and stored nowhere else. An item is in
the basket if an event such as "Add to basket" is newer than the item's newest purchase.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards import offers, product_api
from dashboards.demo.words import kinds
from dashboards.offers import Offer
from dashboards.text import plural
from serving.schemas import About, ItemDetails, KindEvent


@dataclass(frozen=True)
class Line:
    """An item of the basket, the number of its pieces, and the events that put them there."""

    item: ItemDetails
    n: int
    event_ids: tuple[str, ...]
    offer: Offer


def lines(dataset: str, user_id: str, about: About) -> list[Line]:
    """Return the lines of the user's basket; the item that was added last is first.

    Items that have left the catalogue are left out.

    Raises:
        ApiError: as of `product_api`.
    """
    added = in_basket(
        product_api.events(dataset, user_id, kinds.basket_kinds(about)).value.items, about
    )
    items = product_api.details(dataset, [*added]) if added else []
    by_id = {item.item_id: item for item in items}
    return [
        Line(by_id[i], n_pieces(events, about), _ids(events), offers.of(by_id[i], about))
        for i, events in added.items()
        if i in by_id and n_pieces(events, about) > 0
    ]


def in_basket(events: Sequence[KindEvent], about: About) -> dict[str, list[KindEvent]]:
    """Return, by item, the events that put it into the basket since it was last bought.

    `events` are newest first, and so are the items.
    """
    add = kinds.basket_button(about)
    added: dict[str, list[KindEvent]] = {}
    if add is None:
        return added
    purchases = [event for event in events if event.kind != add.kind]
    bought_at = {event.item_id: event.occurred_at for event in reversed(purchases)}
    for event in events:
        until = bought_at.get(event.item_id)
        if event.kind == add.kind and (until is None or event.occurred_at > until):
            added.setdefault(event.item_id, []).append(event)
    return added


def n_pieces(events: Sequence[KindEvent], about: About) -> int:
    """Return the sum of the events' quantities; their number if their values are no quantities."""
    counted = about.kinds[events[0].kind].value == "count"
    return round(sum(event.value for event in events)) if counted else len(events)


def total(lines: Sequence[Line], about: About) -> str:
    """Return the number and the price of all pieces: "3 products · €49.70"."""
    n = sum(line.n for line in lines)
    pairs = [(offers.price(line.item, about), line.n) for line in lines]
    prices = [price * n for price, n in pairs if price is not None]
    sum_text = offers.price_text(sum(prices), about.display.currency) if prices else ""
    return " · ".join(filter(None, [plural(about.item_noun, n), sum_text]))


def _ids(events: Sequence[KindEvent]) -> tuple[str, ...]:
    return tuple(event.event_id for event in events)
