"""Running the maintenance now: by operators only, with a reason."""

from typing import Any

import pytest

from serving.schemas import DagRun
from tests.support.dashboards.app_pages import Page, keys
from tests.support.dashboards.console_pages import MAINTENANCE, opened, press, warnings
from tests.support.dashboards.fake_airflow import FakeAirflow
from tests.support.dashboards.fake_operations import FakeOperations

pytestmark = pytest.mark.usefixtures("lake_root")


def test_an_operator_runs_it_with_a_reason(page: Page, operations: FakeOperations) -> None:
    app = press(opened(page, MAINTENANCE), "send_maintain")
    assert "Enter a reason" in warnings(app)
    assert not operations.maintained
    app.text_input(key="reason_maintain").set_value("the disk is nearly full")

    press(app, "send_maintain")

    assert operations.maintained == ["the disk is nearly full"]
    assert operations.entries[-1].action == "start_maintenance"
    assert "Maintenance of 28 Nov 13:26 UTC started" in app.success[0].value


def test_after_a_start_no_second_run_is_one_click_away(
    page: Page, operations: FakeOperations, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = operations.maintain

    def starts(body: dict[str, Any], actor: str) -> DagRun:
        airflow.runs[1]["state"] = "running"
        return start(body, actor)

    monkeypatch.setattr(operations, "maintain", starts)
    app = opened(page, MAINTENANCE)
    app.text_input(key="reason_maintain").set_value("the disk is nearly full")

    press(app, "send_maintain")

    assert "send_maintain" not in keys(app)
    assert app.button(key="maintain_running").disabled


@pytest.mark.usefixtures("operations")
def test_a_second_run_is_not_started(page: Page, airflow: FakeAirflow) -> None:
    airflow.runs[1]["state"] = "running"

    app = opened(page, MAINTENANCE)

    assert "send_maintain" not in keys(app)
    assert app.button(key="maintain_running").disabled


def test_who_is_no_operator_is_refused(page: Page, operations: FakeOperations) -> None:
    operations.refusal = (403, "scope-missing")
    app = opened(page, MAINTENANCE)
    app.text_input(key="reason_maintain").set_value("the disk is nearly full")

    press(app, "send_maintain")

    assert "This needs the role Op or Admin" in warnings(app)
    assert not operations.maintained
