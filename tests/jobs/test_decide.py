"""From gold rows to a verdict, without Spark: the tests write the rows of the earlier tasks."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs import decide
from jobs.engine import recipes
from jobs.engine.recipes import Als, AnyRecipe
from jobs.runtime.errors import TaskMissingError
from jobs.runtime.logs import event
from serving.publishing import evidence
from tests.support.jobs.earlier_tasks import (
    BOTH,
    CHALLENGER,
    CHAMPION,
    GOOD,
    KEY,
    POPULARITIES,
    WORLD,
    lake,
    verdict,
)
from tests.support.jobs.product import install
from tests.support.jobs.releasing import paused
from warehouse.errors import TableMissingError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_VERDICTS
from warehouse.tables.vocabulary import NOTHING_TO_DO


def test_the_first_verdict_and_its_evidence_are_in_the_lake_and_in_postgres(
    tmp_path: Path, publisher: Engine
) -> None:
    root = lake(tmp_path)

    assert decide.run(root, WORLD, publisher, run_key=KEY)

    row = verdict(root)
    assert (row["verdict"], row["recipe"], row["publishes"]) == ("first", CHALLENGER.name, True)
    assert recipes.parse(row["recipe_json"]) == CHALLENGER
    with Session(publisher) as reading:
        [stored] = evidence.newest(reading, 5)
    assert (stored.verdict, stored.reason, stored.recipe) == (
        "first",
        row["reason"],
        CHALLENGER.name,
    )
    assert [criterion.model_dump() for criterion in stored.criteria] == row["criteria"]
    assert [figure.model_dump() for figure in stored.comparisons] == row["comparisons"]
    figures = {(figure.recipe, figure.metric): figure for figure in stored.comparisons}
    lead = figures[POPULARITIES[0].name, "ndcg@10"]
    assert lead.difference == pytest.approx(0.2)
    assert lead.interval == (lead.difference, lead.low, lead.high)
    assert (lead.role, lead.slice, lead.n_users) == ("popularity", "warm", 79)
    assert {metric for _, metric in figures} == {"ndcg@10", "recall@10", "coverage@10"}


def test_defaults_that_changed_after_the_evaluation_do_not_matter(
    tmp_path: Path, publisher: Engine
) -> None:
    root = lake(tmp_path, BOTH, champion=CHAMPION)
    windows = WORLD.windows.model_copy(update={"half_life_days": 30})

    assert decide.run(root, WORLD.model_copy(update={"windows": windows}), publisher, run_key=KEY)

    assert verdict(root)["verdict"] == "promote"
    compared = {row["recipe"] for row in verdict(root)["comparisons"]}
    assert compared == {recipe.name for recipe in BOTH}


def test_a_better_recipe_is_promoted(tmp_path: Path, publisher: Engine) -> None:
    root = lake(tmp_path, BOTH, champion=CHAMPION)

    assert decide.run(root, WORLD, publisher, run_key=KEY)

    assert (verdict(root)["verdict"], verdict(root)["recipe"]) == ("promote", CHALLENGER.name)


def test_a_better_recipe_that_was_worse_on_the_rolling_windows_is_not_promoted(
    tmp_path: Path, publisher: Engine
) -> None:
    before = {**BOTH, CHALLENGER: 0.25}
    root = lake(tmp_path, BOTH, champion=CHAMPION, rolling=before)

    assert decide.run(root, WORLD, publisher, run_key=KEY)

    assert (verdict(root)["verdict"], verdict(root)["recipe"]) == ("refresh", CHAMPION.name)
    why = f"-0.0500 over {CHAMPION.name} (rolling_40 -0.0500, rolling_60 -0.0500)"
    assert f"Rolling windows agree, {why}" in verdict(root)["reason"]


def test_a_recipe_without_rolling_scores_is_not_promoted(tmp_path: Path, publisher: Engine) -> None:
    root = lake(tmp_path, BOTH, champion=CHAMPION, rolling={})

    assert decide.run(root, WORLD, publisher, run_key=KEY)

    assert verdict(root)["verdict"] == "refresh"
    assert f"scores are missing for {CHAMPION.name}" in verdict(root)["reason"]


def test_the_challenger_is_the_one_that_the_search_found(tmp_path: Path, publisher: Engine) -> None:
    best = Als(rank=3)
    root = lake(tmp_path, {**GOOD, best: 0.5}, challenger=best)

    assert decide.run(root, WORLD, publisher, run_key=KEY)

    assert recipes.parse(verdict(root)["recipe_json"]) == best


def test_the_same_recipe_is_refreshed(tmp_path: Path, publisher: Engine) -> None:
    root = lake(tmp_path, champion=CHALLENGER)

    assert decide.run(root, WORLD, publisher, run_key=KEY)

    assert verdict(root)["verdict"] == "refresh"
    assert recipes.parse(verdict(root)["recipe_json"]) == CHALLENGER


def test_too_few_users_refresh_the_champion(tmp_path: Path, publisher: Engine) -> None:
    root = lake(tmp_path, BOTH, champion=CHAMPION, n_users=30)

    assert decide.run(root, WORLD, publisher, run_key=KEY)

    assert verdict(root)["recipe"] == CHAMPION.name
    assert "not compared (29 warm test users, 50 needed)" in verdict(root)["reason"]


@pytest.mark.parametrize(
    "means",
    [{}, {**GOOD, CHAMPION: float("nan")}, GOOD],
    ids=["nothing evaluated", "no number", "champion missing"],
)
def test_evidence_that_cannot_be_judged_is_held_and_not_published(
    tmp_path: Path, publisher: Engine, means: Mapping[AnyRecipe, float]
) -> None:
    root = lake(tmp_path, means, champion=CHAMPION)

    assert not decide.run(root, WORLD, publisher, run_key=KEY)

    row = verdict(root)
    assert (row["verdict"], row["recipe"], row["publishes"]) == ("hold", None, False)


def test_a_challenger_that_lacks_a_users_value_drops_out(tmp_path: Path, publisher: Engine) -> None:
    root = lake(tmp_path, BOTH, champion=CHAMPION, without=CHALLENGER)

    assert decide.run(root, WORLD, publisher, run_key=KEY)

    assert verdict(root)["recipe"] == CHAMPION.name
    assert f"{CHALLENGER.name} has metrics that are not finite" in verdict(root)["reason"]


def test_nothing_is_published_while_publishing_is_paused(tmp_path: Path, publisher: Engine) -> None:
    paused(publisher, CHAMPION)
    root = lake(tmp_path, BOTH, champion=CHAMPION)

    assert not decide.run(root, WORLD, publisher, run_key=KEY)

    row = verdict(root)
    assert (row["verdict"], row["publishes"]) == ("promote", False)
    assert "Nothing is published: ann paused publishing." in row["reason"]


def test_a_second_run_changes_nothing_and_returns_the_same(
    tmp_path: Path, publisher: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    root = lake(tmp_path)
    first = decide.run(root, WORLD, publisher, run_key=KEY)
    row = verdict(root)
    paused(publisher, CHAMPION)  # comes too late for this decision
    caplog.set_level(logging.INFO)

    assert decide.run(root, WORLD, publisher, run_key=KEY) == first

    assert verdict(root) == row
    with Session(publisher) as reading:
        assert [stored.decided_at for stored in evidence.newest(reading, 5)] == [row["decided_at"]]
    assert Lake(root).n_rows(GOLD_VERDICTS) == 1
    logged = event("verdict", verdict="first", reason=row["reason"])
    assert caplog.messages[-1] == str(logged)


def test_the_command_exits_with_99_after_a_hold(
    tmp_path: Path, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, WORLD, lake(tmp_path, {}, champion=CHAMPION))

    code = decide.main(["--dataset", WORLD.name, "--run-key", str(KEY)], engine=publisher)

    assert code == NOTHING_TO_DO


def test_the_earlier_tasks_must_have_run(tmp_path: Path, publisher: Engine) -> None:
    with pytest.raises(TableMissingError):
        decide.run(str(tmp_path), WORLD, publisher, run_key=KEY)

    root = lake(tmp_path)
    with pytest.raises(TaskMissingError, match=r"other/two: .* run jobs\.nominate first"):
        decide.run(root, WORLD, publisher, run_key=RunKey("other", "two", "decide"))
