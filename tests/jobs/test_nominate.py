from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs import nominate
from jobs.engine import recipes
from jobs.engine.errors import RecipeError
from jobs.retraining.handover import Nomination
from tests.support.jobs.releasing import released
from tests.support.jobs.small_world import RUN, SMALL, world
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_NOMINATIONS

KEY = RunKey.parse(f"{RUN}/nominate")
WORLD = world()


def test_without_a_release_the_default_recipe_has_no_champion(
    tmp_path: Path, publisher: Engine
) -> None:
    nominate.run(str(tmp_path), WORLD, publisher, recipe="", reason="New rows", run_key=KEY)

    nomination = Nomination.read(str(tmp_path), RUN)
    assert nomination.challenger == recipes.default(WORLD)
    assert (nomination.champion, nomination.champion_release_id) == (None, None)
    [row] = Lake(str(tmp_path)).rows(GOLD_NOMINATIONS)
    assert (row["retrain_id"], row["reason"]) == (RUN, "New rows")


def test_the_recipe_of_the_live_release_is_the_champion(tmp_path: Path, publisher: Engine) -> None:
    live = recipes.parse(SMALL)
    release = released(publisher, live)

    nominate.run(str(tmp_path), WORLD, publisher, recipe="popular", reason="x", run_key=KEY)

    nomination = Nomination.read(str(tmp_path), RUN)
    assert (nomination.champion, nomination.champion_release_id) == (live, release)
    assert nomination.challenger == recipes.by_name(WORLD)["popular"]


def test_a_second_run_changes_nothing_even_if_another_release_is_live(
    tmp_path: Path, publisher: Engine
) -> None:
    for recipe in ("", "popular"):
        nominate.run(str(tmp_path), WORLD, publisher, recipe=recipe, reason="x", run_key=KEY)

    assert Lake(str(tmp_path)).n_rows(GOLD_NOMINATIONS) == 1
    assert Nomination.read(str(tmp_path), RUN).challenger == recipes.default(WORLD)


def test_an_unknown_recipe_is_rejected_before_anything_is_written(
    tmp_path: Path, publisher: Engine
) -> None:
    with pytest.raises(RecipeError, match="no recipe 'best'; give JSON, or one of: default"):
        nominate.run(str(tmp_path), WORLD, publisher, recipe="best", reason="x", run_key=KEY)

    assert not Lake(str(tmp_path)).exists(GOLD_NOMINATIONS)
