"""The basket of a shop: what the visitor put into it and has not bought."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import product_api
from dashboards.demo.basket import contents
from dashboards.demo.words import kinds
from dashboards.text import esc
from serving.client import Client
from serving.errors import ApiUnavailableError, TooManyChangesError
from serving.schemas import About, KindEvent, KindMeaning
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, keys, labels, posters, words
from tests.support.dashboards.demo_pages import as_user, home, press
from tests.support.dashboards.visitors import Visitors

BASKET = "demo/basket/page.py"
ABOUT = shop.about(rates=False)
USER = "0042"
CHEAP, DEAR, SOLD_OUT = shop.ITEMS[1], shop.ITEMS[2], shop.ITEMS[4]  # €1.90, €2.90


@pytest.fixture
def market(visitors: Visitors) -> Visitors:
    """The visitors of a shop with a basket and prices."""
    visitors.rates = False
    return visitors


def put(market: Visitors, *item_ids: str, n: int = 1) -> None:
    market.events([{"user_id": USER, "item_id": i, "kind": "cart", "value": n} for i in item_ids])


def opened(page: Page) -> AppTest:
    shown = as_user(page(BASKET), USER).run()
    assert not shown.exception
    return shown


def events(*kinds_and_items: tuple[str, str]) -> list[KindEvent]:
    """Return events of these kinds and items, given the oldest first, as the API returns them."""
    sent = [
        KindEvent(
            event_id=str(n),
            kind=kind,
            item_id=item_id,
            value=1,
            occurred_at=shop.NOW + timedelta(seconds=n),
        )
        for n, (kind, item_id) in enumerate(kinds_and_items)
    ]
    return sent[::-1]


def ids(sent: Sequence[KindEvent], about: About = ABOUT) -> dict[str, list[str]]:
    added = contents.in_basket(sent, about)
    return {item_id: [event.event_id for event in of_item] for item_id, of_item in added.items()}


def test_what_was_added_after_the_last_purchase_is_in_the_basket() -> None:
    sent = events(("cart", "a"), ("cart", "b"), ("purchase", "a"), ("cart", "c"), ("cart", "b"))

    assert [*ids(sent).items()] == [("c", ["3"]), ("b", ["4", "1"])]  # "b" came before "c"
    assert ids(events(("cart", "a"), ("purchase", "a"), ("cart", "a"))) == {"a": ["2"]}
    assert ids(events(("purchase", "a"))) == ids([]) == {}


def test_a_purchase_at_the_time_of_the_event_that_added_the_item_has_bought_it() -> None:
    added, bought = events(("purchase", "a"), ("cart", "a"))
    at_once = [added, bought.model_copy(update={"occurred_at": added.occurred_at})]

    assert ids(at_once) == {}


def test_quantities_are_added_and_other_values_are_not() -> None:
    twice = [event.model_copy(update={"value": 2.0}) for event in events(("cart", "a")) * 2]
    timed = shop.KINDS["cart"].model_copy(update={"value": "amount"})

    assert contents.n_pieces(twice, ABOUT) == 4
    assert contents.n_pieces(twice, ABOUT.model_copy(update={"kinds": {"cart": timed}})) == 2


def test_a_basket_needs_a_kind_that_puts_items_into_it() -> None:
    def shop_of(**of_kinds: KindMeaning) -> About:
        return ABOUT.model_copy(update={"kinds": of_kinds})

    add, bought = shop.KINDS["cart"], shop.KINDS["purchase"]
    assert kinds.basket_button(shop_of(view=add, purchase=bought)) is None
    assert kinds.basket_button(shop.about().model_copy(update={"kinds": shop.KINDS})) is None
    both = shop_of(add_to_cart=add, view=bought, like=add, order=bought)
    assert [
        button and button.kind
        for button in (kinds.basket_button(both), kinds.purchase_button(both))
    ] == [
        "add_to_cart",
        "order",
    ]
    assert kinds.basket_kinds(both) == ("add_to_cart", "order")
    assert kinds.purchase_button(shop_of(cart=bought)) is None
    two = shop_of(cart=add, add_to_cart=add, order=bought)
    assert kinds.basket_kinds(two) == ("add_to_cart", "order")  # no other kind takes an item out


def test_the_basket_has_what_was_added_with_prices_and_their_sum(
    page: Page, market: Visitors
) -> None:
    put(market, CHEAP.item_id, n=2)
    put(market, DEAR.item_id, SOLD_OUT.item_id)

    shown = opened(page)

    text = words(shown)
    assert esc("2 \u00d7 €1.90") in text
    assert esc("1 \u00d7 €2.90") in text
    assert f"**{esc('3 films · €6.70')}**" in text  # without the one that is sold out
    assert "Sold out" in text
    assert {f"buy-{CHEAP.item_id}", f"buy-{DEAR.item_id}", "buy-all"} <= keys(shown)
    assert f"buy-{SOLD_OUT.item_id}" not in keys(shown)
    titles = [label.strip("*") for label in labels(shown) if label.startswith("**")]
    assert titles == [esc(item.title) for item in (SOLD_OUT, DEAR, CHEAP)]


def test_an_item_is_removed_by_undoing_all_its_events_and_can_be_put_back(
    page: Page, market: Visitors
) -> None:
    put(market, CHEAP.item_id, DEAR.item_id, CHEAP.item_id)
    shown = opened(page)

    press(shown, f"remove-{CHEAP.item_id}")

    assert [event.item_id for event in market.sent[USER]] == [DEAR.item_id]
    assert f"**{esc(CHEAP.title)}** was removed from your basket." in words(shown)
    assert f"remove-{CHEAP.item_id}" not in keys(shown)
    press(shown, "put-back")
    assert [(e.item_id, e.kind, e.value) for e in market.sent[USER]] == [
        (DEAR.item_id, "cart", 1),
        (CHEAP.item_id, "cart", 2),
    ]
    assert f"remove-{CHEAP.item_id}" in keys(shown)
    press(shown, "undo")
    assert f"remove-{CHEAP.item_id}" not in keys(shown)


def change_number(shown: AppTest, item_id: str, before: int, after: int) -> AppTest:
    shown.number_input(key=f"pieces-{item_id}-{before}").set_value(after).run()
    assert not shown.exception
    return shown


def test_more_pieces_leave_the_line_in_its_place(page: Page, market: Visitors) -> None:
    put(market, CHEAP.item_id, DEAR.item_id)
    shown = opened(page)

    change_number(shown, CHEAP.item_id, 1, 3)

    assert [(e.item_id, e.value) for e in market.sent[USER]][-1] == (CHEAP.item_id, 2)
    assert shown.number_input(key=f"pieces-{CHEAP.item_id}-3").value == 3
    assert shown.toast[0].value == f"You added **{esc(CHEAP.title)}** to the basket"
    titles = [label.strip("*") for label in labels(shown) if label.startswith("**")]
    assert titles == [esc(item.title) for item in (DEAR, CHEAP)]


def test_fewer_pieces_undo_the_newest_events_and_can_be_put_back(
    page: Page, market: Visitors
) -> None:
    put(market, CHEAP.item_id, n=4)
    put(market, CHEAP.item_id)
    shown = opened(page)

    change_number(shown, CHEAP.item_id, 5, 2)

    [left] = market.sent[USER]
    assert (left.kind, left.value) == ("cart", 2)
    assert f"**{esc(CHEAP.title)}**: 2 in your basket." in words(shown)
    press(shown, "put-back")
    assert sum(event.value for event in market.sent[USER]) == 5


def test_what_is_left_of_an_event_keeps_its_time(page: Page, market: Visitors) -> None:
    added_at = shop.NOW - timedelta(hours=1)
    event = {"user_id": USER, "item_id": CHEAP.item_id, "kind": "cart", "value": 3}
    market.events([event | {"occurred_at": added_at.isoformat()}])
    shown = opened(page)

    change_number(shown, CHEAP.item_id, 3, 1)

    assert [(e.value, e.occurred_at) for e in market.sent[USER]] == [(1, added_at)]


def test_pieces_stay_in_the_basket_when_what_is_left_of_them_cannot_be_saved(
    page: Page, market: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(market, CHEAP.item_id, n=3)
    shown = opened(page)

    def failing(*_: object) -> str:
        raise TooManyChangesError("another one waits")

    monkeypatch.setattr(Client, "send_event", failing)

    change_number(shown, CHEAP.item_id, 3, 1)

    assert ":red[Not saved.] Another change is being saved." in words(shown)
    assert [event.value for event in market.sent[USER]] == [3]


def test_pieces_of_a_kind_without_quantities_are_events(
    page: Page, market: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart = ABOUT.kinds["cart"].model_copy(update={"value": "amount"})
    about = ABOUT.model_copy(update={"kinds": {**ABOUT.kinds, "cart": cart}})
    monkeypatch.setattr(product_api, "about", lambda _: fresh(about))
    put(market, CHEAP.item_id)
    shown = opened(page)

    change_number(shown, CHEAP.item_id, 1, 3)
    assert [event.value for event in market.sent[USER]] == [1, 1, 1]
    change_number(shown, CHEAP.item_id, 3, 2)

    assert [event.value for event in market.sent[USER]] == [1, 1]


def test_a_line_is_bought_with_all_its_pieces(page: Page, market: Visitors) -> None:
    put(market, CHEAP.item_id, DEAR.item_id)
    put(market, CHEAP.item_id, n=2)
    shown = opened(page)

    press(shown, f"buy-{CHEAP.item_id}")

    bought = market.events_of(USER, ["purchase"]).items
    assert [(event.item_id, event.value) for event in bought] == [(CHEAP.item_id, 3)]
    assert f"You bought **{esc(CHEAP.title)}**" in words(shown)
    assert f"buy-{CHEAP.item_id}" not in keys(shown)
    assert f"buy-{DEAR.item_id}" in keys(shown)


def test_all_that_is_in_stock_is_bought_at_once_and_can_be_undone(
    page: Page, market: Visitors
) -> None:
    put(market, CHEAP.item_id, n=2)
    put(market, DEAR.item_id, SOLD_OUT.item_id)
    shown = opened(page)

    press(shown, "buy-all")

    bought = market.events_of(USER, ["purchase"]).items
    assert {(event.item_id, event.value) for event in bought} == {
        (CHEAP.item_id, 2),
        (DEAR.item_id, 1),
    }
    assert "You bought 3 films. Your list" in words(shown)
    assert "buy-all" not in keys(shown)  # what is left is sold out
    assert f"remove-{SOLD_OUT.item_id}" in keys(shown)
    press(shown, "undo")
    assert market.events_of(USER, ["purchase"]).items == ()
    assert "Undone for 2 films." in words(shown)
    assert "buy-all" in keys(shown)


def test_of_an_order_that_fails_halfway_the_rest_stays_in_the_basket(
    page: Page, market: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(market, CHEAP.item_id, DEAR.item_id)
    shown = opened(page)
    send = Client.send_event

    def failing(self: Client, event: object) -> str:
        if CHEAP.item_id in str(event):
            raise ApiUnavailableError("restarting")
        return send(self, event)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(Client, "send_event", failing)

    press(shown, "buy-all")

    assert ":red[Not saved.]" in words(shown)
    assert f"buy-{CHEAP.item_id}" in keys(shown)
    assert f"buy-{DEAR.item_id}" not in keys(shown)


def test_the_shelves_of_the_placement_follow_the_basket(page: Page, market: Visitors) -> None:
    put(market, shop.ITEMS[0].item_id, CHEAP.item_id)

    shown = opened(page)

    assert "Goes well with your basket" in words(shown)
    first = posters(shown)[0]
    assert first
    assert not {shop.ITEMS[0].item_id, CHEAP.item_id} & {*first}


@pytest.mark.usefixtures("market")
def test_an_empty_basket_says_how_to_fill_it(page: Page) -> None:
    shown = opened(page)

    assert "Your basket is empty" in words(shown)
    assert "buy-all" not in keys(shown)
    assert posters(shown)


def test_an_item_that_left_the_catalogue_is_not_in_the_basket(page: Page, market: Visitors) -> None:
    put(market, "gone", CHEAP.item_id)

    shown = opened(page)

    assert f"remove-{CHEAP.item_id}" in keys(shown)
    assert "remove-gone" not in keys(shown)


@pytest.mark.usefixtures("market")
def test_without_prices_the_basket_has_numbers_alone(
    page: Page, market: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ABOUT.model_copy(update={"display": shop.about().display})
    monkeypatch.setattr(product_api, "about", lambda _: fresh(plain))
    put(market, CHEAP.item_id, CHEAP.item_id)

    shown = opened(page)

    assert f"**{esc('2 films')}**" in words(shown)
    assert "€" not in words(shown)


def test_a_card_on_the_home_page_fills_the_basket(page: Page, market: Visitors) -> None:
    item = market.recommendations(USER, 20).items[0]

    press(home(page), f"act-cart-picked-{item.item_id}")

    assert f"remove-{item.item_id}" in keys(opened(page))
