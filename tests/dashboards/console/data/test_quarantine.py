"""The quarantine on the page "Data", and the acts on its rows."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.console.data import by_check, checks, client, reading, rejected
from dashboards.text import esc
from jobs.ingestion.checks import event_checks, row_checks
from jobs.refinement import pending
from jobs.refinement.checking import decisions, erased_users
from serving.schemas import RELEASABLE
from tests.support.dashboards import landed_lake
from tests.support.dashboards.app_pages import Page, cells, words
from tests.support.dashboards.console_pages import DATA, opened, press, warnings
from tests.support.dashboards.fake_operations import FakeOperations
from tests.support.jobs import every_check
from warehouse.quarantine import Decision

OFF_SCALE = "ratings.rating_off_scale"


@pytest.fixture
def lake(operations: FakeOperations, lake_root: str) -> str:  # noqa: ARG001 # the console over it
    """Root of a lake with rows in quarantine."""
    landed_lake.write(lake_root)
    return lake_root


def table(app: AppTest, column: str) -> list[dict[str, str]]:
    [found] = [each.value for each in app.table if column in each.value]
    return [dict(row) for _, row in found.iterrows()]


def shown(text: str) -> str:
    return text.replace("\\\\", "\\")


@pytest.mark.usefixtures("operations", "lake_root")
def test_an_empty_quarantine_says_what_it_is_for(page: Page) -> None:
    assert "Rows that fail a data quality check are kept here" in words(opened(page, DATA))


@pytest.mark.usefixtures("lake")
def test_each_check_has_its_rows_their_share_and_whether_they_can_be_released(page: Page) -> None:
    app = opened(page, DATA)

    assert "9 rows to decide on" in words(app)
    by_name = {row["Check"].split(" :gray")[0]: row for row in table(app, "To decide")}
    off_scale, missing = by_name["rating off scale"], by_name["user missing"]
    assert (off_scale["Rows"], off_scale["To decide"], off_scale["Can be released"]) == (
        "8", "**8**", "Yes",
    )  # fmt: skip
    assert off_scale["Share"] == "5.06%"  # of 158 landed rows of ratings
    assert (missing["Rows"], missing["Can be released"]) == ("1", "No")


@pytest.mark.usefixtures("lake")
def test_samples_show_file_line_and_value_as_text(page: Page) -> None:
    app = opened(page, DATA, check="ratings.user_missing")

    text = words(app).replace("\\", "")
    assert "The user's id is empty." in text
    assert "Every row of the lake needs an id" in text
    [sample] = table(app, "Row as sent")
    assert sample["Where"] == f"{esc(landed_lake.HOSTILE_FILE)}:9"
    assert sample["Value"] == "**u9**"
    assert "<i>" not in sample["Row as sent"].replace("\\<", "")
    assert app.button(key="no_release_ratings.user_missing_all").disabled


def test_rows_of_a_check_are_released_with_a_reason(
    page: Page, lake: str, operations: FakeOperations
) -> None:
    assert lake
    app = opened(page, DATA)
    key = f"release_{OFF_SCALE}_all"
    press(app, f"send_{key}")
    assert "Enter a reason" in warnings(app)
    assert operations.decisions == []

    app.text_input(key=f"reason_{key}").set_value("a campaign **had** 11 stars")
    press(app, f"send_{key}")

    [decision] = operations.decisions
    assert (decision.check, decision.landing_id) == ("rating_off_scale", None)
    assert (decision.decision, decision.decided_by) == ("release", "maya")
    assert "Start ingest" in app.success[0].value
    assert "2 rows to decide on" in words(app)  # another check of one of them is not released
    [row] = [x for x in table(app, "To decide") if x["Check"].startswith("rating off scale")]
    assert row["Released"] == "7 :gray[with the next ingest]"
    assert esc("a campaign **had** 11 stars") in shown(cells(app))
    assert not app.button(key=f"send_reject_{OFF_SCALE}_all").disabled


def test_rows_of_one_landing_are_rejected_and_no_longer_count(
    page: Page, lake: str, operations: FakeOperations
) -> None:
    assert lake
    app = opened(page, DATA)
    app.selectbox(key=f"landing_{OFF_SCALE}").set_value("two").run()
    key = f"reject_{OFF_SCALE}_two"
    app.text_input(key=f"reason_{key}").set_value("a test file")
    press(app, f"send_{key}")

    [decision] = operations.decisions
    assert (decision.decision, decision.landing_id) == ("reject", "two")
    assert "7 rows to decide on" in words(app)
    assert app.button(key=f"no_{key}").disabled
    assert operations.entries[-1].action == "reject_rows"


def test_a_refusal_of_the_api_is_shown_and_decides_nothing(
    page: Page, lake: str, operations: FakeOperations
) -> None:
    assert lake
    app = opened(page, DATA)
    operations.refusal = (409, "check-not-releasable")
    key = f"release_{OFF_SCALE}_all"
    app.text_input(key=f"reason_{key}").set_value("why not")
    press(app, f"send_{key}")

    assert "cannot be released" in warnings(app)
    assert operations.decisions == []


def test_a_viewer_sees_the_rows_and_decides_nothing(
    page: Page, lake: str, operations: FakeOperations
) -> None:
    assert lake
    operations.refusal = (403, "scope-missing")
    app = opened(page, DATA)

    assert "9 rows to decide on" in words(app)
    assert "Only operators decide on rows" in words(app)
    key = f"release_{OFF_SCALE}_all"
    app.text_input(key=f"reason_{key}").set_value("I am curious")
    press(app, f"send_{key}")
    assert "This needs the role Op or Admin" in warnings(app)
    assert operations.decisions == []


def test_decisions_that_the_api_does_not_list_still_count(
    page: Page, lake: str, operations: FakeOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lake
    key = f"reject_{OFF_SCALE}_two"
    app = opened(page, DATA)
    app.selectbox(key=f"landing_{OFF_SCALE}").set_value("two").run()
    app.text_input(key=f"reason_{key}").set_value("a test file")
    press(app, f"send_{key}")
    at = landed_lake.DAY
    older = Decision("ratings", "rating_off_scale", "one", at, "reject", at)
    monkeypatch.setattr(reading, "decisions", lambda _: [older])
    monkeypatch.setattr(client, "MAX_DECISIONS", len(operations.decisions))

    assert "1 row to decide on" in words(app.run())


def test_the_share_of_a_check_is_that_of_each_day_of_landing() -> None:
    rows = by_check.CheckRows("ratings", "rating_off_scale")
    rows.by_landing["one"]["open"] = 6
    landings = {x.landing_id: x for x in landed_lake.landings()}

    days = by_check.share_by_day(rows, landings.values())

    assert days == [(date(2026, 1, 1), 6, 100), (date(2026, 1, 2), 0, 50)]
    read = reading.Quarantined((), landings, landed_lake.DAY, 0)
    assert list(rejected.shares(rows, read)["share"]) == [0.06, 0.0]


def test_every_check_is_explained() -> None:
    names = {*every_check.names(), row_checks.MALFORMED, event_checks.KIND_UNKNOWN}
    names |= {pending.REFUSED, erased_users.USER_ERASED}

    assert set(checks.CHECKS) == names
    assert {name for name in names if checks.is_releasable(name)} == {*RELEASABLE}


def test_the_api_releases_the_checks_that_refine_can_release() -> None:
    assert {*RELEASABLE} == decisions.RELEASABLE
