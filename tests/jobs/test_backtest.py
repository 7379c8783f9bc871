"""A backtest agrees with a recomputation in numpy, and reads nothing from after its test rows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from jobs import backtest, evaluate
from jobs.backtesting import cuts, models
from jobs.backtesting.cuts import Bounds, shifted
from jobs.backtesting.plans import Plan
from jobs.engine import recipes
from jobs.engine.errors import NothingToLearnError
from jobs.engine.judging import intervals
from jobs.engine.recipes import AnyRecipe
from jobs.evaluate import EvaluatedRecipe
from tests.support.jobs import months
from tests.support.jobs.months import LIKED
from tests.support.jobs.product import install
from tests.support.runs import under
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_BACKTESTS
from warehouse.tables.vocabulary import NOTHING_TO_DO

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

every_recipe = evaluate.evaluated_recipes
RUN = "product__backtest/backfill__2024-06-01/backtest"
CUT = datetime(2024, 6, 1, tzinfo=UTC)
POPULAR = recipes.by_name(months.manifest())["popular"]
PLAN = Plan(CUT, "month", (1, 3), POPULAR)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def lake(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The small data set after a backtest."""
    root = str(tmp_path_factory.mktemp("months"))
    warehouse = Warehouse(spark, root, run_key=RunKey.parse(RUN))
    months.write(warehouse, months.events())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "evaluated_recipes", one_per_role)
        backtest.run(warehouse, months.manifest(), PLAN, bounds_of(warehouse))
    return warehouse


def one_per_role(
    recipe: AnyRecipe, champion: AnyRecipe | None, dataset: Dataset
) -> list[EvaluatedRecipe]:
    """Return the recipe, one popularity recipe and one baseline, which saves time."""
    every = every_recipe(recipe, champion, dataset)
    return list({entry.role: entry for entry in reversed(every)}.values())[::-1]


@pytest.fixture
def few_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "evaluated_recipes", one_per_role)


def bounds_of(warehouse: Warehouse) -> Bounds:
    return cuts.require_bounds(warehouse.root, months.manifest())


def figures(warehouse: Warehouse, **equals: str | int) -> list[Row]:
    return Lake(warehouse.root).rows(GOLD_BACKTESTS, equals=equals)


def headline(warehouse: Warehouse, age: int, slice_name: str) -> Row:
    equals: dict[str, str | int] = {
        "recipe": POPULAR.name,
        "age": age,
        "slice": slice_name,
        "metric": "ndcg@10",
    }
    [row] = figures(warehouse, **equals)
    return row


