"""A data set without ratings: its pages have buttons by kind of event, such as "Buy"."""

import re
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import product_api
from dashboards.demo.feedback import callbacks
from dashboards.demo.words import kinds
from dashboards.text import esc
from serving.client import Client
from serving.errors import ApiUnavailableError
from serving.schemas import ItemDetails, KindMeaning
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, keys, labels, words
from tests.support.dashboards.demo_pages import HOME, ITEM, RATINGS, as_user, home, own_user, press
from tests.support.dashboards.visitors import Visitors

FIRST = shop.ITEMS[0]


@pytest.fixture
def market(visitors: Visitors) -> Visitors:
    """The visitors of a shop whose manifest has views, carts and purchases, and no ratings."""
    visitors.rates = False
    return visitors


def test_a_card_puts_its_item_into_the_basket_and_the_list_changes(
    page: Page, market: Visitors
) -> None:
    shown = home(page)
    item = market.recommendations("0042", 20).items[0]
    assert not shown.get("feedback")

    press(shown, f"act-cart-picked-{item.item_id}")

    assert market.acted == [("0042", item.item_id, "cart")]
    assert f"You added **{esc(item.title)}** to the basket. Your list" in words(shown)


def test_an_item_has_all_buttons_the_one_with_most_weight_first(
    page: Page, market: Visitors
) -> None:
    shown = page(ITEM)
    shown.query_params["id"] = FIRST.item_id
    shown.run()
    assert not shown.exception

    press(shown, f"act-cart-item-{FIRST.item_id}")

    assert [label for label in labels(shown) if label in {"Buy", "Add to basket", "View"}] == [
        "Buy",
        "Add to basket",
    ]
    user = own_user(shown)
    assert market.acted == [(user, FIRST.item_id, "view"), (user, FIRST.item_id, "cart")]
    assert f"You added **{esc(FIRST.title)}** to the basket" in words(shown)


def test_an_action_can_be_undone(page: Page, market: Visitors) -> None:
    shown = home(page)
    item = market.recommendations("0042", 20).items[0]
    press(shown, f"act-cart-picked-{item.item_id}")

    press(shown, "undo")

    assert market.newest["0042", item.item_id] == "undone"
    assert f"Undone for **{esc(item.title)}**" in words(shown)
    assert "undo" not in keys(shown)


def test_a_page_that_is_open_is_a_view_once_and_not_of_an_operator(
    page: Page, market: Visitors
) -> None:
    shown = page(ITEM)
    shown.query_params["id"] = FIRST.item_id
    shown.run().run()
    assert [kind for _, _, kind in market.acted] == ["view"]

    another = as_user(page(ITEM), "0042")
    another.query_params["id"] = FIRST.item_id
    another.run()
    assert not another.exception
    assert len(market.acted) == 1


