from datetime import timedelta

import pytest

from dashboards.console.backtest import reading
from tests.support.dashboards import backtests, shop
from tests.support.dashboards.app_pages import Page, cells, words
from tests.support.dashboards.console_pages import opened, warnings
from tests.support.dashboards.fake_airflow import FakeAirflow
from warehouse import datasets
from warehouse.errors import StorageError

BACKTEST = "console/backtest/page.py"


@pytest.fixture(autouse=True)
def console(console: FakeAirflow) -> FakeAirflow:
    """Each test has the console."""
    return console


def test_the_page_says_which_cadence_would_have_been_right(page: Page, lake_root: str) -> None:
    backtests.write(lake_root)

    app = opened(page, BACKTEST)

    text = words(app).replace("\N{NO-BREAK SPACE}", " ").replace("\\", "")
    assert "Retraining every 2 months would have been enough" in text
    assert "a model that is 2 months old loses 1.1 % of NDCG@10 (0.3 % to 1.9 %)" in text
    assert "8 cuts" in text
    assert "Popularity: popular_365d_aa · Baseline: ease_cc" in text
    assert len(app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")) == 2


def test_the_table_has_every_cut(page: Page, lake_root: str) -> None:
    backtests.write(lake_root)

    table = opened(page, BACKTEST).table[0].value

    assert list(table["Trained until"])[:2] == ["01 Aug 2025", "01 Jul 2025"]
    assert set(table.columns) == {
        "Trained until", "Users", "Backtested recipe", "Popularity", "Baseline",
        "1 month old", "2 months old", "3 months old", "6 months old",
    }  # fmt: skip
    assert table["6 months old"][0] == "\N{MINUS SIGN}0.014"
    assert table["1 month old"][0] == ":gray[\N{MINUS SIGN}0.001]"  # within noise
    assert table["Users"][0] == "400"


def test_of_several_backtests_the_live_recipes_is_shown(page: Page, lake_root: str) -> None:
    hour = timedelta(hours=1)
    backtests.write(lake_root, champion="als_11c0", scale=4, at=shop.NOW)
    backtests.write(lake_root, period="week", at=shop.NOW - hour)
    backtests.write(lake_root, at=shop.NOW - 2 * hour)

    app = opened(page, BACKTEST)

    picker = app.selectbox(key="backtested")
    assert picker.value == "als_7f3a (live) · by week"
    picker.set_value("als_11c0 · by month").run()
    assert not app.exception
    assert "Retraining at least every month would have been right" in words(app)


def test_before_the_first_backtest_the_page_says_what_one_is(page: Page) -> None:
    app = opened(page, BACKTEST)

    assert "No backtest yet" in words(app)
    assert "evaluates it on the month after" in words(app)


def test_without_times_the_page_says_why_there_is_none(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = datasets.load_named("playground").model_copy()
    ratings = without.ratings.model_copy(update={"time": False}) if without.ratings else None
    untimed = without.model_copy(update={"ratings": ratings})
    monkeypatch.setattr(datasets, "load_named", lambda _: untimed)

    app = opened(page, BACKTEST)

    assert "No backtest without times" in words(app)
    assert not app.get("arrow_vega_lite_chart")


def test_a_broken_lake_is_an_error_in_place(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> list[reading.Figure]:
        raise StorageError("gold/backtests: no such file")

    monkeypatch.setattr(reading, "figures", broken)

    app = opened(page, BACKTEST)

    assert "The lake cannot be read." in warnings(app)
    assert cells(app) == ""