def expected(age: int, *, warm: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    rows = months.events()
    values = months.ndcg_of_popular(rows, CUT, age=age)
    users = [user for user in sorted(values) if months.is_warm(rows, user, CUT) is warm]
    return np.array([values[user] for user in users])


@pytest.mark.parametrize("age", [0, 1, 3])
@pytest.mark.parametrize("slice_name", ["warm", "cold"])
def test_figures_agree_with_a_recomputation(lake: Warehouse, age: int, slice_name: str) -> None:
    row = headline(lake, age, slice_name)

    values = expected(age, warm=slice_name == "warm")
    assert row["n_users"] == len(values)
    assert row["value"] == pytest.approx(values.mean())
    assert (row["role"], row["champion"]) == ("champion", POPULAR.name)
    assert (row["period"], row["cut"], row["run_key"]) == ("month", CUT, RUN)


@pytest.mark.parametrize("age", [1, 3])
def test_the_loss_is_paired_by_user(lake: Warehouse, age: int) -> None:
    row = headline(lake, age, "warm")

    interval = intervals.paired(expected(0, warm=True) - expected(age, warm=True))
    measured = (row["loss"], row["loss_low"], row["loss_high"])
    assert measured == pytest.approx((interval.mean, interval.low, interval.high), abs=1e-6)
    assert row["low"] < row["value"] < row["high"]
    assert headline(lake, 0, "warm")["loss"] is None


def test_an_old_model_of_changing_preferences_loses_more(lake: Warehouse) -> None:
    one, three = (headline(lake, age, "warm")["loss"] for age in (1, 3))
    assert 0 < one < three


def test_baselines_and_popularities_are_compared_on_the_same_users(lake: Warehouse) -> None:
    rows = figures(lake, slice="warm", metric="ndcg@10", age=0)

    by_role = sorted((row["role"], row["recipe"].rpartition("_")[0]) for row in rows)
    assert by_role == [
        ("baseline", "random"), ("champion", "popular"), ("popularity", "popular_365d"),
    ]  # fmt: skip
    assert len({row["n_users"] for row in rows}) == 1
    metrics = {row["metric"] for row in figures(lake, slice="warm", age=0)}
    assert {"recall@10", "coverage@10", "novelty@10"} <= metrics


@pytest.mark.usefixtures("few_recipes")
def test_nothing_from_after_the_test_rows_is_read(lake: Warehouse, warehouse: Warehouse) -> None:
    until = int(shifted(CUT, "month", 1).timestamp())
    users = sorted({user for user, *_ in months.events()})
    past = [row for row in months.events() if row[4] < until]
    present = {user for user, *_ in past}
    planted = [(user, "i29", "rate", LIKED, until) for user in users]
    months.write(warehouse, [*past, *planted])
    assert present < set(users)  # some users are there only in the future

    backtest.run(under(warehouse, RUN), months.manifest(), PLAN, bounds_of(warehouse))

    same = ("recipe", "age", "slice", "metric", "value", "low", "loss", "n_users")
    before, after = (
        sorted(tuple(str(row[name]) for name in same) for row in figures(w, recipe=POPULAR.name))
        for w in (lake, warehouse)
    )
    assert after == before


@pytest.mark.usefixtures("few_recipes")
def test_a_second_run_changes_nothing_and_other_inputs_replace_the_figures(
    lake: Warehouse,
) -> None:
    version, n_rows = Lake(lake.root).version(GOLD_BACKTESTS), len(figures(lake))

    backtest.run(under(lake, RUN), months.manifest(), PLAN, bounds_of(lake))

    assert Lake(lake.root).version(GOLD_BACKTESTS) == version
    other = under(lake, RUN.replace("backfill", "manual"))
    backtest.run(other, months.manifest(), replace(PLAN, ages=(3,)), bounds_of(lake))
    assert len(figures(lake)) == n_rows
    assert headline(lake, 3, "warm")["run_key"] == str(other.run_key)
    assert headline(lake, 1, "warm")["run_key"] == RUN
    assert headline(lake, 3, "warm")["value"] == pytest.approx(expected(3, warm=True).mean())


@pytest.mark.usefixtures("few_recipes")
def test_of_many_users_a_sample_is_evaluated(
    lake: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MAX_USERS", 20)
    other = under(lake, "product__backtest/sample/backtest")
    april = replace(PLAN, cut=shifted(CUT, "month", -2), ages=(36,))

    backtest.run(other, months.manifest(), april, bounds_of(lake))

    rows = [row for row in figures(lake, metric="ndcg@10", age=0) if row["cut"] == april.cut]
    of_popular = {row["slice"]: row["n_users"] for row in rows if row["recipe"] == POPULAR.name}
    assert of_popular["warm"] + of_popular["cold"] == 20
    assert of_popular["cold"] > 0
    assert not figures(lake, age=36)  # before the first event


@pytest.mark.usefixtures("few_recipes")
def test_a_recipe_that_cannot_be_fitted_fails_with_the_cut(lake: Warehouse) -> None:
    unreachable = '{"kind": "als", "weighting": {"kind": "stars_from_threshold", "threshold": 6}}'
    plan = replace(PLAN, recipe=recipes.parse(unreachable), ages=())

    with pytest.raises(NothingToLearnError, match=r"could not be fitted .* before 2024-06-01"):
        backtest.run(under(lake, "a/b/c"), months.manifest(), plan, bounds_of(lake))


def test_a_cut_outside_the_data_is_skipped_without_spark(
    lake: Warehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(monkeypatch, months.manifest(), lake.root)

    code = backtest.main(["--dataset=product", "--cut=2024-01-01"])

    assert code == NOTHING_TO_DO
    assert "no event is before 2024-01-01; the oldest is from 2024-01-01" in caplog.text
