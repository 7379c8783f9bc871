"""Prices, stock and pictures of a shop's items."""

from dataclasses import replace

import pytest

from dashboards import offers, product_api
from dashboards.covers import product
from dashboards.demo import shelves
from dashboards.demo.shelves import HomeShelf
from dashboards.offers import Offer
from dashboards.text import day, esc
from serving.schemas import ItemDetails
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, labels, posters, words
from tests.support.dashboards.demo_pages import ITEM, home
from tests.support.dashboards.visitors import Visitors

BROWSE = "demo/browse.py"
ABOUT = shop.about(rates=False)
IN_STOCK, SOLD_OUT = shop.ITEMS[2], shop.ITEMS[4]
PICTURE = "https://img.example.org/tea%201.jpg"


@pytest.fixture
def market(visitors: Visitors) -> Visitors:
    """The visitors of a shop with prices and stock."""
    visitors.rates = False
    return visitors


def details(*, available: bool = True, **attributes: str | float) -> ItemDetails:
    item = ItemDetails(**IN_STOCK.model_dump(), attributes=attributes)
    return item.model_copy(update={"available": available})


@pytest.mark.parametrize(
    ("currency", "text"),
    [
        ("EUR", "€1,049.90"),
        ("USD", "$1,049.90"),
        ("CHF", "1,049.90 CHF"),
        ("JPY", "¥1,050"),
        ("", "1,049.90"),
    ],
)
def test_a_price_has_its_currency(currency: str, text: str) -> None:
    assert offers.price_text(1049.9, currency) == text


def test_an_item_is_sold_out_without_stock_or_when_the_product_says_so() -> None:
    assert not offers.of(details(price=3.0, stock=2.0), ABOUT).is_sold_out
    assert not offers.of(details(price=3.0), ABOUT).is_sold_out
    assert offers.of(details(price=3.0, stock=0.0), ABOUT).is_sold_out
    assert offers.of(details(stock=2.0, available=False), ABOUT).is_sold_out
    assert offers.of(details(price="cheap"), ABOUT).price == ""


def test_a_product_has_a_drawing_and_an_item_of_no_shop_none() -> None:
    drawn = offers.of(details(price=3.0), ABOUT)
    assert drawn.image == drawn.drawing == product(IN_STOCK.title, IN_STOCK.categories[0])
    assert replace(drawn, picture=PICTURE).image == PICTURE

    assert offers.of(details(price=3.0), shop.about()) == Offer()


@pytest.mark.parametrize(
    ("address", "is_shown"),
    [
        (PICTURE, True),
        (PICTURE.replace("https", "http"), False),
        (PICTURE.replace("img.", "evil."), False),
        ("https://img.example.org@evil.example/tea.jpg", False),
        ("javascript:alert(1)", False),
        ("https://[", False),
        ("https://[img.example.org]/tea.jpg", False),
        ("", False),
    ],
)
def test_pictures_are_shown_from_allowed_hosts_alone(
    address: str,
    is_shown: bool,  # noqa: FBT001 # a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert offers.of(details(picture=PICTURE), ABOUT).picture == ""
    monkeypatch.setenv("APP_PICTURE_HOSTS", '["img.example.org"]')

    assert offers.of(details(picture=address), ABOUT).picture == (address if is_shown else "")


def test_a_data_set_without_prices_asks_for_no_details(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(product_api, "details")

    assert offers.of_items("playground", shop.ITEMS, shop.about()) == {}


@pytest.mark.usefixtures("market")
def test_cards_have_prices_and_no_button_if_sold_out(page: Page) -> None:
    shown = home(page)

    first, *_ = product_api.placement("playground", "home", "0042", ()).value.shelves
    item_ids = [item.item_id for item in first.items]
    sold_out = [item_id for item_id in item_ids if int(item_id[1:]) % 5 == 4]
    assert sold_out
    shown_keys = {button.key for button in shown.button}
    for item_id in item_ids:
        assert (f"act-cart-picked-{item_id}" in shown_keys) == (item_id not in sold_out)
        assert esc(f"€{int(item_id[1:])}.90") in words(shown)
    assert labels(shown).count("Add to basket") == len(item_ids) - len(sold_out)


@pytest.mark.usefixtures("market")
def test_the_shelves_below_the_placement_have_nothing_that_is_sold_out(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = product_api.popular("playground", None, 100)
    monkeypatch.setattr(shelves, "of", lambda *_: [HomeShelf("More", "vendor", answer)])
    shown = home(page)

    *_, below = posters(shown)
    assert len(below) == 12
    assert not [item_id for item_id in below if int(item_id[1:]) % 5 == 4]


@pytest.mark.usefixtures("market")
def test_a_page_has_price_and_stock_and_sells_nothing_that_is_sold_out(page: Page) -> None:
    for item, is_sold_out in ((IN_STOCK, False), (SOLD_OUT, True)):
        shown = page(ITEM)
        shown.query_params["id"] = item.item_id
        shown.run()

        assert not shown.exception
        assert shown.subheader[0].value == esc(f"€{int(item.item_id[1:])}.90")
        assert ("Sold out" in words(shown)) == is_sold_out
        assert ("In stock" in words(shown)) != is_sold_out
        assert shown.button(key=f"act-purchase-item-{item.item_id}").disabled == is_sold_out


@pytest.mark.usefixtures("market")
def test_the_catalogue_is_filtered_by_price_and_stock(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    ask = product_api.items

    def noting(*args: object, where: str | None = None, **kwargs: object) -> object:
        asked.append(where)
        return ask(*args, **kwargs)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(product_api, "items", noting)
    shown = page(BROWSE)
    shown.query_params["category"] = "Western"  # one page
    shown.run()
    shown.selectbox(key="up_to").set_value("25").run()
    shown.toggle(key="in_stock").set_value(v=True).run()

    assert not shown.exception
    assert asked == [None, "`price` <= 25", "`price` <= 25 and available and not `stock` <= 0"]
    assert "6 of 90 films" in words(shown)


@pytest.mark.usefixtures("visitors")
def test_a_catalogue_of_films_has_no_prices(page: Page) -> None:
    shown = page(BROWSE).run()

    assert not shown.exception
    assert "up_to" not in {box.key for box in shown.selectbox}
    assert not shown.toggle


def test_a_time_is_shown_as_a_day() -> None:
    assert day("2026-05-21T00:00:00Z") == "21 May 2026"
    assert day("soon") == "soon"
