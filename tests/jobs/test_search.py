"""A search on the small data set: its rows, its windows, and its continuation after a kill."""

from dataclasses import replace

import pytest
from pyspark.sql import functions as F
from sqlalchemy import Engine

from jobs import search
from jobs.engine import recipes
from jobs.engine.item_recipes import ItemItem
from jobs.engine.judging import evaluation, metrics
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe, PriorWeights
from jobs.engine.searching.plan import Budget
from jobs.engine.searching.trial_runner import TrialRunner, trial_runner
from jobs.retraining import handover
from jobs.retraining.evaluation_windows import PreparedWindow, gate_window, rolling_windows
from jobs.retraining.frozen_tables import frozen
from jobs.runtime import session
from jobs.runtime.errors import TaskMissingError
from tests.support.jobs.product import install, kill
from tests.support.jobs.small_world import RUN, SMALL, Retrain, Row, world
from tests.support.runs import under
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_SEARCHES, GOLD_TRIALS

CHAMPION = recipes.parse(SMALL)
UNREACHABLE_THRESHOLD = (
    '{"kind": "als", "weighting": {"kind": "stars_from_threshold", "threshold": 6}}'
)
NEVER_SEARCHED = "product__retrain/never_searched"


@pytest.fixture(scope="module")
def searched(retrained: Retrain) -> Retrain:
    """A retrain whose challenger fails, and whose search was killed before its finalists."""
    retrain = replace(retrained, run="product__retrain/searched")
    retrain.freeze()
    retrain.nominate(UNREACHABLE_THRESHOLD)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("jobs.engine.searching.search.Search._finalists", kill)
        with pytest.raises(KeyboardInterrupt):
            run_search(retrain)
    assert [row["stage"] for row in trials(retrain)] == ["explore", "explore"]
    run_search(retrain)
    return retrain


@pytest.fixture(scope="module")
def runner(prepared: PreparedWindow) -> TrialRunner:
    """The last rolling window with all of its warm users."""
    users = evaluation.sample(prepared.users, 1000, seed=1)
    frames = (prepared.training, prepared.catalogue, prepared.segments, users)
    return trial_runner(*frames, relevant_from=prepared.relevant_from)


def trials(retrain: Retrain) -> list[Row]:
    rows = Lake(retrain.warehouse.root).rows(GOLD_TRIALS, equals={"retrain_id": retrain.run})
    return sorted(rows, key=lambda row: int(row["number"]))


def outcome(retrain: Retrain) -> Row:
    [row] = Lake(retrain.warehouse.root).rows(GOLD_SEARCHES, equals={"retrain_id": retrain.run})
    return row


def run_search(retrain: Retrain) -> None:
    warehouse = under(retrain.warehouse, retrain.key("search"))
    search.run(warehouse, retrain.dataset, Budget(600, n_trials=2), "als")


