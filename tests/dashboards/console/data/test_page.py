"""The page "Data": the last ingest, and the tables of the lake."""

import pytest

from dashboards.console import lake_data, sources
from dashboards.console.data import reading
from dashboards.text import NO_BREAK, esc
from tests.support.dashboards import landed_lake, shop
from tests.support.dashboards.app_pages import Page, cells, fresh, words
from tests.support.dashboards.console_pages import DATA, OVERVIEW, opened, press, warnings
from tests.support.dashboards.fake_airflow import FakeAirflow
from tests.support.dashboards.fake_operations import FakeOperations
from warehouse.errors import TableMissingError
from warehouse.maintenance.inventory import inventory
from warehouse.query import Lake
from warehouse.tables import BRONZE_LANDINGS, SILVER_QUARANTINE, SILVER_USER_INDEX


@pytest.fixture
def lake(console: FakeAirflow, lake_root: str) -> str:  # noqa: ARG001 # the console over this lake
    """Root of a lake after two ingests."""
    landed_lake.write(lake_root)
    return lake_root


def shown(text: str) -> str:
    return text.replace("\\\\", "\\")


@pytest.mark.usefixtures("console")
def test_before_the_first_ingest_the_page_says_what_will_be_there(page: Page) -> None:
    text = words(opened(page, DATA))

    assert "No file has been landed yet" in text
    assert "No data yet" in text


@pytest.mark.usefixtures("lake")
def test_the_files_of_the_last_ingest_are_shown_with_the_outcome_of_their_rows(page: Page) -> None:
    app = opened(page, DATA)

    [files] = [table.value for table in app.table if "Accepted" in table.value]
    by_name = {str(row["File"]).split(" :gray")[0]: row for _, row in files.iterrows()}
    assert set(by_name) == {esc(landed_lake.HOSTILE_FILE), esc("ratings-3.csv")}
    refined, pending = by_name[esc(landed_lake.HOSTILE_FILE)], by_name[esc("ratings-3.csv")]
    counts = [refined[name] for name in ("Rows", "Accepted", "Duplicates", "Quarantined")]
    assert counts == ["50", "43", "2", "3"]
    assert refined["Dropped"] == "2"
    assert "Balances" in refined[""]
    assert "Pending" in pending[""]
    assert r"1 file pending: ratings\-3\.csv" in words(app)


@pytest.mark.usefixtures("lake")
def test_a_file_whose_rows_are_not_all_accounted_for_is_marked(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first, *_] = [x for x in reading.files("playground") if x.outcome is not None]
    wrong = type(first)(**{**vars(first), "n_rows": first.n_rows + 1})
    monkeypatch.setattr(reading, "files", lambda _: [wrong])

    assert "Rows missing" in cells(opened(page, DATA))


@pytest.mark.usefixtures("lake")
def test_a_run_without_a_new_file_is_not_the_one_that_landed_files(page: Page) -> None:
    text = words(opened(page, DATA))

    assert "found no new file. Files were last landed" in text
    assert "playground__ingest/second" in text


@pytest.mark.usefixtures("lake")
def test_tables_of_a_layer_have_size_version_and_the_run_that_changed_them(page: Page) -> None:
    app = opened(page, DATA)

    app.button_group(key="layer").set_value("silver").run()
    assert not app.exception
    [tables] = [table.value for table in app.table if "Files" in table.value]
    by_name = {row["Table"]: row for _, row in tables.iterrows()}
    users = by_name[f":gray[silver.]{esc('user_index')}"]
    assert (users["Rows"], users["Files"], users["Version"]) == ("3", "2", "2")
    assert "playground__ingest/second/user_index" in users["Last change"]
    assert f"{NO_BREAK}UTC by" in users["Last change"]


def test_a_table_that_is_newer_than_the_live_release_is_named(
    page: Page, lake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(version_served: int) -> lake_data.TableState:
        stored = inventory(Lake(lake), SILVER_USER_INDEX)
        return lake_data.TableState(SILVER_USER_INDEX, stored, version_served)

    for served, newer in ((1, True), (2, False)):
        monkeypatch.setattr(lake_data, "tables", lambda *_, n=served: [state(n)])
        for name in (DATA, OVERVIEW):
            text = words(opened(page, name))
            assert (r"Newer than the live release: silver\.user\_index" in text) is newer


@pytest.mark.usefixtures("lake")
def test_the_table_in_the_address_is_shown_with_columns_checks_and_versions(page: Page) -> None:
    app = opened(page, DATA, table="silver.user_index")

    assert SILVER_USER_INDEX.doc in words(app)
    assert "user\\_index" in shown(cells(app))
    assert "32-bit" in words(app)
    [commits] = [table.value for table in app.table if {"Version", "Who"} <= {*table.value}]
    assert list(commits["Version"]) == ["2", "1", "0"]
    # after midnight the landings are of two days, and have a chart too
    assert "Rows of each version" in [chart.proto.alt for chart in app.get("vega_lite_chart")]
    assert app.query_params["table"] == "silver.user_index"

    app.selectbox(key="shown_table").set_value("silver.quarantine").run()
    assert app.query_params["table"] == "silver.quarantine"
    assert SILVER_QUARANTINE.doc.split(".")[0] in words(app)


@pytest.mark.usefixtures("lake")
def test_an_unknown_table_in_the_address_is_another_one(page: Page) -> None:
    app = opened(page, DATA, table="silver.<b>nonesuch")

    assert BRONZE_LANDINGS.doc in words(app)
    assert "table" not in app.query_params


def test_an_ingest_is_started_with_a_reason_by_operators_only(
    page: Page, retraining: FakeOperations
) -> None:
    app = press(opened(page, DATA), "send_start_ingest")
    assert "Enter a reason" in warnings(app)
    app.text_input(key="reason_start_ingest").set_value("new files")
    press(app, "send_start_ingest")
    assert retraining.airflow.n_ingests == 1
    entry = retraining.entries[-1]
    assert (entry.action, entry.actor, entry.reason) == ("start_ingest", "maya", "new files")

    retraining.refusal = (403, "scope-missing")
    app.text_input(key="reason_start_ingest").set_value("new files")
    assert "This needs the role Op or Admin" in warnings(press(app, "send_start_ingest"))
    assert retraining.airflow.n_ingests == 1


@pytest.mark.usefixtures("lake")
def test_no_ingest_is_started_while_one_is_running(page: Page, console: FakeAirflow) -> None:
    console.runs[1]["state"] = "running"

    app = opened(page, DATA)

    assert app.button(key="start_ingest_disabled").disabled
    assert "Running" in words(app)


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize("source", ["data.reading.files", "lake_data.tables"])
def test_an_error_of_one_card_leaves_the_others(
    page: Page, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    def fail(*_: object) -> None:
        raise TableMissingError("x", "y")

    monkeypatch.setattr(f"dashboards.console.{source}", fail)

    app = opened(page, DATA)

    assert "lake cannot be read" in warnings(app)
    assert app.title[0].value == "Data"


@pytest.mark.usefixtures("console")
def test_the_overview_has_one_line_on_the_lake_with_a_link(
    page: Page, lake_root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed_lake.write(lake_root)
    monkeypatch.setattr(sources, "releases", lambda _: fresh(shop.releases()))

    app = opened(page, OVERVIEW)

    assert "4 tables" in words(app)
    assert "user_index" not in cells(app)
