"""Who may use the page "Explore", and what it says when there is nothing to show."""

import pytest

from airflow_api.client import AirflowUnavailableError, NotAllowedError
from dashboards.console import sources
from tests.support.dashboards.app_pages import Page, keys, words
from tests.support.dashboards.console_pages import EXPLORE, opened, press, warnings
from tests.support.dashboards.fake_airflow import FakeAirflow


@pytest.mark.usefixtures("console")
def test_an_empty_lake_says_how_it_is_filled(page: Page) -> None:
    app = opened(page, EXPLORE)

    assert "No data yet" in words(app)
    assert "explore_run" not in keys(app)


def test_a_viewer_may_query(page: Page, lake: FakeAirflow, asked: list[str]) -> None:
    lake.is_operator = False

    app = opened(page, EXPLORE)
    app.text_area(key="explore_sql").set_value("select 1 as one")
    press(app, "explore_run")

    assert asked == ["select 1 as one"]
    assert app.dataframe[0].value.to_dict("records") == [{"one": 1}]


@pytest.mark.usefixtures("lake")
def test_an_account_without_the_data_sets_dags_sees_nothing_of_it(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "is_paused_by_dag", lambda _: {"books__retrain": False})

    app = opened(page, EXPLORE)

    assert "You may not read this data set" in words(app)
    assert not app.dataframe
    assert "explore_run" not in keys(app)


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NotAllowedError("403"), "Your Airflow role does not allow"),
        (AirflowUnavailableError("down"), "Airflow is not responding"),
    ],
)
def test_without_an_answer_of_airflow_nothing_is_shown(
    page: Page, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fails(_: object) -> dict[str, bool]:
        raise error

    monkeypatch.setattr(sources, "is_paused_by_dag", fails)

    app = opened(page, EXPLORE)

    assert message in warnings(app)
    assert not app.dataframe
    assert "explore_run" not in keys(app)
