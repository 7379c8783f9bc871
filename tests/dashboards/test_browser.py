"""The app in a real browser, for what AppTest cannot check. Skipped without Chromium."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.dashboards import searched, shop, streamlit_server
from tests.support.dashboards.browsing import (
    DESKTOP,
    LIVE,
    NEEDED,
    PHONE,
    Visit,
    at_rest,
    displayed,
    own_user,
    sign_in,
    visit_as,
)
from tests.support.dashboards.torture import PLACES, TEXTS
from tests.support.dashboards.visitors import Visitors

pytestmark = NEEDED


def test_lists_show_and_titles_are_literal(app: str, themed: Page) -> None:
    themed.goto(app)

    expect(themed.get_by_text("Popular with everyone", exact=True)).to_be_visible()
    for title in shop.HOSTILE:
        expect(
            themed.get_by_role("button", name=displayed(title), exact=True).first
        ).to_be_attached()
    expect(themed.locator("[data-testid=stMain] img").nth(20)).to_be_attached()
    assert themed.locator("[data-testid=stException]").count() == 0


def test_a_title_opens_its_page_and_a_link_leads_back(app: str, desktop: Page) -> None:
    desktop.goto(app)
    hostile = desktop.get_by_role("button", name=displayed(shop.HOSTILE[0]), exact=True).first
    expect(hostile).to_be_visible()
    at_rest(desktop)
    hostile.click()

    expect(
        desktop.get_by_role("heading", name=displayed(shop.HOSTILE[0]), exact=True)
    ).to_be_visible()
    expect(desktop).to_have_url(re.compile(r"/item\?.*id="))
    expect(desktop.get_by_text("#3 on your list")).to_be_visible()
    desktop.get_by_role("link", name="Back to your list").click()
    expect(desktop.get_by_text("Popular with everyone", exact=True)).to_be_visible()


def test_a_cover_opens_its_page_by_mouse_and_by_keyboard(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    visit_as(desktop, app, app_visitors, "1990")
    cards = desktop.locator(".st-key-shelf-new button")
    expect(cards.nth(1)).to_be_visible()
    titles = cards.locator("strong").all_inner_texts()
    at_rest(desktop)

    cards.first.locator("img").click()
    expect(desktop.get_by_role("heading", name=displayed(titles[0]), exact=True)).to_be_visible()

    desktop.get_by_role("link", name="Back to your list").click()
    expect(cards.first).to_be_visible()
    at_rest(desktop)
    cards.first.focus()
    desktop.keyboard.press("ArrowRight")
    desktop.keyboard.press("Enter")
    expect(desktop.get_by_role("heading", name=displayed(titles[1]), exact=True)).to_be_visible()


def test_a_shelf_keeps_its_scroll_position_after_a_rating(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    visit_as(desktop, app, app_visitors, "1990")
    row = desktop.locator(".st-key-shelf-new ul")
    expect(row.locator("button").first).to_be_visible()
    at_rest(desktop)
    row.evaluate("list => { list.scrollLeft = 200 }")

    picked = desktop.locator(".st-key-shelf-picked").get_by_test_id("stFeedback").nth(3)
    picked.locator("button").last.click()

    expect(desktop.get_by_text("Your list has").first).to_be_visible()
    at_rest(desktop)
    assert row.evaluate("list => list.scrollLeft") == 200
    desktop.get_by_role("button", name="Undo").click()  # other tests open this user's page too
    expect(desktop.get_by_text("neither rated nor hidden")).to_be_visible()


def test_a_star_changes_the_list_at_once_and_can_be_undone(
    app: str, themed: Page, app_visitors: Visitors
) -> None:
    visit_as(themed, app, app_visitors, "1990")
    stars = themed.locator(".st-key-shelf-picked").get_by_test_id("stFeedback").nth(2)
    expect(stars).to_be_visible()
    at_rest(themed)

    stars.locator("button").last.click()

    expect(themed.locator(LIVE)).to_be_visible()
    expect(themed.get_by_text("Your list has").first).to_be_visible()
    expect(themed.get_by_text("Because you rated").first).to_be_visible()
    at_rest(themed).get_by_role("button", name="Undo").click()
    expect(themed.get_by_text("neither rated nor hidden")).to_be_visible()
    expect(themed.locator(LIVE)).not_to_be_visible()


def test_two_visitors_do_not_see_each_others_stars(
    app: str, desktop: Page, browser: Browser, app_visitors: Visitors
) -> None:
    other = Visit(browser, PHONE, "dark")
    for page, user_id in ((desktop, "0107"), (other.page, "0042")):
        visit_as(page, app, app_visitors, user_id)
        expect(page.get_by_text("Picked for you")).to_be_visible()
        at_rest(page)

    picked = desktop.locator(".st-key-shelf-picked").get_by_test_id("stFeedback").first
    picked.locator("button").last.click()

    expect(desktop.locator(LIVE)).to_be_visible()
    other.page.reload()
    expect(other.page.get_by_text("Picked for you")).to_be_visible()
    expect(other.page.locator(LIVE)).not_to_be_visible()
    other.end()


def test_a_visitor_keeps_their_user_while_rating_and_after_a_reload(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    desktop.goto(f"{app}/?user=0042")  # which is ignored
    expect(desktop.get_by_text("New here? Rate a few films you know.")).to_be_visible()
    expect(desktop.get_by_text("Popular with everyone", exact=True)).to_be_visible()

    cards = desktop.locator(".st-key-shelf-picked [class*=st-key-card-picked]")
    titles = []
    for index in range(3):
        at_rest(desktop)
        title = cards.nth(index).locator("[class*=st-key-open-picked]").inner_text()
        cards.nth(index).get_by_test_id("stFeedback").locator("button").last.click()
        expect(desktop.get_by_text(f"You gave {title} 5 stars")).to_be_visible()
        titles.append(title)

    expect(desktop.locator(LIVE)).to_be_visible()
    rated = {
        displayed(item.title): item.rating
        for item in app_visitors.ratings(own_user(desktop), 100).items
    }
    assert rated == dict.fromkeys(titles, 5.0)
    desktop.reload()
    expect(desktop.get_by_text("3 films rated")).to_be_visible()
    assert "user" not in desktop.url.replace("user=0042", "")


def test_search_results_appear_while_typing(app: str, desktop: Page) -> None:
    desktop.goto(f"{app}/browse")
    expect(desktop.get_by_text("90 films", exact=True)).to_be_visible()

    desktop.get_by_placeholder("Search titles").press_sequentially("lantern")

    expect(desktop.get_by_text("3 of 90 films")).to_be_visible()
    expect(desktop.get_by_role("button", name="The Lantern Keepers", exact=True)).to_be_visible()


def test_a_deep_link_opens_an_item(app: str, desktop: Page) -> None:
    desktop.goto(f"{app}/item?id={shop.ITEMS[1].item_id}")

    expect(desktop.get_by_role("heading", name=shop.ITEMS[1].title, exact=True)).to_be_visible()
    expect(desktop.get_by_role("heading", name=f"Similar to {shop.ITEMS[1].title}")).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/browse",
        "/item?id=i003",
        "/overview",
        f"/models?retrain={searched.SEARCHED}",
        "/rules",
    ],
)
def test_a_phone_never_scrolls_sideways(app: str, phone: Page, path: str) -> None:
    expected_text = {
        "/overview": "of 8 tasks done",
        "/models": "relevant: chosen after the cut",
        "/rules": "maya, ",
    }
    console_path = path.partition("?")[0]
    if console_path in expected_text:
        sign_in(phone, app + path)
        expect(phone.get_by_text(expected_text[console_path])).to_be_visible()
    else:
        phone.goto(app + path)
        expect(phone.get_by_role("heading").first).to_be_visible()

    page_width, width = phone.evaluate("[document.documentElement.scrollWidth, innerWidth]")

    assert page_width <= width


def test_every_text_is_literal_in_every_place(browser: Browser, tmp_path: Path) -> None:
    page = streamlit_server.ROOT / "tests/support/dashboards/escaping_page.py"
    visit = Visit(browser, DESKTOP, "light")
    with streamlit_server.served(
        {"PYTHONPATH": str(streamlit_server.ROOT)}, tmp_path / "log", page
    ) as url:
        visit.page.goto(url)
        for place in PLACES:
            last = visit.page.locator(f".st-key-{place}-{len(TEXTS) - 1}")
            expect(last).to_contain_text("example.com")
        expect(visit.page.locator("[data-testid=stSkeleton]")).to_have_count(0)
        changed = [
            (place, text, shown)
            for number, text in enumerate(TEXTS)
            for place in PLACES
            if (shown := _shown_text(visit.page, place, number)) != " ".join(text.split())
        ]
    assert changed == []
    visit.end()


def _shown_text(page: Page, place: str, number: int) -> str:
    text = page.locator(f".st-key-{place}-{number}").inner_text()
    return " ".join(text.replace("\u2060", "").split())
