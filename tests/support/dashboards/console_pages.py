"""Opens the console's pages as a signed-in operator, and presses their buttons."""

from streamlit.testing.v1 import AppTest

from dashboards.console import sources
from dashboards.identity import signing
from dashboards.identity.visitors import BROWSERS
from tests.support.dashboards.app_pages import Page
from tests.support.dashboards.fake_airflow import PASSWORD, USER

OVERVIEW, RETRAINS, MODELS, RULES, RELEASES, INSPECTOR, ACTIVITY = (
    f"console/{name}/page.py"
    for name in (
        "overview",
        "retrains",
        "models",
        "rules",
        "releases",
        "inspector",
        "activity",
    )
)
DATA, EXPLORE = "console/data/page.py", "console/explore/page.py"
LINEAGE = "console/lineage/page.py"
MAINTENANCE = "console/maintenance/page.py"
BACKTEST = "console/backtest/page.py"
PLACEMENTS = "console/placements/page.py"


def opened(page: Page, name: str, **query: str) -> AppTest:
    """Return a console page after a sign-in. `query` is the query of its address."""
    app = signed_in(page(name))
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def signed_in(
    app: AppTest, account: sources.Account | None = None, *, is_operator: bool = True
) -> AppTest:
    """Return the page in a browser with this operator's sign-in, by default the fake's user."""
    app.session_state["browser"] = browser = signing.new_browser()
    BROWSERS.sign_in(browser, account or sources.sign_in(USER, PASSWORD), is_operator=is_operator)
    return app


def press(app: AppTest, key: str) -> AppTest:
    """Return the page after a button was pressed."""
    app.button(key=key).click().run()
    assert not app.exception
    return app


def metrics(app: AppTest) -> dict[str, tuple[str, str]]:
    """Return value and delta of each metric by its label."""
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


def warnings(app: AppTest) -> str:
    """Return all warnings, errors and notes, one a line."""
    return "\n".join(message.value for message in [*app.warning, *app.error, *app.info])
