"""Opens the demo's pages as a user, and acts on them."""

from streamlit.testing.v1 import AppTest

from dashboards.identity import signing
from dashboards.identity.browsers import Record
from dashboards.identity.visitors import BROWSERS
from tests.support.dashboards.app_pages import Page
from tests.support.dashboards.visitors import Visitors

HOME, ITEM, RATINGS = "demo/for_you.py", "demo/item.py", "demo/ratings.py"
SECRET = "a-secret-of-the-tests-with-32-characters"  # noqa: S105 # invented


def own_user(shown: AppTest) -> str:
    """Return the id of the visitor's own user."""
    browser = BROWSERS.current(shown.session_state["browser"])
    return signing.Signer(SECRET).user_id(browser, "playground")


def as_user(shown: AppTest, user_id: str, record: Record = lambda *_: True) -> AppTest:
    """Return the page for an operator who acts as this user. `record` writes to the audit."""
    shown.session_state["browser"] = browser = signing.new_browser()
    BROWSERS.sign_in(browser, "an operator", is_operator=True, record=record)
    BROWSERS.view_as(browser, user_id)
    return shown


def view_as(shown: AppTest, user_id: str) -> AppTest:
    """Return the page after the operator chose another user, maybe in another tab."""
    BROWSERS.view_as(shown.session_state["browser"], user_id)
    return shown.run()


def home(page: Page, user_id: str = "0042") -> AppTest:
    shown = as_user(page(HOME), user_id).run()
    assert not shown.exception
    return shown


def give(shown: AppTest, item_id: str, stars: int | None, shelf: str = "picked") -> AppTest:
    shown.feedback(key=f"rate-{shelf}-{item_id}").set_value(stars and stars - 1).run()
    assert not shown.exception
    return shown


def press(shown: AppTest, key: str) -> AppTest:
    shown.button(key=key).click().run()
    assert not shown.exception
    return shown


def state(visitors: Visitors) -> tuple[dict[str, float], list[str]]:
    return dict(visitors.rated.get("0042", {})), list(visitors.hidden.get("0042", []))
