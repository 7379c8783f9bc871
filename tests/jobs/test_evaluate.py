from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from jobs import evaluate
from jobs.engine import recipes
from jobs.engine.item_recipes import Ease
from jobs.engine.learning import item_item
from jobs.engine.learning.baselines import baselines
from jobs.retraining import samples
from jobs.retraining.evaluation_windows import PreparedWindow
from jobs.retraining.frozen_tables import frozen
from jobs.runtime.errors import TaskMissingError
from tests.support.jobs.product import rows_of
from tests.support.jobs.releasing import released
from tests.support.jobs.small_world import (
    DISLIKES_ALL,
    HIDES,
    N_USERS,
    NEW_USER,
    RUN,
    SMALL,
    Retrain,
    likes,
    world,
)
from tests.support.runs import under
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import (
    GOLD_MODEL_METRICS,
    GOLD_SAMPLE_LISTS,
    GOLD_USER_METRICS,
    GOLD_VERDICTS,
    GOLD_WINDOW_LISTS,
)

CHALLENGER = recipes.parse(SMALL).name


def figures(retrain: Retrain, recipe: str = CHALLENGER) -> dict[tuple[str, str], float]:
    """Return the recipe's metrics by slice and name."""
    lake = Lake(retrain.warehouse.root)
    equals = {"recipe": recipe, "retrain_id": retrain.run}
    rows = lake.read(GOLD_MODEL_METRICS, equals=equals).to_pylist()
    return {(row["slice"], row["metric"]): row["value"] for row in rows}


def test_als_learns_the_preferences_and_popularity_does_not(retrained: Retrain) -> None:
    popular = recipes.popularities(retrained.dataset)[0]

    als, popularity = figures(retrained), figures(retrained, popular.name)

    assert als["warm", "ndcg@10"] > popularity["warm", "ndcg@10"] + 0.1
    assert als["warm", "empty_lists"] == als["warm", "not_finite"] == 0


def test_every_recipe_has_all_metrics_of_every_slice(retrained: Retrain) -> None:
    popularities = [figures(retrained, r.name) for r in recipes.popularities(retrained.dataset)]

    assert all(set(values) == set(figures(retrained)) for values in popularities)
    slices = {slice_name for slice_name, _ in popularities[0]}
    assert {"warm", "cold", "active_low", "newest_third"} <= slices
    assert {"coverage@10", "gini@10", "novelty@10", "diversity@10", "map@10"} <= {
        metric for slice_name, metric in popularities[0] if slice_name == "warm"
    }


def test_the_mean_of_the_users_values_is_the_models_value(retrained: Retrain) -> None:
    rows = Lake(retrained.warehouse.root).read(
        GOLD_USER_METRICS, equals={"recipe": CHALLENGER, "metric": "ndcg@10"}
    )
    warm = [row["value"] for row in rows.to_pylist() if "warm" in row["slices"]]
    cold = {row["user_id"] for row in rows.to_pylist() if row["slices"] == ["cold"]}

    assert sum(warm) / len(warm) == pytest.approx(figures(retrained)["warm", "ndcg@10"])
    assert cold == {NEW_USER}
    assert DISLIKES_ALL not in {row["user_id"] for row in rows.to_pylist()}


def test_a_second_run_changes_nothing(retrained: Retrain) -> None:
    tables = (GOLD_MODEL_METRICS, GOLD_USER_METRICS, GOLD_WINDOW_LISTS)
    before = [Lake(retrained.warehouse.root).version(table) for table in tables]

    retrained.evaluate()

    assert [Lake(retrained.warehouse.root).version(table) for table in tables] == before