def test_without_a_budget_the_nominated_recipe_challenges_and_spark_does_not_start(
    retrained: Retrain, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrain = replace(retrained, engine=publisher, run=NEVER_SEARCHED)
    retrain.nominate()
    install(monkeypatch, retrain.dataset, retrain.warehouse.root)
    monkeypatch.setattr(session, "start", kill)
    arguments = ["--dataset", "product", "--run-key", str(retrain.key("search")), "--minutes", "0"]

    assert [search.main(arguments), search.main(arguments)] == [0, 0]

    assert handover.Search.read(retrain.warehouse.root, retrain.run).challenger == CHAMPION
    assert (outcome(retrain)["found_by"], outcome(retrain)["n_trials"]) == ("nomination", 0)
    assert trials(retrain) == []
    another = replace(retrain, run=f"{NEVER_SEARCHED}_either")
    another.freeze()
    another.nominate()
    key = str(another.key("search"))
    with pytest.raises(KeyboardInterrupt):
        search.main(["--dataset", "product", "--run-key", key, "--minutes", "1"])


def test_a_budget_out_of_bounds_is_rejected() -> None:
    with pytest.raises(SystemExit):
        search.main(["--dataset", "product", "--minutes", "121"])


def test_each_trial_is_a_row_and_a_failed_trial_does_not_end_the_search(searched: Retrain) -> None:
    failed, explored, *finals = trials(searched)

    assert (failed["state"], failed["value"]) == ("failed", None)
    assert "no user has a strength above 0" in failed["failure"]
    assert (explored["recipe"], explored["state"]) == (CHAMPION.name, "complete")
    assert dict(explored["by_window"]).keys() == {"rolling_40", "rolling_50", "rolling_60"}
    assert [row["stage"] for row in finals] == ["final"]


def test_a_killed_search_continues_to_a_challenger(searched: Retrain) -> None:
    rows, row = trials(searched), outcome(searched)

    assert [trial["number"] for trial in rows] == [0, 1, 2]
    assert (row["challenger"], row["value"]) == (rows[2]["recipe_json"], rows[2]["value"])
    assert (row["found_by"], row["n_trials"], row["n_failed"]) == ("search", 3, 1)
    assert row["seconds"] >= sum(trial["seconds"] for trial in rows)


def test_a_second_run_changes_nothing(searched: Retrain) -> None:
    lake, tables = Lake(searched.warehouse.root), (GOLD_TRIALS, GOLD_SEARCHES)
    before = [lake.version(table) for table in tables]

    run_search(searched)

    assert [lake.version(table) for table in tables] == before


def test_a_nomination_is_required(retrained: Retrain) -> None:
    root = retrained.warehouse.root

    with pytest.raises(TaskMissingError, match=r"run jobs\.nominate first"):
        search.use_nomination(
            root, run_key=RunKey("product__retrain", "without_nomination", "search")
        )


def test_rolling_windows_have_no_test_row_of_the_gate(retrained: Retrain) -> None:
    rows = frozen(under(retrained.warehouse, f"{RUN}/search"), retrained.dataset)
    gate_rows = gate_window(rows, retrained.dataset).test.select("user", "item")

    windows = dict(rolling_windows(rows, retrained.dataset))

    assert list(windows) == ["rolling_40", "rolling_50", "rolling_60"]
    for window in windows.values():
        seen = window.training.select("user", "item").union(window.test.select("user", "item"))
        assert seen.join(gate_rows, ["user", "item"]).isEmpty()
        assert not window.test.isEmpty()


@pytest.mark.parametrize("cut", ["file_order", "random"])
def test_without_times_the_rolling_windows_are_split_like_the_gates(
    retrained: Retrain, cut: str
) -> None:
    rows = frozen(under(retrained.warehouse, f"{RUN}/search"), retrained.dataset)
    ratings = {**retrained.dataset.model_dump()["ratings"], "time": False}
    dataset = world(ratings=ratings, windows={"without_time": cut})
    gate_rows = gate_window(rows, dataset).test.select("user", "item")

    *_, (_, window) = rolling_windows(rows, dataset)

    n_test = window.test.count()
    assert n_test / (n_test + window.training.count()) == pytest.approx(0.25, abs=0.05)
    assert window.test.join(gate_rows, ["user", "item"]).isEmpty()


RECIPES: tuple[AnyRecipe, ...] = (
    CHAMPION,
    recipes.popularities(world())[2],
    AlsWithPriors(als=Als(rank=2, iterations=3), models=2),
    ItemItem(),
    recipes.ease(world()),
)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.kind)
def test_a_trial_scores_as_the_evaluation_does(
    prepared: PreparedWindow, runner: TrialRunner, recipe: AnyRecipe
) -> None:
    lists = prepared.fit(recipe).lists(prepared.users.inputs, 10)
    per_user = metrics.per_user(lists.withColumn("recipe", F.lit("")), prepared.users.relevant)
    warm = per_user.where(F.array_contains("slices", "warm"))
    mean = warm.agg(F.avg("`ndcg@10`"), F.count("*")).first()
    assert mean is not None

    score = runner.score(recipe)

    assert score.value == pytest.approx(mean[0], abs=1e-9)
    assert score.n_users == mean[1]


def test_other_prior_weights_need_no_new_fit(
    runner: TrialRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = AlsWithPriors(als=Als(rank=2, iterations=3), models=1)
    other = recipe.model_copy(update={"priors": PriorWeights(popularity=2, category=0)})
    runner.score(recipe)
    refitted = replace(runner, fits={}, counts={}).score(other)

    monkeypatch.setattr("jobs.engine.learning.models.fit", kill)

    assert runner.score(other) == refitted
    assert runner.score(other) != runner.score(recipe)


def test_a_trial_leaves_no_persisted_frame(prepared: PreparedWindow, runner: TrialRunner) -> None:
    java = prepared.training.sparkSession.sparkContext._jsc  # noqa: SLF001 # as in trial_runner.py
    before = set(java.getPersistentRDDs())

    runner.score(CHAMPION)

    assert set(java.getPersistentRDDs()) <= before  # Spark may have cleaned up others meanwhile


def test_a_sample_is_drawn_by_its_seed(prepared: PreparedWindow) -> None:
    samples = [evaluation.sample(prepared.users, 20, seed=seed) for seed in (1, 1, 2)]

    drawn = [sorted(row["user"] for row in sample.inputs.collect()) for sample in samples]
    assert len(drawn[0]) == samples[0].relevant.count() == 20
    assert drawn[0] == drawn[1] != drawn[2]
