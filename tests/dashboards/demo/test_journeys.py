"""What users do on the demo across its pages, in a real browser."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.support.dashboards import shop
from tests.support.dashboards.browsing import LIVE, NEEDED, at_rest, own_user, sign_in, visit_as
from tests.support.dashboards.visitors import Visitors

pytestmark = NEEDED
PICKED = ".st-key-shelf-picked [class*=st-key-open-picked] button"


def parameters(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def follow(page: Page, name: str) -> None:
    at_rest(page).locator(".st-key-bar").get_by_role("link", name=name).click()


def test_a_user_can_see_why_an_item_is_recommended(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    loved, disliked = shop.ITEMS[20], shop.ITEMS[24]
    app_visitors.rate("0107", loved.item_id, 5)
    app_visitors.rate("0107", disliked.item_id, 1)
    visit_as(desktop, app, app_visitors, "0107")
    expect(desktop.locator(LIVE)).to_be_visible()
    best = at_rest(desktop).locator(PICKED).first.inner_text()

    desktop.locator(PICKED).first.click()

    expect(desktop.get_by_role("heading", name=best, exact=True)).to_be_visible()
    expect(desktop.get_by_role("heading", name="Why this")).to_be_visible()
    expect(desktop.get_by_text("Mostly because of")).to_contain_text("your 5 stars for")
    bars = desktop.locator("[data-testid=stVegaLiteChart]")
    expect(bars).to_contain_text(loved.title)
    expect(bars).to_contain_text(disliked.title)
    assert parameters(desktop).keys() == {"id"}


def test_back_and_reload_keep_user_and_list(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    app_visitors.rate("1990", shop.ITEMS[22].item_id, 4)
    visit_as(desktop, app, app_visitors, "1990")
    expect(desktop.locator(LIVE)).to_be_visible()
    expect(desktop.locator(PICKED)).to_have_count(20)
    shown = at_rest(desktop).locator(PICKED).all_inner_texts()
    desktop.locator(PICKED).first.click()
    expect(desktop.get_by_role("heading", name="Why this")).to_be_visible()

    for navigate in (desktop.go_back, desktop.reload):
        navigate()
        expect(desktop.get_by_text("15 films rated")).to_be_visible()
        expect(desktop.locator(LIVE)).to_be_visible()
        expect(desktop.locator(PICKED)).to_have_text(shown)
        assert parameters(desktop) == {}


def test_one_press_of_back_returns(app: str, desktop: Page, app_visitors: Visitors) -> None:
    visit_as(desktop, app, app_visitors, "0042")
    expect(desktop.get_by_text("Picked for you")).to_be_visible()
    follow(desktop, "Browse")
    expect(desktop.get_by_text("90 films", exact=True)).to_be_visible()
    assert parameters(desktop) == {}

    desktop.go_back()

    expect(desktop.get_by_text("Picked for you")).to_be_visible()
    assert parameters(desktop) == {}


def test_an_operator_acts_as_a_user_in_every_tab_until_they_sign_out(
    app: str, desktop: Page
) -> None:
    sign_in(desktop, f"{app}/overview")
    expect(desktop.get_by_text("of 8 tasks done")).to_be_visible()
    desktop.goto(app)
    box = at_rest(desktop).get_by_role("combobox", name="View as")
    box.click()
    desktop.get_by_role("option", name=re.compile("1990")).click()
    expect(desktop.get_by_text("Picked for you")).to_be_visible()
    assert parameters(desktop) == {}

    desktop.reload()
    expect(desktop.get_by_text("Picked for you")).to_be_visible()
    desktop.goto(f"{app}/overview")
    expect(desktop.get_by_text("of 8 tasks done")).to_be_visible()
    at_rest(desktop).get_by_role("button", name="maya").click()
    desktop.get_by_role("button", name="Sign out").click()
    expect(desktop.get_by_label("Username")).to_be_visible()
    desktop.goto(app)
    expect(desktop.get_by_text("Popular with everyone", exact=True)).to_be_visible()
    expect(desktop.get_by_role("combobox", name="View as")).to_have_count(0)


def test_a_visitor_deletes_their_data_after_a_reload(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    desktop.goto(app)
    at_rest(desktop).get_by_role("button", name=re.compile("^Hide: ")).first.click()
    expect(desktop.get_by_text("won't be suggested again")).to_be_visible()
    user_id = own_user(desktop)
    assert len(app_visitors.hidden[user_id]) == 1
    desktop.reload()
    follow(desktop, "My ratings")

    with desktop.expect_download() as download:
        at_rest(desktop).get_by_role("button", name="Download my data").click()
    exported = json.loads(Path(download.value.path()).read_text())
    assert (exported["user_id"], len(exported["tables"]["feedback"])) == (user_id, 1)
    assert download.value.suggested_filename == "my-data.json"

    at_rest(desktop).get_by_role("button", name="Delete my data").click()
    desktop.get_by_role("button", name="Delete now").click()

    expect(desktop.get_by_text("Your data was deleted (1 recorded action)").first).to_be_visible()
    assert user_id not in app_visitors.hidden
    desktop.reload()
    expect(desktop.get_by_text("You haven't rated any films yet")).to_be_visible()
    assert own_user(desktop) != user_id
    assert not {user_id, own_user(desktop)} & {*desktop.url.split("/")}


def test_skeletons_are_shown_while_a_list_loads(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    desktop.goto(f"{app}/browse")
    expect(desktop.get_by_text("90 films", exact=True)).to_be_visible()
    app_visitors.may_answer.clear()
    try:
        follow(desktop, "For you")
        expect(desktop.locator("[class*=st-key-waiting] .stSkeleton").nth(7)).to_be_visible()
    finally:
        app_visitors.may_answer.set()

    expect(desktop.get_by_text("Popular with everyone", exact=True)).to_be_visible()
    expect(desktop.locator("[class*=st-key-waiting] .stSkeleton")).to_have_count(0)


def test_the_keyboard_opens_cards_and_gives_stars(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    visit_as(desktop, app, app_visitors, "0042")
    expect(desktop.get_by_text("Picked for you")).to_be_visible()
    card = at_rest(desktop).locator(".st-key-shelf-picked [class*=st-key-card-picked]").first
    title = card.locator("[class*=st-key-open-picked] button")
    title.focus()
    desktop.keyboard.press("Tab")  # the stars are one stop
    for _ in range(4):
        desktop.keyboard.press("ArrowRight")
    desktop.keyboard.press("Enter")
    expect(desktop.get_by_text("You gave")).to_contain_text("5 stars")
    assert 5.0 in app_visitors.rated["0042"].values()

    at_rest(desktop)
    title.focus()
    desktop.keyboard.press("Shift+Tab")
    desktop.keyboard.press("Tab")
    ring = title.evaluate(
        "node => getComputedStyle(node).boxShadow + getComputedStyle(node).outline"
    )
    name = title.inner_text()  # before the page of the item replaces it
    desktop.keyboard.press("Enter")

    expect(desktop.get_by_role("heading", name=name, exact=True)).to_be_visible()
    assert ring.replace("none", "").strip()
