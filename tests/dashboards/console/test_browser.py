"""The console in a real browser."""

import re
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, Page, expect

from tests.support.dashboards import searched, shop
from tests.support.dashboards.browsing import DESKTOP, NEEDED, Visit, displayed, sign_in
from tests.support.dashboards.fake_airflow import FakeAirflow
from tests.support.dashboards.fake_placements import HOSTILE

pytestmark = NEEDED


def test_an_operator_signs_in_and_sees_the_running_retrain(app: str, themed: Page) -> None:
    sign_in(themed, f"{app}/overview")

    expect(themed.get_by_text("of 8 tasks done")).to_be_visible()
    expect(themed.get_by_text("The challenger als_7f3a beats")).to_be_visible()
    assert themed.locator("[data-testid=stException]").count() == 0


def test_a_browser_with_the_same_cookie_from_before_is_not_signed_in(
    app: str, desktop: Page, browser: Browser
) -> None:
    other = Visit(browser, DESKTOP, "light")
    other.page.goto(app)
    desktop.context.add_cookies(other.context.cookies())  # type: ignore[arg-type] # as read

    sign_in(desktop, f"{app}/overview")

    expect(desktop.get_by_text("of 8 tasks done")).to_be_visible()
    other.page.goto(f"{app}/overview")
    expect(other.page.get_by_label("Username")).to_be_visible()
    desktop.reload()
    expect(desktop.get_by_text("of 8 tasks done")).to_be_visible()
    other.end()


def test_a_promotion_has_charts_of_its_evidence(app: str, themed: Page) -> None:
    sign_in(themed, f"{app}/models?retrain={searched.SEARCHED}")

    expect(themed.get_by_text("Leaderboard")).to_be_visible()
    expect(themed.get_by_text("20 trials, best")).to_be_visible()
    expect(themed.locator("[data-testid=stVegaLiteChart] svg.marks")).to_have_count(4)
    themed.get_by_role("button", name=re.compile("^Show data")).first.press("Enter")
    expect(themed.get_by_test_id("stDataFrame")).to_be_visible()
    expect(themed.get_by_role("button", name=re.compile("Download as CSV"))).to_have_count(0)
    themed.get_by_text("By parameter", exact=True).click()
    expect(themed.get_by_text("NDCG@10 of each trial by")).to_be_visible()
    assert themed.locator("[data-testid=stException]").count() == 0


def test_numbers_in_a_table_are_on_one_line(app: str, desktop: Page) -> None:
    desktop.set_viewport_size({"width": 720, "height": 900})  # on a phone tables scroll
    sign_in(desktop, f"{app}/models?retrain={searched.SEARCHED}")
    expect(desktop.get_by_text("Leaderboard")).to_be_visible()

    expect(
        desktop.locator("[data-testid=stTable] td").get_by_text("als_7f3a").first
    ).to_be_visible()
    n_lines: dict[str, int] = desktop.evaluate(
        """() => Object.fromEntries(
            [...document.querySelectorAll("[data-testid=stTable] td")]
                .filter(cell => /^[0-9.]+$/.test(cell.innerText.trim()))
                .map(cell => {
                    const text = document.createRange();
                    text.selectNode(
                        document.createTreeWalker(cell, NodeFilter.SHOW_TEXT).nextNode()
                    );
                    return [cell.innerText.trim(), text.getClientRects().length];
                })
        )"""
    )

    assert n_lines
    assert {*n_lines.values()} == {1}


def test_new_trials_appear_without_a_reload(
    app: str, desktop: Page, settings: dict[str, str]
) -> None:
    sign_in(desktop, f"{app}/retrains")
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
    expect(themed.get_by_text(displayed(hostile.title)).first).to_be_visible()
    themed.locator(f".st-key-draft_pin_{hostile.item_id} button:visible").click()
    expect(themed.get_by_label(f"Rank of {hostile.title}")).to_have_value("1")
    themed.get_by_role("button", name="Preview").click()

    expect(themed.get_by_text("No significant change in relevance")).to_be_visible()
    expect(themed.locator("[data-testid=stVegaLiteChart] svg.marks")).to_have_count(2)
    expect(activate).to_be_enabled()
    assert themed.locator("[data-testid=stException]").count() == 0


