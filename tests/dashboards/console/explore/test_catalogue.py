"""The tables on the page "Explore"."""

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.console import lake_data
from dashboards.console.table_parts import stored
from dashboards.console.table_parts.stored import Version
from tests.support.dashboards.app_pages import Page, cells, keys, words
from tests.support.dashboards.console_pages import EXPLORE, opened, press, warnings
from warehouse.query import Commit, StoredDefinition
from warehouse.run_keys import RunKey


@pytest.mark.usefixtures("lake", "asked")
def test_a_click_on_a_table_inserts_its_name_and_shows_it(page: Page) -> None:
    app = press(opened(page, EXPLORE), "insert_silver.items")
    editor = app.text_area(key="explore_sql")
    assert editor.value == "select *\nfrom silver.items\nlimit 100"
    assert "The catalogue" in words(app)

    press(app, "insert_silver.users")
    assert editor_text(app) == "select *\nfrom silver.users\nlimit 100"

    app.text_area(key="explore_sql").set_value("select * from").run()
    press(app, "insert_silver.items")
    assert editor_text(app) == "select * from silver.items"


def editor_text(app: AppTest) -> str:
    return str(app.text_area(key="explore_sql").value)


@pytest.mark.usefixtures("lake")
def test_a_table_has_columns_sample_history_and_checks(page: Page) -> None:
    app = opened(page, EXPLORE)
    app.selectbox(key="explore_table").set_value("gold.verdicts").run()

    text = cells(app).replace("\\", "")
    assert "Name of the chosen recipe" in text
    assert "known_verdict" in text
    assert "the table, on every write" in text
    assert "A *new* year" in text
    assert "Retrain of 5 Jan 13:00 UTC" in text
    assert "Rows added" in text
    assert "hold" in str(app.dataframe[-1].value.to_dict("records"))

    app.selectbox(key="explore_table").set_value("gold.purges").run()
    assert "does not exist yet" in words(app)
    assert "insert_gold.purges" not in keys(app)


@pytest.mark.usefixtures("lake")
def test_users_ids_are_named_personal_data(page: Page) -> None:
    assert "personal data" in warnings(opened(page, EXPLORE))


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize("n_versions", [0, 1])
def test_a_table_without_older_versions_names_none(
    page: Page, monkeypatch: pytest.MonkeyPatch, n_versions: int
) -> None:
    version = Version(0, datetime(2026, 1, 5, tzinfo=UTC), "Created", "maya", "")
    monkeypatch.setattr(stored, "history", lambda *_: [version] * n_versions)

    assert "is an older version" not in words(opened(page, EXPLORE))


@pytest.mark.parametrize(
    ("dag", "why"),
    [
        ("shop__backtest", "Backtest"),
        ("shop__ingest", "New files"),
        ("platform__alert", "Alert"),
        ("by-hand", "By hand"),
    ],
)
def test_a_version_says_why_it_was_written(
    monkeypatch: pytest.MonkeyPatch, dag: str, why: str
) -> None:
    monkeypatch.setenv("CONSOLE_AIRFLOW_URL", "https://airflow.test")
    at = datetime(2026, 1, 5, tzinfo=UTC)
    commit = Commit(3, at, "WRITE", RunKey(dag, "r1", "backtest"))
    details = stored.Details(
        StoredDefinition("id", frozenset(), frozenset(), frozenset()), (commit,), ()
    )
    monkeypatch.setattr(lake_data, "retrains", lambda _: [])
    monkeypatch.setattr(stored, "details", lambda *_: details)

    [version] = stored.history("shop", "gold.backtests", 3)

    assert version.why == why
