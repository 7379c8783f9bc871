"""Where things are on the demo's pages, and how they are reached, in a real browser."""

import re

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.support.dashboards import shop
from tests.support.dashboards.browsing import NEEDED, at_rest, visit_as
from tests.support.dashboards.visitors import Visitors

pytestmark = NEEDED
FOLD = 270  # pixels: on a phone, the first cover begins above
CARDS = "[class*=st-key-card-browse]"


def focused(page: Page) -> Locator:
    return page.locator(":focus")


def box(element: Locator) -> FloatRect:
    bounds = element.bounding_box()
    assert bounds
    return bounds


def test_a_phone_shows_the_first_cover_above_the_fold(app: str, phone: Page) -> None:
    phone.goto(app)
    cover = at_rest(phone).locator(".st-key-shelf-picked img").first
    expect(cover).to_be_visible()

    assert box(cover)["y"] <= FOLD


def test_a_desktop_has_the_menu_beside_the_logo(app: str, desktop: Page) -> None:
    desktop.goto(app)
    link = at_rest(desktop).locator(".st-key-bar").get_by_role("link", name="My ratings")
    logo = desktop.get_by_test_id("stHeaderLogo")

    middle, of_logo = (box(x)["y"] + box(x)["height"] / 2 for x in (link, logo))
    assert middle == pytest.approx(of_logo, abs=6)


def test_categories_are_one_row_on_a_phone(app: str, phone: Page) -> None:
    phone.goto(f"{app}/browse")
    pills = at_rest(phone).locator(".st-key-category [role=radio]")
    expect(pills.last).to_be_attached()

    assert box(pills.first)["y"] == box(pills.last)["y"]
    assert box(pills.last)["width"] > 40


def test_the_tab_key_stops_at_one_card_of_each_shelf(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    visit_as(desktop, app, app_visitors, "0107")
    expect(desktop.get_by_text("Picked for you")).to_be_visible()
    titles = at_rest(desktop).locator(".st-key-shelf-picked [class*=st-key-open-picked] button")
    title = titles.nth(1).inner_text()
    titles.first.focus()

    desktop.keyboard.press("ArrowRight")
    expect(focused(desktop)).to_have_text(title)
    for name in (r"out of 5 stars", f"^Hide: {re.escape(title)}"):
        desktop.keyboard.press("Tab")
        expect(focused(desktop)).to_have_attribute("aria-label", re.compile(name))
    desktop.keyboard.press("ArrowLeft")
    expect(focused(desktop)).to_have_attribute("aria-label", re.compile("^Hide: "))
    desktop.keyboard.press("Tab")

    next_shelf = desktop.locator(".st-key-shelf-new button")
    expect(next_shelf.first).to_be_focused()
    desktop.keyboard.press("ArrowRight")
    expect(next_shelf.nth(1)).to_be_focused()
    desktop.keyboard.press("Shift+Tab")
    expect(focused(desktop)).to_have_attribute("aria-label", re.compile("^Hide: "))


def test_a_focused_menu_link_has_a_ring(app: str, themed: Page) -> None:
    themed.goto(app)
    links = at_rest(themed).locator(".st-key-bar a")
    links.first.focus()
    themed.keyboard.press("Tab")

    expect(links.nth(1)).to_be_focused()
    assert "solid" in links.nth(1).evaluate("link => getComputedStyle(link).outline")


def test_stars_and_covers_belong_to_their_item(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    visit_as(desktop, app, app_visitors, "0107")
    card = desktop.locator(".st-key-shelf-picked [class*=st-key-card-picked]").first
    expect(card).to_be_visible()
    title = at_rest(desktop).locator(".st-key-shelf-picked [class*=st-key-open-picked]").first
    name = title.inner_text()
    expect(card.get_by_role("radiogroup", name=f"Rate {name}")).to_be_visible()
    expect(card.get_by_role("button", name="Fullscreen")).to_have_count(0)

    card.locator("img").click()

    expect(desktop.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_an_item_links_to_its_category_and_decade(app: str, desktop: Page) -> None:
    item = next(item for item in shop.ITEMS if "Sci-Fi" in item.categories and item.released)
    desktop.goto(f"{app}/item?id={item.item_id}")

    at_rest(desktop).locator(".st-key-facts").get_by_role("link", name="Sci-Fi").click()

    expect(desktop.get_by_text("6 of 90 films")).to_be_visible()
    expect(desktop.get_by_role("radio", name="Sci-Fi")).to_be_checked()
    expect(desktop).to_have_url(re.compile("/browse.category=Sci-Fi$"))
    at_rest(desktop).reload()
    expect(desktop.get_by_role("radio", name="Sci-Fi")).to_be_checked()
    at_rest(desktop).get_by_role("radio", name="Western").click()
    expect(desktop).to_have_url(re.compile("/browse.category=Western$"))
    at_rest(desktop).go_back()
    expect(desktop.get_by_role("radio", name="Sci-Fi")).to_be_checked()
    at_rest(desktop).go_back()
    expect(desktop.get_by_role("heading", name=item.title, exact=True)).to_be_visible()

    year = at_rest(desktop).locator(".st-key-facts").get_by_role("link", name=str(item.released))
    year.click()
    expect(desktop.get_by_text(re.compile(r"^\d+ of 90 films$"))).to_be_visible()
    expect(desktop).to_have_url(re.compile(r"/browse.decade=\d{3}0$"))


def test_skeletons_of_browse_have_the_shape_of_its_cards(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    desktop.goto(f"{app}/browse")  # so that the years are known
    expect(desktop.locator(CARDS).first).to_be_visible()
    app_visitors.may_answer.clear()
    try:
        desktop.goto(f"{app}/browse?q=the")
        skeletons = desktop.locator(".st-key-waiting-browse .stSkeleton")
        expect(skeletons.nth(9)).to_be_visible()
        empty = [box(skeletons.nth(n)) for n in (0, 1, 8)]
    finally:
        app_visitors.may_answer.set()
    expect(desktop.locator(".stSkeleton")).to_have_count(0)
    expect(desktop.locator(CARDS).nth(8)).to_be_visible()

    cards = [box(at_rest(desktop).locator(CARDS).nth(n)) for n in (0, 1, 8)]
    for skeleton, card in zip(empty, cards, strict=True):
        assert dict(skeleton) == pytest.approx(dict(card), abs=25)
