"""Every page that reads the lake is only for accounts that may read the data set's DAGs."""

import pytest

from airflow_api.client import AirflowUnavailableError
from dashboards.console import sources
from tests.support.dashboards.app_pages import Page, keys, words
from tests.support.dashboards.console_pages import (
    BACKTEST,
    DATA,
    EXPLORE,
    INSPECTOR,
    LINEAGE,
    MAINTENANCE,
    MODELS,
    OVERVIEW,
    RETRAINS,
    opened,
)

PAGES = [
    BACKTEST, DATA, EXPLORE, INSPECTOR, LINEAGE, MAINTENANCE, MODELS, OVERVIEW, RETRAINS,
]  # fmt: skip


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize("name", PAGES)
def test_an_account_without_the_data_sets_dags_sees_nothing_of_it(
    page: Page, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(sources, "is_paused_by_dag", lambda _: {"books__retrain": False})

    app = opened(page, name)

    assert "You may not read this data set" in words(app)
    assert not app.table
    assert keys(app) == {"sign_out"}


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize(("dag_id", "is_shown"), [("playground__x", True), ("books__x", False)])
def test_while_airflow_is_down_the_dags_at_the_sign_in_count(
    page: Page, monkeypatch: pytest.MonkeyPatch, dag_id: str, *, is_shown: bool
) -> None:
    def fails(_: object) -> dict[str, bool]:
        raise AirflowUnavailableError("down")

    monkeypatch.setattr(sources, "is_paused_by_dag", fails)
    monkeypatch.setattr("airflow_api.client.Airflow.dags", lambda _: {dag_id: False})

    text = words(opened(page, DATA))

    assert ("You may not read this data set" in text) != is_shown
    assert ("Last ingest" in text) == is_shown
