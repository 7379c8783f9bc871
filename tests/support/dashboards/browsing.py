"""Fixtures for tests of the app in a real browser."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dashboards.identity.signing import COOKIE, Signer, new_browser
from dashboards.server.cookies import RENEWAL_PATH
from dashboards.text import esc
from tests.support.dashboards import searched, streamlit_server
from tests.support.dashboards.demo_pages import SECRET
from tests.support.dashboards.fake_airflow import PASSWORD, USER, FakeAirflow
from tests.support.dashboards.fake_api import KEY, fake_api
from tests.support.dashboards.visitors import Visitors

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
LIVE = ".stMarkdownBadge:has-text('Updated')"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1400, "height": 900}
# On a page below the root, Streamlit's front end first probes that path for its server.
PROBE_ERROR = "Failed to load resource: the server responded with a status of 404"

expect.set_options(timeout=30_000)  # the machine is busy during a test run

NEEDED = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason=f"no Chromium at {CHROMIUM}: NOT TESTED",
    ),
]


@pytest.fixture(scope="module")
def app_visitors() -> Visitors:
    """The feedback of the shop that the app shows."""
    return Visitors()


@pytest.fixture(scope="module")
def app_airflow() -> FakeAirflow:
    """The Airflow of the app."""
    return FakeAirflow()


@pytest.fixture(scope="module")
def settings(
    tmp_path_factory: pytest.TempPathFactory, app_visitors: Visitors, app_airflow: FakeAirflow
) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("app")
    keys = folder / "keys.json"
    keys.write_text(json.dumps({"playground": KEY}))
    searched.write(str(folder / "lake" / "playground"), n_trials=20)
    with fake_api(app_visitors) as api, app_airflow.served() as airflow:
        yield {
            "DEMO_API_URL": api,
            "DEMO_KEYS_FILE": str(keys),
            "VISITOR_SECRET": SECRET,
            "CONSOLE_AIRFLOW_URL": airflow,
            "LAKE_ROOT": str(folder / "lake"),
            "LAKE_INBOX": str(folder / "inbox"),
        }


@pytest.fixture(scope="module")
def app(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with streamlit_server.served(settings, tmp_path_factory.mktemp("log") / "app.log") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


class Visit:
    """One tab, with its errors and its requests to other hosts."""

    def __init__(self, browser: Browser, size: dict[str, int], theme: str) -> None:
        self.context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            color_scheme="dark" if theme == "dark" else "light",
        )
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.foreign_requests: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda line: self.errors.append(line.text) if line.type == "error" else None,
        )
        self.page.on(
            "request",
            lambda request: (
                None
                if re.match(r"(http|ws)://127\.0\.0\.1|data:|blob:", request.url)
                else self.foreign_requests.append(request.url)
            ),
        )

    def end(self) -> None:
        errors = [error for error in self.errors if PROBE_ERROR not in error]
        assert not errors, errors
        assert self.foreign_requests == []
        self.context.close()


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    visit = Visit(browser, DESKTOP, "light")
    yield visit.page
    visit.end()


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    visit = Visit(browser, DESKTOP, request.param)
    yield visit.page
    background = visit.page.evaluate(
        "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    )
    assert background == ("rgb(16, 17, 22)" if request.param == "dark" else "rgb(255, 255, 255)")
    visit.end()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    visit = Visit(browser, PHONE, "light")
    yield visit.page
    visit.end()


def visit_as(page: Page, app: str, visitors: Visitors, user_id: str) -> None:
    """Open the app in a new browser whose visitor stands for this user of the shop."""
    signer, browser = Signer(SECRET), new_browser()
    visitors.aliases[signer.user_id(browser, "playground")] = user_id
    cookie = {"name": COOKIE, "value": signer.cookie(browser), "url": app}
    page.context.add_cookies([cookie])  # type: ignore[list-item] # a TypedDict with optional keys
    page.goto(app)


def own_user(page: Page, dataset: str = "playground", secret: str = SECRET) -> str:
    """Return the id of the user of the page's browser."""
    [cookie] = [x["value"] for x in page.context.cookies() if x["name"] == COOKIE]
    browser = Signer(secret).browser(cookie)
    assert browser is not None
    return Signer(secret).user_id(browser, dataset)


def at_rest(page: Page) -> Page:
    """Return the page once it is drawn completely.

    A click on an element that is being redrawn is lost, and the Tab key skips a widget whose code
    is still being loaded.
    """
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    return page


def displayed(text: str) -> str:
    """Return a text as the page contains it: escaped, then read by Markdown."""
    return re.sub(r"\\(.)", r"\1", esc(text))


def sign_in(page: Page, address: str) -> None:
    """Open a page of the console and sign in; return once the browser has its new cookie."""
    page.goto(address)
    page.get_by_label("Username").fill(USER)
    page.locator("input[type=password]").fill(PASSWORD)
    with page.expect_response(f"**{RENEWAL_PATH}"):
        page.get_by_role("button", name="Sign in").click()
