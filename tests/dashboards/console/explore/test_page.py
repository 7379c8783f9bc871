"""The page "Explore": the catalogue, queries and their outcomes, and who may use it."""

import hashlib
from threading import BoundedSemaphore
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.console.explore import editor, outcome, results
from dashboards.text import esc
from tests.support import small_lake
from tests.support.dashboards.app_pages import Page, words
from tests.support.dashboards.console_pages import EXPLORE, opened, press, warnings
from tests.support.dashboards.fake_airflow import USER
from warehouse.sql.questions import QUESTIONS


def ran(app: AppTest, sql: str) -> AppTest:
    app.text_area(key="explore_sql").set_value(sql)
    return press(app, "explore_run")


def result(app: AppTest) -> list[dict[str, Any]]:
    rows: list[Any] = app.dataframe[0].value.to_dict("records")
    return rows


@pytest.mark.usefixtures("lake", "asked")
def test_a_query_gives_rows_a_chart_and_files(page: Page) -> None:
    app = ran(opened(page, EXPLORE), QUESTIONS[1].sql)

    assert result(app)[0]["title"] in {title for title, *_ in small_lake.ITEMS.values()}
    assert "3 rows" in words(app)
    assert len(app.get("vega_lite_chart")) == 1
    assert [button.proto.label for button in app.get("download_button")] == ["CSV", "Parquet"]


@pytest.mark.usefixtures("lake")
def test_a_query_runs_in_its_own_process(page: Page) -> None:
    app = ran(opened(page, EXPLORE), "select count(*) as n from silver.items")

    assert result(app) == [{"n": 4}]


@pytest.mark.usefixtures("lake")
def test_an_address_fills_the_editor_and_runs_nothing(page: Page, asked: list[str]) -> None:
    sql = "select count(*) as n from silver.items"

    app = opened(page, EXPLORE, sql=sql)

    assert app.text_area(key="explore_sql").value == sql
    assert "came with the link" in words(app)
    assert asked == []
    press(app, "explore_run")
    assert asked == [sql]


@pytest.mark.usefixtures("lake", "asked")
def test_the_address_has_the_query_once_it_was_run(page: Page) -> None:
    app = opened(page, EXPLORE)
    assert "sql" not in app.query_params

    ran(app, "select 1 as one")
    assert app.query_params["sql"] == "select 1 as one"
    ran(app, "select 1 as one --" + "x" * 5000)
    assert "sql" not in app.query_params


@pytest.mark.usefixtures("lake")
def test_an_example_question_fills_the_editor(page: Page, asked: list[str]) -> None:
    app = opened(page, EXPLORE)
    options = app.selectbox(key="explore_question").options
    assert len(options) >= 8
    assert options[0] == "Ratings per genre and year"

    app.selectbox(key="explore_question").set_value(options[0]).run()

    assert app.text_area(key="explore_sql").value == QUESTIONS[0].sql
    assert asked == []


@pytest.mark.usefixtures("lake", "asked")
def test_a_query_is_logged_with_the_operators_name(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    ran(opened(page, EXPLORE), "select 1 as one,\n2")
    ran(opened(page, EXPLORE), "drop view silver.items")

    lines = [record.getMessage() for record in caplog.records if record.name == outcome.__name__]
    assert lines[0] == f"query by={USER!r} dataset=playground sql='select 1 as one,\\n2'"
    assert lines[1] == f"query done by={USER!r} rows=1 seconds=0.1"
    assert lines[3].startswith(f"query refused by={USER!r}")


@pytest.mark.usefixtures("lake")
def test_a_long_query_is_logged_in_part_and_a_longer_one_is_refused(
    page: Page,
    asked: list[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long = f"select '{'x' * outcome.LOGGED_CHARACTERS}'"
    ran(opened(page, EXPLORE), long)

    digest = hashlib.sha256(long.encode()).hexdigest()
    [line, *_] = [each.getMessage() for each in caplog.records if each.name == outcome.__name__]
    assert line.endswith(f'x" characters={len(long)} sha256={digest}')
    caplog.clear()
    longer = editor.QueryRequest("x" * (editor.MAX_CHARACTERS + 1), 100)
    monkeypatch.setattr(editor, "show", lambda: longer)
    app = opened(page, EXPLORE)
    assert esc("The query has more than 20,000 characters") in warnings(app)
    assert asked == [long]
    assert [each for each in caplog.records if each.name == outcome.__name__] == []


@pytest.mark.usefixtures("lake", "asked")
def test_an_error_is_a_sentence(page: Page) -> None:
    app = opened(page, EXPLORE)
    for sql, sentence in (
        ("from silver.itms", "Did you mean silver.items?"),
        ("selec 1", 'Syntax error at or near "selec"'),
        ("copy silver.items to '/tmp/x'", "only SELECT is allowed"),
        ("select error('*bold* <b>')", "*bold* <b>"),
    ):
        ran(app, sql)
        assert esc(sentence) in warnings(app)
        assert not app.get("download_button")


@pytest.mark.usefixtures("lake", "asked")
def test_nothing_is_run_for_an_empty_editor(page: Page) -> None:
    app = press(opened(page, EXPLORE), "explore_run")

    assert "Write a query" in warnings(app)


@pytest.mark.usefixtures("lake", "asked")
def test_that_there_are_more_rows_is_shown(page: Page) -> None:
    app = opened(page, EXPLORE)
    app.selectbox(key="explore_rows").set_value(100)

    ran(app, "from range(101)")
    assert "first 100 rows: there are more" in words(app)
    ran(app, "from silver.items where false")
    assert "No row matches" in words(app)


@pytest.mark.usefixtures("lake", "asked")
def test_an_old_result_says_that_the_query_was_edited(page: Page) -> None:
    app = ran(opened(page, EXPLORE), "select 1 as one")

    app.text_area(key="explore_sql").set_value("select 2 as two").run()

    assert "has been edited since" in words(app)


@pytest.mark.usefixtures("lake")
def test_a_stopped_query_says_so(page: Page) -> None:
    app = opened(page, EXPLORE)
    app.session_state["explore_stopped"] = True

    app.run()

    assert "was stopped" in warnings(app)


@pytest.mark.usefixtures("lake")
def test_too_many_queries_at_once_wait_and_are_refused(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "SLOTS", BoundedSemaphore(0))
    monkeypatch.setattr(outcome, "WAIT_SECONDS", 0.0)

    app = ran(opened(page, EXPLORE), "select 1")

    assert "Other queries are running" in warnings(app)


def test_what_a_browser_cannot_show_is_text() -> None:
    table = pa.Table.from_arrays(
        [
            pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
            pa.array([["a"]]),
            pa.array([1]),
        ],
        ["n", "n", "x"],
    )

    assert results.shown(table).to_pylist() == [{"n (1)": '{"k": 1}', "n (2)": ["a"], "x": 1}]


def test_times_that_python_does_not_have_are_named() -> None:
    times = pa.array([2**63 - 2, None], pa.timestamp("us"))
    table = pa.table({"row": pa.StructArray.from_arrays([times], ["at"]), "n": [1, 2]})

    assert results.shown(table)["row"].to_pylist() == [results.UNSHOWN, '{"at": null}']