def test_a_reload_or_another_tab_is_no_further_view_until_half_an_hour_later(
    page: Page, market: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(item_id: str, browser: str | None = None) -> AppTest:
        shown = page(ITEM)
        shown.query_params["id"] = item_id
        if browser is not None:
            shown.session_state["browser"] = browser
        return shown.run()

    browser = opened(FIRST.item_id).session_state["browser"]
    opened(FIRST.item_id, browser)
    opened(shop.ITEMS[1].item_id, browser)
    opened(FIRST.item_id, browser)
    viewed = [item_id for _, item_id, _ in market.acted]
    assert viewed == [FIRST.item_id, shop.ITEMS[1].item_id]

    monkeypatch.setattr(callbacks, "SAME_VIEW", timedelta(seconds=-60))
    opened(FIRST.item_id, browser)
    assert len(market.acted) == 3


@pytest.mark.usefixtures("market")
def test_an_item_is_shown_while_views_cannot_be_saved(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise ApiUnavailableError("restarting")

    monkeypatch.setattr(Client, "send_events", unavailable)
    shown = page(ITEM)
    shown.query_params["id"] = FIRST.item_id

    shown.run()

    assert not shown.exception
    assert shown.title[0].value == esc(FIRST.title)
    press(shown, f"act-purchase-item-{FIRST.item_id}")
    assert ":red[Not saved.]" in words(shown)


@pytest.mark.usefixtures("market")
def test_a_kind_that_the_api_has_not_is_not_saved(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = shop.about(rates=False)
    renamed = about.model_copy(update={"kinds": {"eat": shop.KINDS["purchase"]}})
    monkeypatch.setattr(product_api, "about", lambda _: fresh(renamed))
    shown = home(page)
    home_page = product_api.placement("playground", "home", "0042", ()).value
    item_id = home_page.shelves[0].items[0].item_id

    press(shown, f"act-eat-picked-{item_id}")

    assert ":red[Not saved.] The recommendation service rejected the change." in words(shown)


@pytest.mark.usefixtures("market")
def test_attributes_are_shown_and_are_literal(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = {"weight": 49.9, "brand": "*Otto* :tada:", "tags": ("a",), "text": "x" * 101}
    item = ItemDetails(**FIRST.model_dump(), attributes=attributes)
    monkeypatch.setattr(product_api, "item", lambda *_: fresh(item))
    shown = page(ITEM)
    shown.query_params["id"] = FIRST.item_id

    shown.run()

    text = words(shown)
    assert f":gray[Weight] {esc('49.9')}" in text
    assert f":gray[Brand] {esc('*Otto* :tada:')}" in text
    assert "Tags" not in text
    assert "xxx" not in text


@pytest.mark.usefixtures("market")
def test_the_start_of_sale_is_named_as_such(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    about = shop.about(rates=False)
    dated = about.display.model_copy(update={"since": "created_at"})
    times = {**about.attributes, "created_at": "time"}
    with_day = about.model_copy(update={"display": dated, "attributes": times})
    item = ItemDetails(**FIRST.model_dump(), attributes={"created_at": "2026-03-01T00:00:00Z"})
    monkeypatch.setattr(product_api, "about", lambda _: fresh(with_day))
    monkeypatch.setattr(product_api, "item", lambda *_: fresh(item))
    shown = page(ITEM)
    shown.query_params["id"] = FIRST.item_id

    shown.run()

    assert ":gray[Sold since] 1 March 2026" in words(shown)


@pytest.mark.usefixtures("market")
def test_a_new_visitor_may_delete_their_data_and_is_not_asked_to_rate(page: Page) -> None:
    data = page(RATINGS).run()
    assert not data.exception
    assert data.title[0].value == "My data"
    assert "Nothing yet: your list follows what you do" in words(data)
    assert "Delete now" in labels(data)

    shown = page(HOME).run()

    assert not shown.exception
    assert "Rate a few" not in words(shown)


def test_my_data_has_what_the_user_did(page: Page, market: Visitors) -> None:
    item = market.recommendations("0042", 20).items[0]
    press(home(page), f"act-cart-picked-{item.item_id}")

    data = as_user(page(RATINGS), "0042").run()

    assert not data.exception
    assert f"You added **{esc(item.title)}** to the basket :gray[· " in words(data)
    assert "Nothing yet" not in words(data)


@pytest.mark.usefixtures("market")
def test_a_shelf_says_what_users_did_together(page: Page) -> None:
    shown = page(ITEM)
    shown.query_params["id"] = FIRST.item_id

    shown.run()

    assert not shown.exception
    assert "Films that users often bought together with this film" in words(shown)


def test_items_are_taken_together_by_the_positive_kind_with_most_weight() -> None:
    rare = KindMeaning(weight=9, value="count", positive_from=0, repeatable=False, past="")
    unlike = KindMeaning(weight=99, value="count", positive_from=None, repeatable=True, past="seen")
    market = shop.about().model_copy(update={"lowest": 0, "highest": 1, "step": 1})

    def taken(**of_kinds: KindMeaning) -> str:
        return kinds.past_of_positive(market.model_copy(update={"kinds": of_kinds}))

    bought = shop.KINDS["purchase"]
    assert taken(purchase=bought, look=unlike) == "bought"
    assert taken(purchase=bought, rare=rare) == "chosen"
    assert taken(look=unlike) == "chosen"
    assert taken(cart=rare.model_copy(update={"past": "added {} to the basket"})) == "chosen"
    assert kinds.past_of_positive(shop.about()) == "liked"


def test_the_title_is_where_the_text_of_a_kind_has_its_place_and_both_are_escaped() -> None:
    cart = shop.KINDS["cart"].model_copy(update={"past": "*put* {} aside"})
    market = shop.about().model_copy(update={"kinds": shop.KINDS | {"cart": cart}})

    assert kinds.past_act("cart", market, "{} & *co*") == "*put* {} & *co* aside"
    assert kinds.past_act_markdown("cart", market, "**A {} b**") == r"\*put\* **A {} b** aside"
    assert kinds.past_act_markdown("purchase", market, "**A**") == "bought **A**"


def test_a_data_set_with_a_scale_keeps_its_stars() -> None:
    both = shop.about().model_copy(update={"kinds": shop.KINDS})

    assert kinds.buttons(both) == ()
    assert kinds.opening_kind(both) is None
    assert kinds.past_act("nap_twice", both, "Alien") == "did “nap twice” with Alien"


@pytest.mark.usefixtures("market")
def test_users_to_view_as_have_events_on_items(page: Page) -> None:
    shown = as_user(page(HOME), "0042").run()

    labels_of_users = [
        option for option in shown.selectbox(key="view-as").options if option.startswith("User")
    ]
    assert labels_of_users
    assert all(re.fullmatch(r"User \S+ · events on \d+ films?", x) for x in labels_of_users)
