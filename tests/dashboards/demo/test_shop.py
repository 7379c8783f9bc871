"""A visit of a shop in a real browser, with the real API: nothing is a stand-in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine

from serving.schemas import ItemContent
from tests.support.dashboards import real_shop
from tests.support.dashboards.browsing import DESKTOP, NEEDED, Visit, at_rest, own_user
from tests.support.dashboards.real_shop import RealShop

pytestmark = NEEDED


@pytest.fixture
def open_shop(
    publisher: Engine, owner: Engine, committing: str, tmp_path: Path
) -> Iterator[RealShop]:
    with real_shop.serving(publisher, owner, committing, tmp_path) as served:
        yield served


def follow(page: Page, name: str) -> None:
    at_rest(page).locator(".st-key-bar").get_by_role("link", name=name).click()


def press(page: Page, name: str) -> None:
    at_rest(page).get_by_role("button", name=name, exact=True).click()


def picked(page: Page) -> Locator:
    """Return the titles of the user's list, the best first."""
    return page.locator(".st-key-shelf-picked [class*=st-key-open-picked] button")


def test_a_visitor_puts_a_product_into_the_basket_and_buys_it(
    open_shop: RealShop, desktop: Page
) -> None:
    desktop.goto(open_shop.app)
    expect(desktop.get_by_text("Popular with everyone", exact=True)).to_be_visible()
    expect(picked(desktop).first).to_have_text("Opera 4")  # the most popular
    expect(desktop.locator(".st-key-shelf-picked").get_by_text("by many")).to_have_count(0)

    desktop.goto(f"{open_shop.app}/item?id=f2")
    expect(desktop.get_by_role("heading", name="Film 2", exact=True)).to_be_visible()
    expect(desktop.get_by_role("heading", name="€2.90", exact=True)).to_be_visible()
    expect(desktop).to_have_title("Film 2")
    expect(desktop.get_by_text("In your basket")).to_have_count(0)
    press(desktop, "Add to basket")
    expect(desktop.get_by_text("You added Film 2 to the basket. Your list")).to_be_visible()
    expect(desktop.get_by_text("In your basket")).to_be_visible()
    expect(desktop.get_by_text("on your list", exact=False)).to_have_count(0)
    follow(desktop, "For you")
    expect(desktop.get_by_text("Because you added Film 2 to the basket").first).to_be_visible()
    in_basket = at_rest(desktop).get_by_role("button", name=re.compile("^Film 2"))
    expect(in_basket).to_have_count(0)
    follow(desktop, "Basket (1)")

    expect(desktop.get_by_text("1 product · €2.90")).to_be_visible()
    goes_well = desktop.locator(".st-key-shelf-basket-together strong")
    expect(goes_well).to_have_text(["Opera 1", "Opera 2"])
    for n, total in ((2, "2 products · €5.80"), (1, "1 product · €2.90")):
        at_rest(desktop).get_by_role("spinbutton", name="Pieces of Film 2").fill(str(n))
        desktop.keyboard.press("Enter")
        expect(desktop.get_by_text(total)).to_be_visible()
    press(desktop, "Buy")
    expect(desktop.get_by_text("You bought Film 2. Your list")).to_be_visible()
    expect(desktop.get_by_text("Your basket is empty")).to_be_visible()
    expect(desktop.get_by_role("link", name=re.compile(r"Basket \("))).to_have_count(0)

    follow(desktop, "For you")
    expect(desktop.get_by_text("Because you bought Film 2").first).to_be_visible()
    titles = at_rest(desktop).locator(".st-key-shelf-picked").inner_text()
    assert picked(desktop).first.inner_text() == "Film 1"
    assert "Because you bought Film 2" in titles
    assert "Film 2" not in picked(desktop).all_inner_texts()
    user_id = own_user(desktop, open_shop.dataset)
    sent = open_shop.product.events(user_id).items
    assert [(event.kind, event.item_id) for event in sent] == [
        ("purchase", "f2"),
        ("cart", "f2"),
        ("view", "f2"),
    ]


def test_a_search_is_sorted_by_the_best_match_until_another_order_is_chosen(
    open_shop: RealShop, desktop: Page
) -> None:
    desktop.goto(f"{open_shop.app}/browse")
    field = at_rest(desktop).get_by_placeholder("Search titles")
    order = desktop.get_by_role("combobox", name="Order")
    expect(order).to_have_value("Most popular")

    for typed in ("film", "film 1"):
        field.fill(typed)
        expect(desktop).to_have_url(re.compile("q=" + typed.replace(" ", r"(\+|%20)") + "$"))
        expect(order).to_have_value("Best match")
        at_rest(desktop)

    expect(desktop).not_to_have_url(re.compile("sort="))
    field.fill("")
    expect(order).to_have_value("Most popular")


def test_products_come_and_go_with_the_changes_of_the_catalogue(
    open_shop: RealShop, desktop: Page, browser: Browser
) -> None:
    desktop.goto(open_shop.app)
    expect(picked(desktop).first).to_have_text("Opera 4")

    teapot = ItemContent(title="Teapot", categories=("film",), attributes={"price": 19.9})
    open_shop.product.put_item("t1", teapot)
    open_shop.product.remove_item("o4")

    later = Visit(browser, DESKTOP, "light")
    page = later.page
    page.goto(open_shop.app)
    expect(picked(page).first).to_have_text("Opera 3")
    expect(picked(page).get_by_text("Opera 4")).to_have_count(0)
    follow(page, "Browse")
    at_rest(page).get_by_placeholder("Search titles").fill("teap")
    expect(page.get_by_role("button", name="Teapot", exact=True)).to_be_visible()
    expect(page.get_by_text("€19.90")).to_be_visible()
    at_rest(page).get_by_placeholder("Search titles").fill("opera")
    expect(page.get_by_role("button", name="Opera 3", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Opera 4", exact=True)).to_have_count(0)
    page.goto(f"{open_shop.app}/item?id=o4")
    expect(page.get_by_role("heading", name="Product not found")).to_be_visible()
    later.end()