def test_shelves_are_previewed_for_a_user_before_they_are_activated(app: str, themed: Page) -> None:
    sign_in(themed, f"{app}/placements")
    expect(themed.get_by_text("No changes yet")).to_be_visible()

    themed.get_by_label("User", exact=True).fill("0042")
    themed.get_by_role("button", name="Preview").click()

    expect(themed.get_by_text("As user 0042 would see it now")).to_be_visible()
    expect(themed.get_by_text(displayed(HOSTILE)).last).to_be_visible()
    expect(themed.get_by_text("It has 0 items and needs at least 4")).to_be_visible()
    themed.get_by_role("button", name="Remove shelf 3").click()
    themed.get_by_label("Reason").last.fill("the sale is over")
    expect(themed.get_by_role("button", name="Activate", exact=True)).to_be_enabled()
    assert themed.locator("[data-testid=stException]").count() == 0


def test_the_menu_of_a_phone_closes_when_a_page_is_chosen(app: str, phone: Page) -> None:
    sign_in(phone, f"{app}/activity")
    expect(phone.get_by_text("Users are named by digests")).to_be_visible()
    phone.get_by_test_id("stExpandSidebarButton").click()

    phone.get_by_test_id("stSidebar").get_by_role("link", name="Releases").click()

    expect(phone.get_by_role("heading", name="Releases", exact=True)).to_be_in_viewport()
    expect(phone.get_by_test_id("stSidebar")).not_to_be_in_viewport()


def test_an_open_overview_shows_a_question_without_a_reload(
    app: str, desktop: Page, app_airflow: FakeAirflow
) -> None:
    sign_in(desktop, f"{app}/overview")
    expect(desktop.get_by_text("of 8 tasks done")).to_be_visible()

    app_airflow.ask("manual__now")

    expect(desktop.get_by_text("Playground: publish this model?")).to_be_visible()
    expect(desktop.get_by_role("link", name="Retrains (1)")).to_be_visible()
    expect(desktop).to_have_title("(1) Overview · Lantern")
    app_airflow.questions.clear()


def test_an_operator_adds_a_file_to_the_inbox_and_nobody_else_can(
    app: str, desktop: Page, settings: dict[str, str]
) -> None:
    content = b'{"user_id": "u1", "age_group": "25-34", "region": "north"}\n'
    sign_in(desktop, f"{app}/data")
    desktop.get_by_role("button", name="Add a file").click()
    with desktop.expect_request("**/_stcore/upload_file/**") as upload:
        desktop.locator("input[type=file]").set_input_files(
            {"name": "users-9.jsonl", "mimeType": "application/json", "buffer": content}
        )
    assert httpx2.put(upload.value.url, files={"file": content}).status_code == 404
    expect(desktop.get_by_text("1 pass the checks")).to_be_visible()

    desktop.get_by_label("Reason").fill("the users of November")
    desktop.get_by_role("button", name="Add to the inbox").click()

    expect(desktop.get_by_text("is in the inbox")).to_be_visible()
    added = Path(settings["LAKE_INBOX"], "playground/users/users-9.jsonl")
    assert added.read_bytes() == content
    assert desktop.locator("[data-testid=stException]").count() == 0


def test_the_result_of_a_query_is_downloaded(app: str, desktop: Page) -> None:
    sign_in(desktop, f"{app}/explore?sql=select%20'=1'%20as%20a,%2042%20as%20b")
    desktop.get_by_role("button", name="Run").click()
    expect(desktop.get_by_text("1 row")).to_be_visible()

    with desktop.expect_download() as csv:
        desktop.get_by_role("button", name="CSV").click()
    with desktop.expect_download() as parquet:
        desktop.get_by_role("button", name="Parquet").click()

    assert Path(csv.value.path()).read_text().split() == ["a,b", "'=1,42"]
    assert Path(parquet.value.path()).read_bytes().startswith(b"PAR1")
    assert desktop.locator("[data-testid=stException]").count() == 0
