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
    """An item of the basket, the number of its pieces, and the events that put them there.

    The newest event is first.
    """

    item: ItemDetails
    n: int
    events: tuple[KindEvent, ...]
    offer: Offer


def lines(dataset: str, user_id: str, about: About) -> list[Line]:
    """Return the lines of the user's basket; the item that was put there last is first.

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
        Line(by_id[i], n_pieces(events, about), tuple(events), offers.of(by_id[i], about))
        for i, events in added.items()
        if i in by_id and n_pieces(events, about) > 0
    ]


def in_basket(events: Sequence[KindEvent], about: About) -> dict[str, list[KindEvent]]:
    """Return, by item, the events that put it into the basket since it was last bought.

    `events` are newest first. The items are in the order in which they came into the basket, the
    last one first: another piece leaves them in their place.
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
    by_oldest = sorted(added.items(), key=lambda pair: pair[1][-1].occurred_at, reverse=True)
    return dict(by_oldest)


def n_pieces(events: Sequence[KindEvent], about: About) -> int:
    """Return the sum of the events' quantities; their number if their values are no quantities."""
    return round(sum(_quantity(event, about) for event in events))


def newest_pieces(
    events: Sequence[KindEvent], n: int, about: About
) -> tuple[Sequence[KindEvent], int]:
    """Return the newest events that have at least `n` pieces, and how many they have beyond it."""
    for n_events in range(1, len(events) + 1):
        rest = n_pieces(events[:n_events], about) - n
        if rest >= 0:
            return events[:n_events], rest
    return events, 0


def total(lines: Sequence[Line], about: About) -> str:
    """Return the number and the price of all pieces: "3 products · €49.70"."""
    n = sum(line.n for line in lines)
    pairs = [(offers.price(line.item, about), line.n) for line in lines]
    prices = [price * n for price, n in pairs if price is not None]
    sum_text = offers.price_text(sum(prices), about.display.currency) if prices else ""
    return " · ".join(filter(None, [plural(about.item_noun, n), sum_text]))


def _quantity(event: KindEvent, about: About) -> float:
    return event.value if about.kinds[event.kind].value == "count" else 1
