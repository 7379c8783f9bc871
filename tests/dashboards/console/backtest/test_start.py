"""The button that starts a backtest, and the progress of an active one."""

from datetime import UTC, datetime

import pytest

from dashboards.console.backtest import months, reading
from tests.support.dashboards.app_pages import Page, keys, words
from tests.support.dashboards.console_pages import opened, press, warnings
from tests.support.dashboards.fake_operations import FakeOperations
from warehouse.append import append
from warehouse.run_keys import RunKey
from warehouse.tables import SILVER_EVENTS

BACKTEST = "console/backtest/page.py"


@pytest.fixture(autouse=True)
def lake(lake_root: str) -> str:
    """Each test has a lake, which is empty at first."""
    return lake_root


@pytest.fixture
def events(lake_root: str) -> None:
    """Events in May 2024 and in March 2025."""
    rows = [
        dict.fromkeys(SILVER_EVENTS.names)
        | {"event_id": str(at), "kind": "rate", "user_id": "u", "item_id": "i", "rating": 5.0}
        | {"occurred_at": at, "landing_id": "l", "run_key": "k"}
        for at in (datetime(2024, 5, 9, tzinfo=UTC), datetime(2025, 3, 9, tzinfo=UTC))
    ]
    append(lake_root, SILVER_EVENTS, rows, run_key=RunKey("dag", "run", "refine"))


@pytest.mark.usefixtures("events")
def test_an_operator_starts_a_backtest_of_the_last_months(
    page: Page, operations: FakeOperations
) -> None:
    app = opened(page, BACKTEST)
    assert app.selectbox(key="backtest_first").options[0] == "Jun 2024"
    app.text_input(key="backtest_reason").set_value("how often?")

    press(app, "send_backtest")

    assert operations.backtests == [
        {
            "first": "2024-10-01",
            "last": "2025-03-01",
            "period": "month",
            "ages": [1, 2, 3, 6],
            "recipe": "",
            "reason": "how often?",
        }
    ]
    assert operations.entries[-1].action == "start_backtest"
    assert [toast.value for toast in app.toast] == ["Backtest started"]


@pytest.mark.usefixtures("events")
def test_a_backtest_needs_a_reason_and_months_in_order(
    page: Page, operations: FakeOperations
) -> None:
    app = press(opened(page, BACKTEST), "send_backtest")
    assert "Enter a reason." in warnings(app)

    app.text_input(key="backtest_reason").set_value("why not")
    app.selectbox(key="backtest_last").set_value(datetime(2024, 6, 1, tzinfo=UTC))
    press(app, "send_backtest")

    assert "The first month is after the last one." in warnings(app)
    assert operations.backtests == []


def test_an_active_backtest_is_shown_and_no_other_is_started(
    page: Page, operations: FakeOperations
) -> None:
    operations.airflow.backtest("queued", "running", "success")

    app = opened(page, BACKTEST)

    assert "A backtest is active: 2 cuts to evaluate" in warnings(app)
    assert "send_backtest" not in keys(app)


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        ((403, "scope-missing"), "This needs the role Op or Admin"),
        ((409, "backtest-active"), "Another backtest was started meanwhile."),
        ((404, "unknown-backtest"), "Airflow has not loaded the DAG of backtests."),
    ],
)
def test_a_refusal_is_explained_and_the_page_stays(
    page: Page, operations: FakeOperations, refusal: tuple[int, str], message: str
) -> None:
    app = opened(page, BACKTEST)
    operations.refusal = refusal
    app.text_input(key="backtest_reason").set_value("x")

    press(app, "send_backtest")

    assert message in warnings(app)
    assert "No backtest yet" in words(app)


def test_without_events_the_last_year_is_offered(page: Page, operations: FakeOperations) -> None:
    assert operations.backtests == []
    app = opened(page, BACKTEST)
    assert len(app.selectbox(key="backtest_first").options) == 13


def test_months_before_and_after() -> None:
    january = datetime(2025, 1, 1, tzinfo=UTC)
    assert months.earlier(january, 1) == datetime(2024, 12, 1, tzinfo=UTC)
    assert months.earlier(january, -12) == datetime(2026, 1, 1, tzinfo=UTC)
    assert months.months_between(months.earlier(january, 2), january) == [
        datetime(2024, 11, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC), january,
    ]  # fmt: skip


@pytest.mark.usefixtures("events")
def test_the_months_of_the_events_come_from_the_log() -> None:
    first, last = datetime(2024, 5, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)
    assert reading.event_months("playground") == (first, last)