@pytest.mark.soak
def test_a_run_that_died_between_its_tables_can_be_completed(
    retrained: Retrain, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrain = replace(retrained, engine=publisher, run="product__retrain/died")
    retrain.freeze()
    retrain.nominate()
    retrain.search()

    def raise_interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(evaluate, "append", raise_interrupt)
        with pytest.raises(KeyboardInterrupt):
            retrain.evaluate()
    tables = (GOLD_USER_METRICS, GOLD_WINDOW_LISTS)
    versions = [Lake(retrain.warehouse.root).version(table) for table in tables]

    retrain.evaluate()

    assert [Lake(retrain.warehouse.root).version(table) for table in tables] == versions
    assert figures(retrain) == pytest.approx(figures(retrained), abs=1e-6)
    columns = ("recipe", "user_id", "slices", "metric", "value")
    rows = rows_of(retrain.warehouse, GOLD_USER_METRICS, "retrain_id", *columns)
    repeated, first = ([row[1:] for row in rows if row[0] == r.run] for r in (retrain, retrained))
    assert repeated == first


def test_a_challenger_whose_fit_fails_is_recorded_and_the_task_goes_on(
    retrained: Retrain, publisher: Engine
) -> None:
    unreachable_threshold = (
        '{"kind": "als", "weighting": {"kind": "stars_from_threshold", "threshold": 6}}'
    )
    retrain = replace(retrained, engine=publisher, run="product__retrain/fails")
    retrain.freeze()
    retrain.nominate(unreachable_threshold)
    retrain.search()

    retrain.evaluate()

    failed = recipes.parse(unreachable_threshold).name
    assert figures(retrain, failed) == {("warm", "failed"): 1.0}
    assert retrain.decide()
    assert figures(retrain, recipes.popularities(retrain.dataset)[0].name)


def test_a_baseline_that_takes_fewer_items_is_left_out_and_the_verdict_says_so(
    retrained: Retrain, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_item, "MAX_ITEMS", 5)
    retrain = replace(retrained, engine=publisher, run="product__retrain/large")
    retrain.freeze()
    retrain.nominate("item_item")
    retrain.search()

    retrain.evaluate()

    _, cosine, ease = (baseline.name for baseline in baselines(retrained.dataset))
    assert figures(retrain, ease) == {("warm", "left_out"): 5.0}
    assert figures(retrain, cosine)["warm", "ndcg@10"] > 0
    retrain.decide()
    rows = Lake(retrain.warehouse.root).rows(GOLD_VERDICTS, equals={"retrain_id": retrain.run})
    notes = [row["detail"] for row in rows[0]["criteria"] if row["criterion"] == "Compared"]
    assert notes == [f"{ease} was left out: it takes at most 5 items"]
    compared = {row["recipe"]: row["role"] for row in rows[0]["comparisons"]}
    assert ease not in compared
    assert compared[recipes.by_name(retrained.dataset)["item_item"].name] == "challenger"


def test_a_baseline_that_challenges_is_a_challenger(retrained: Retrain) -> None:
    *_, ease = baselines(retrained.dataset)
    assert isinstance(ease, Ease)

    entries = evaluate.evaluated_recipes(ease, None, retrained.dataset)

    assert [entry.role for entry in entries if entry.recipe == ease] == ["challenger"]
    assert [entry.role for entry in entries].count("baseline") == 2


def test_a_challenger_that_leads_is_evaluated_on_the_rolling_windows_and_promoted(
    retrained: Retrain, publisher: Engine
) -> None:
    popular, *others = recipes.popularities(retrained.dataset)
    released(publisher, popular)
    retrain = replace(retrained, engine=publisher, run="product__retrain/ahead")
    retrain.freeze()
    retrain.nominate()
    retrain.search()

    retrain.evaluate()

    lake = Lake(retrain.warehouse.root)
    equals = {"retrain_id": retrain.run, "metric": "ndcg@10", "slice": "warm"}
    rows = lake.read(GOLD_MODEL_METRICS, equals=equals).to_pylist()
    before = {"rolling_40", "rolling_50", "rolling_60"}
    for recipe in (CHALLENGER, popular.name, *(recipe.name for recipe in others)):
        windows = {row["window"] for row in rows if row["recipe"] == recipe}
        assert windows == before | {"gate"}
    users = lake.read(GOLD_USER_METRICS, equals={"retrain_id": retrain.run}).to_pylist()
    assert {row["window"] for row in users} == before | {"gate"}
    assert retrain.decide()
    [row] = lake.rows(GOLD_VERDICTS, equals={"retrain_id": retrain.run})
    assert (row["verdict"], row["recipe"]) == ("promote", CHALLENGER)


def test_a_first_release_needs_no_rolling_windows(retrained: Retrain) -> None:
    rows = Lake(retrained.warehouse.root).read(
        GOLD_MODEL_METRICS, equals={"retrain_id": retrained.run}
    )

    assert set(rows["window"].to_pylist()) == {"gate"}


def test_lists_of_three_warm_users_are_stored(retrained: Retrain) -> None:
    equals = {"retrain_id": retrained.run}
    rows = Lake(retrained.warehouse.root).read(GOLD_SAMPLE_LISTS, equals=equals).to_pylist()

    roles = Counter((row["role"], row["recipe"] == CHALLENGER) for row in rows)
    assert roles == {("challenger", True): 3, ("popularity", False): 3}
    assert len({row["user_id"] for row in rows}) == 3
    for row in rows:
        assert row["titles"] == [f"Title of {item_id}" for item_id in row["item_ids"]]
        hits = [i for i, hit in zip(row["item_ids"], row["relevant"], strict=True) if hit]
        assert all(likes(row["user_id"], item_id) for item_id in hits)
        assert 0 < row["n_relevant"] >= len(hits)
    assert any(any(row["relevant"]) for row in rows)


def test_lists_of_all_warm_users_are_stored_for_the_preview_of_rules(retrained: Retrain) -> None:
    lake, of_run = Lake(retrained.warehouse.root), {"retrain_id": retrained.run}
    rows = lake.read(GOLD_WINDOW_LISTS, equals=of_run).to_pylist()

    servable = [CHALLENGER, *(recipe.name for recipe in recipes.popularities(world()))]
    metrics = lake.read(GOLD_USER_METRICS, equals=of_run | {"recipe": CHALLENGER})
    warm = {row["user_id"] for row in metrics.to_pylist() if "warm" in row["slices"]}
    assert len(warm) <= N_USERS
    assert sorted((row["recipe"], row["user_id"]) for row in rows) == sorted(
        (recipe, user_id) for recipe in servable for user_id in warm
    )
    for row in rows:
        assert 0 < len(row["item_ids"]) == len({*row["item_ids"]}) == len(row["scores"])
        assert row["scores"] == sorted(row["scores"], reverse=True)
        assert row["relevant"]
        assert all(likes(row["user_id"], item_id) for item_id in row["relevant"])
        assert (row["user_id"], row["item_ids"][0]) != HIDES


def test_of_many_warm_users_the_same_sample_is_drawn_each_time(
    retrained: Retrain, prepared: PreparedWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "MAX_WINDOW_LISTS", 7)
    monkeypatch.setattr(samples, "WINDOW_LIST_LENGTH", 3)
    rows = frozen(under(retrained.warehouse, f"{RUN}/search"), retrained.dataset)
    model = prepared.fit(recipes.popularities(retrained.dataset)[0])

    first, second = (
        samples.window_lists(rows, prepared.users, [model]).collect() for _ in range(2)
    )

    assert len({row["user_id"] for row in first}) == 7
    assert {len(row["item_ids"]) for row in first} == {3}
    assert sorted(first) == sorted(second)


def test_the_earlier_tasks_must_have_run(warehouse: Warehouse, publisher: Engine) -> None:
    retrain = Retrain(warehouse, publisher, world())

    with pytest.raises(TaskMissingError, match=rf"{RUN}: .* run jobs\.nominate first"):
        retrain.evaluate()

    retrain.nominate()
    with pytest.raises(TaskMissingError, match=r"run jobs\.search first"):
        retrain.evaluate()

    retrain.search()
    with pytest.raises(TaskMissingError, match=r"run jobs\.freeze first"):
        retrain.evaluate()


def test_baselines_are_evaluated_on_the_gates_window_only(retrained: Retrain) -> None:
    names = [baseline.name for baseline in baselines(retrained.dataset)]
    random, cosine, ease = (figures(retrained, name)["warm", "ndcg@10"] for name in names)

    assert random < cosine
    assert random < ease
    lake = Lake(retrained.warehouse.root)
    roles = lake.read(GOLD_MODEL_METRICS, equals={"role": "baseline"}).to_pylist()
    assert {row["recipe"] for row in roles} == set(names)
    assert {row["window"] for row in roles} == {"gate"}
