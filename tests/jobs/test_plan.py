from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs import plan
from jobs.backtesting import plans
from jobs.engine import recipes
from jobs.engine.errors import RecipeError
from tests.support.jobs.product import install
from tests.support.jobs.releasing import released
from tests.support.jobs.small_world import SMALL, world
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_BACKTEST_PLANS, SILVER_EVENTS
from warehouse.tables.vocabulary import NOTHING_TO_DO

RUN = "product__backtest/backfill__2024-06-01"
WORLD = world()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A lake with an event in March and one in August."""
    root = str(tmp_path)
    install(monkeypatch, WORLD, root)
    rows = [
        dict.fromkeys(SILVER_EVENTS.names)
        | {"event_id": str(month), "kind": "rate", "user_id": "u", "item_id": "i", "rating": 5.0}
        | {"occurred_at": datetime(2024, month, 9, tzinfo=UTC), "landing_id": "l", "run_key": "k"}
        for month in (3, 8)
    ]
    append(root, SILVER_EVENTS, rows, run_key=RunKey("dag", "run", "refine"))
    return root


def run(engine: Engine, *options: str) -> int:
    return plan.main(
        ["--dataset=product", f"--run-key={RUN}/plan", "--cut=2024-06-01", *options], engine=engine
    )


def origins(root: str) -> list[tuple[str, int | None]]:
    rows = Lake(root).rows(GOLD_BACKTEST_PLANS)
    return [(r["found_by"], r["release_id"]) for r in sorted(rows, key=lambda r: r["number"])]


def test_without_a_release_the_default_recipe_is_backtested(root: str, publisher: Engine) -> None:
    assert run(publisher) == 0

    found = plans.find(root, RUN)
    assert found is not None
    assert (found.cut, found.period) == (datetime(2024, 6, 1, tzinfo=UTC), "month")
    assert (found.ages, found.recipe) == ((1, 2, 3, 6), recipes.default(WORLD))
    assert origins(root) == [("default", None)]


def test_a_repeated_run_plans_anew_only_if_something_changed(root: str, publisher: Engine) -> None:
    for _ in range(2):
        run(publisher)
    release = released(publisher, recipes.parse(SMALL))
    for _ in range(2):
        run(publisher)

    found = plans.find(root, RUN)
    assert found is not None
    assert found.recipe == recipes.parse(SMALL)
    assert origins(root) == [("default", None), ("release", release)]


def test_a_recipe_and_ages_can_be_given(root: str, publisher: Engine) -> None:
    released(publisher, recipes.parse(SMALL))

    run(publisher, "--recipe=popular", "--period=week", "--ages=4, 2,2")

    found = plans.find(root, RUN)
    assert found is not None
    assert (found.recipe, found.ages) == (recipes.by_name(WORLD)["popular"], (2, 4))
    assert origins(root) == [("form", None)]
    with pytest.raises(RecipeError, match="no recipe 'best'"):
        run(publisher, "--recipe=best")


def test_without_a_cut_the_newest_whole_month_is_planned(root: str, publisher: Engine) -> None:
    assert run(publisher, "--cut=") == 0

    found = plans.find(root, RUN)
    assert found is not None
    assert found.cut == datetime(2024, 7, 1, tzinfo=UTC)


def test_a_cut_without_events_on_both_sides_is_nothing_to_do(
    root: str, publisher: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    assert run(publisher, "--cut=2024-09-01") == NOTHING_TO_DO

    assert "product: not evaluated, as no event is after 2024-09-01" in caplog.text
    assert not Lake(root).exists(GOLD_BACKTEST_PLANS)


@pytest.mark.parametrize("text", ["0", "37", "-1", "1,x", "1,2,3,4,5,6,7"])
def test_ages_that_are_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        plans.ages(text)


def test_no_ages_and_no_cut() -> None:
    assert plans.ages("") == ()
    assert plans.moment("") is None
    assert plans.moment("2024-06-01T02:00:00+02:00") == datetime(2024, 6, 1, tzinfo=UTC)
    with pytest.raises(ArgumentTypeError, match="no date"):
        plans.moment("June")
