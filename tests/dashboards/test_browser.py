"""The app in a real browser: what no AppTest sees. Skipped, and said so, without a Chromium."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.choices import NEW_VISITOR
from tests.support.dashboards import searched, shop, streamlit_server
from tests.support.dashboards.browsing import (
    DESKTOP,
    LIVE,
    NEEDED,
    PHONE,
    Visit,
    at_rest,
    seen,
)
from tests.support.dashboards.fake_airflow import PASSWORD, USER
from tests.support.dashboards.torture import PLACES, TEXTS
from tests.support.dashboards.visitors import Visitors

pytestmark = NEEDED


def test_lists_show_and_titles_are_literal(app: str, themed: Page) -> None:
    themed.goto(f"{app}/?user={NEW_VISITOR}")

    expect(themed.get_by_text("Popular with everyone", exact=True)).to_be_visible()
    for title in shop.HOSTILE:
        expect(themed.get_by_role("button", name=seen(title), exact=True).first).to_be_attached()
    expect(themed.locator("[data-testid=stMain] img").nth(20)).to_be_attached()
    assert themed.locator("[data-testid=stException]").count() == 0


def test_a_title_leads_to_its_page_and_back(app: str, desktop: Page) -> None:
    desktop.goto(f"{app}/?user={NEW_VISITOR}")
    hostile = desktop.get_by_role("button", name=seen(shop.HOSTILE[0]), exact=True).first
    expect(hostile).to_be_visible()
    at_rest(desktop)
    hostile.click()

    expect(desktop.get_by_role("heading", name=seen(shop.HOSTILE[0]), exact=True)).to_be_visible()
    expect(desktop).to_have_url(re.compile(r"/item\?.*id="))
    expect(desktop.get_by_text("No. 3 on the list")).to_be_visible()
    desktop.get_by_role("link", name="Back to your list").click()
    expect(desktop.get_by_text("Popular with everyone", exact=True)).to_be_visible()


def test_a_cover_leads_to_its_page_by_mouse_and_by_keyboard(app: str, desktop: Page) -> None:
    desktop.goto(f"{app}/?user=1990")
    cards = desktop.locator(".st-key-shelf-trending button")
    expect(cards.nth(1)).to_be_visible()
    titles = cards.locator("strong").all_inner_texts()
    at_rest(desktop)

    cards.first.locator("img").click()
    expect(desktop.get_by_role("heading", name=titles[0], exact=True)).to_be_visible()

    desktop.get_by_role("link", name="Back to your list").click()
    expect(cards.first).to_be_visible()
    at_rest(desktop)
    cards.first.focus()
    desktop.keyboard.press("Tab")
    desktop.keyboard.press("Enter")
    expect(desktop.get_by_role("heading", name=titles[1], exact=True)).to_be_visible()


def test_a_shelf_stays_where_it_was_scrolled_to(app: str, desktop: Page) -> None:
    desktop.goto(f"{app}/?user=1990")
    row = desktop.locator(".st-key-shelf-trending ul")
    expect(row.locator("button").first).to_be_visible()
    at_rest(desktop)
    row.evaluate("each => { each.scrollLeft = 200 }")

    picked = desktop.locator(".st-key-shelf-picked").get_by_test_id("stFeedback").nth(3)
    picked.locator("button").last.click()

    expect(desktop.get_by_text("Your list has").first).to_be_visible()
    at_rest(desktop)
    assert row.evaluate("each => each.scrollLeft") == 200
    desktop.get_by_role("button", name="Undo").click()  # other tests look at his page as well
    expect(desktop.get_by_text("is removed")).to_be_visible()


def test_a_star_changes_the_list_at_once_and_can_be_undone(app: str, themed: Page) -> None:
    themed.goto(f"{app}/?user=1990")
    stars = themed.locator(".st-key-shelf-picked").get_by_test_id("stFeedback").nth(2)
    expect(stars).to_be_visible()
    at_rest(themed)

    stars.locator("button").last.click()

    expect(themed.locator(LIVE)).to_be_visible()
    expect(themed.get_by_text("Your list has").first).to_be_visible()
    expect(themed.get_by_text("Because you rated").first).to_be_visible()
    at_rest(themed).get_by_role("button", name="Undo").click()
    expect(themed.get_by_text("is removed")).to_be_visible()
    expect(themed.locator(LIVE)).not_to_be_visible()


def test_two_visitors_do_not_see_each_others_stars(
    app: str, desktop: Page, browser: Browser
) -> None:
    other = Visit(browser, PHONE, "dark")
    for page, person in ((desktop, "0107"), (other.page, "0042")):
        page.goto(f"{app}/?user={person}")
        expect(page.get_by_text("Picked for you")).to_be_visible()
        at_rest(page)

    picked = desktop.locator(".st-key-shelf-picked").get_by_test_id("stFeedback").first
    picked.locator("button").last.click()

    expect(desktop.locator(LIVE)).to_be_visible()
    other.page.reload()
    expect(other.page.get_by_text("Picked for you")).to_be_visible()
    expect(other.page.locator(LIVE)).not_to_be_visible()
    other.end()


def test_somebody_new_keeps_his_id_while_he_rates(
    app: str, desktop: Page, app_visitors: Visitors
) -> None:
    desktop.goto(app)
    at_rest(desktop).get_by_role("button", name="I'm new here").click()
    expect(desktop.get_by_text("this page becomes yours")).to_be_visible()
    box = desktop.get_by_role("combobox", name="User")
    expect(box).to_have_value(re.compile("n-"))
    expect(desktop.get_by_text("Popular with everyone", exact=True)).to_be_visible()
    user_id = box.input_value().removeprefix("User ")

    cards = desktop.locator(".st-key-shelf-picked [class*=st-key-card-picked]")
    titles = []
    for nth in range(3):
        at_rest(desktop)
        title = cards.nth(nth).locator("[class*=st-key-open-picked]").inner_text()
        cards.nth(nth).get_by_test_id("stFeedback").locator("button").last.click()
        expect(desktop.get_by_text(f"You gave {title} 5 stars")).to_be_visible()
        titles.append(title)

    expect(desktop.locator(LIVE)).to_be_visible()
    rated = {seen(item.title): item.rating for item in app_visitors.ratings(user_id, 100).items}
    assert rated == dict.fromkeys(titles, 5.0)


def test_search_finds_while_typing(app: str, desktop: Page) -> None:
    desktop.goto(f"{app}/browse")
    expect(desktop.get_by_text("90 films", exact=True)).to_be_visible()

    desktop.get_by_placeholder("Search titles").press_sequentially("lantern")

    expect(desktop.get_by_text("3 of 90 films")).to_be_visible()
    expect(desktop.get_by_role("button", name="The Lantern Keepers", exact=True)).to_be_visible()


def test_a_deep_link_opens_an_item(app: str, desktop: Page) -> None:
    desktop.goto(f"{app}/item?id={shop.ITEMS[1].item_id}")

    expect(desktop.get_by_role("heading", name=shop.ITEMS[1].title)).to_be_visible()
    expect(desktop.get_by_text("Similar films")).to_be_visible()


def test_an_id_that_is_typed_is_a_stranger(app: str, desktop: Page) -> None:
    desktop.goto(app)
    box = at_rest(desktop).get_by_role("combobox", name="User")
    box.fill("nobody-knows-me")
    box.press("Enter")

    expect(desktop.get_by_text("Here is what most users like").first).to_be_visible()


def test_an_operator_signs_in_and_sees_what_runs(app: str, themed: Page) -> None:
    sign_in(themed, f"{app}/overview")

    expect(themed.get_by_text("of 8 tasks done")).to_be_visible()
    expect(themed.get_by_text("The challenger als-7f3a beats")).to_be_visible()
    assert themed.locator("[data-testid=stException]").count() == 0


def test_a_promotion_is_drawn_with_its_evidence(app: str, themed: Page) -> None:
    sign_in(themed, f"{app}/models?retrain={searched.SEARCHED}")

    expect(themed.get_by_text("Leaderboard")).to_be_visible()
    expect(themed.get_by_text("20 trials, best")).to_be_visible()
    expect(themed.locator("[data-testid=stVegaLiteChart] svg.marks")).to_have_count(4)
    themed.get_by_text("By parameter", exact=True).click()
    expect(themed.get_by_text("NDCG@10 of each trial by")).to_be_visible()
    assert themed.locator("[data-testid=stException]").count() == 0


def test_new_trials_appear_without_a_reload(
    app: str, desktop: Page, settings: dict[str, str]
) -> None:
    sign_in(desktop, f"{app}/models")
    expect(desktop.get_by_text("The first trial finishes a minute or two")).to_be_visible()

    searched.write_trials(f"{settings['LAKE_ROOT']}/playground", searched.RUNNING, 2)

    expect(desktop.get_by_text("2 trials, best so far")).to_be_visible()


def test_rules_are_previewed_before_they_are_activated(app: str, themed: Page) -> None:
    sign_in(themed, f"{app}/rules")
    activate = themed.get_by_role("button", name="Activate")
    expect(activate).to_be_disabled()
    hostile = shop.item("i007")
    assert hostile

    themed.get_by_placeholder("Search titles").press_sequentially(hostile.title[:4])
    expect(themed.get_by_text(seen(hostile.title)).first).to_be_visible()
    themed.locator(f".st-key-draft_pin_{hostile.item_id} button:visible").click()
    expect(themed.get_by_label(f"Rank of {hostile.title}")).to_have_value("1")
    themed.get_by_role("button", name="Preview").click()

    expect(themed.get_by_text("No significant change in relevance")).to_be_visible()
    expect(themed.locator("[data-testid=stVegaLiteChart] svg.marks")).to_have_count(2)
    expect(activate).to_be_enabled()
    assert themed.locator("[data-testid=stException]").count() == 0


def sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Username").fill(USER)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


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
        "/models": "rated highly later",
        "/rules": "maya, ",
    }
    console_path = path.partition("?")[0]
    if console_path in expected_text:
        sign_in(phone, app + path)
        expect(phone.get_by_text(expected_text[console_path])).to_be_visible()
    else:
        phone.goto(app + path)
        expect(phone.get_by_role("heading").first).to_be_visible()

    wide, room = phone.evaluate("[document.documentElement.scrollWidth, innerWidth]")

    assert wide <= room


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
        wrong = [
            (place, text, shown)
            for number, text in enumerate(TEXTS)
            for place in PLACES
            if (shown := _shown(visit.page, place, number)) != " ".join(text.split())
        ]
    assert wrong == []
    visit.end()


def _shown(page: Page, place: str, number: int) -> str:
    text = page.locator(f".st-key-{place}-{number}").inner_text()
    return " ".join(text.replace("\u2060", "").split())
