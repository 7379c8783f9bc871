"""The page "Maintenance": what was done, what is due, and running it now."""

from datetime import timedelta

import pytest

from dashboards.console import sources
from dashboards.console.maintenance import records
from jobs import compact
from serving.schemas import OpenErasures
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, cells, fresh, words
from tests.support.dashboards.console_pages import MAINTENANCE, metrics, opened, warnings
from warehouse.append import append
from warehouse.errors import TableMissingError
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_MAINTENANCE, GOLD_PURGES, SILVER_USER_INDEX

N_FILES = 4


@pytest.fixture
def maintained(lake_root: str) -> str:
    """A lake after two compactions of `silver.user_index`, the first of which did something."""
    for number in range(N_FILES):
        row = {"user_id": f"u{number}", "user_index": number}
        append(lake_root, SILVER_USER_INDEX, [row], run_key=RunKey("d", str(number), "t"))
    key = RunKey("playground__maintain", "1", "compact")
    compact.run(lake_root, run_key=key, min_files=N_FILES)
    return lake_root


@pytest.mark.usefixtures("operations", "maintained")
def test_the_last_run_is_shown_with_figures_before_and_after(page: Page) -> None:
    text = cells(opened(page, MAINTENANCE))

    assert "Compact small files" in text
    assert f"{N_FILES} files" in text
    assert f"{N_FILES} → 1" in text
    assert r"silver\\.user\\_index" in text


@pytest.mark.usefixtures("operations")
def test_only_the_last_run_of_a_step_is_shown(page: Page, maintained: str) -> None:
    row = {"step": "compact", "subject": "all", "n_done": 0, "seconds": 0.1}
    row |= {"ended_at": shop.NOW + timedelta(hours=1), "run_key": "x"}
    append(maintained, GOLD_MAINTENANCE, [row], run_key=RunKey("d", "later", "compact"))

    text = cells(opened(page, MAINTENANCE))

    assert "nothing to do" in text
    assert f"{N_FILES} → 1" not in text


@pytest.mark.usefixtures("operations", "maintained")
def test_old_files_are_counted(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    text = words(opened(page, MAINTENANCE)).replace("\\", "")
    assert f"{N_FILES} files (" in text
    assert "No table to compact]" in text

    monkeypatch.setattr("warehouse.maintenance.compaction.MIN_SMALL_FILES", 1)
    records.table_files.clear()

    assert "to compact" in words(opened(page, MAINTENANCE))


@pytest.mark.usefixtures("operations")
def test_erasures_that_are_due_and_done_are_counted(
    page: Page, lake_root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_erasures = OpenErasures(
        n_with_rows=1, n_with_files=3, oldest_with_files_at=shop.NOW - timedelta(days=5)
    )
    monkeypatch.setattr(sources, "open_erasures", lambda _: fresh(open_erasures))
    purge = {"table_name": "silver.events", "oldest_version": 3, "n_files": 6, "n_log_files": 2}
    purge |= {"purged_at": shop.NOW - timedelta(days=2), "run_key": "x"}
    append(lake_root, GOLD_PURGES, [purge], run_key=RunKey("d", "1", "erase"))

    app = opened(page, MAINTENANCE)

    assert metrics(app)["With rows in the lake"][0] == "1"
    assert metrics(app)["With old files"][0] == "3"
    assert "1 due" in words(app)
    assert "The oldest open request is 5 days old" in words(app)
    assert "8 old files deleted, the last 2 days ago" in words(app)


@pytest.mark.usefixtures("operations", "lake_root")
def test_an_empty_platform_says_what_will_be_there(page: Page) -> None:
    text = words(opened(page, MAINTENANCE))

    for expected in ("No run is recorded yet", "No data yet", "No user was erased"):
        assert expected in text


@pytest.mark.usefixtures("operations", "lake_root")
def test_an_error_of_the_lake_leaves_the_rest(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise TableMissingError("x", "y")

    monkeypatch.setattr(records, "table_files", fail)

    app = opened(page, MAINTENANCE)

    assert "lake cannot be read" in warnings(app)
    assert "Last run of each step" in words(app)
