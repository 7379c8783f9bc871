"""The window lists that `decide` copies to Postgres, without Spark."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine, text

from jobs import decide
from jobs.engine.recipes import AnyRecipe
from tests.support.jobs.earlier_tasks import (
    CHALLENGER,
    CHAMPION,
    KEY,
    POPULARITIES,
    WORLD,
    lake,
    verdict,
)
from tests.support.jobs.small_world import RUN, Row
from warehouse.append import append
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_WINDOW_LISTS


def write_lists(root: str, evaluated: Sequence[AnyRecipe], run: str = RUN) -> None:
    """Write each recipe's lists of two users, as `evaluate` does."""
    same = {"retrain_id": run, "run_key": f"{run}/before", "relevant": ["b"]}
    rows = [
        same
        | {"recipe": recipe.name, "user_id": user_id}
        | {"item_ids": [recipe.name, "b"], "scores": [0.5, 0.25]}
        for recipe in evaluated
        for user_id in ("u1", "u2")
    ]
    append(root, GOLD_WINDOW_LISTS, rows, run_key=RunKey.parse(f"{run}/before"))


def stored_lists(engine: Engine) -> list[Row]:
    """Return the lists in Postgres, with the transaction that wrote each."""
    with engine.connect() as connection:
        rows = connection.execute(text("select *, xmin from window_lists order by user_id"))
        return [dict(row) for row in rows.mappings()]


def test_the_window_lists_of_the_chosen_recipe_are_copied_to_postgres(
    tmp_path: Path, publisher: Engine
) -> None:
    root = lake(tmp_path)
    write_lists(root, [CHALLENGER, *POPULARITIES])

    decide.run(root, WORLD, publisher, run_key=KEY)

    lists = stored_lists(publisher)
    assert [row["user_id"] for row in lists] == ["u1", "u2"]
    assert {(row["retrain_id"], row["recipe"]) for row in lists} == {(RUN, CHALLENGER.name)}
    first = lists[0]
    assert first["item_ids"] == [CHALLENGER.name, "b"]
    assert (first["scores"], first["relevant"]) == ([0.5, 0.25], ["b"])

    decide.run(root, WORLD, publisher, run_key=KEY)

    assert stored_lists(publisher) == lists


def test_a_hold_keeps_the_window_lists(tmp_path: Path, publisher: Engine) -> None:
    before, hold = lake(tmp_path / "before"), lake(tmp_path / "hold", {}, champion=CHAMPION)
    write_lists(before, [CHALLENGER])
    write_lists(hold, [CHALLENGER, CHAMPION])
    decide.run(before, WORLD, publisher, run_key=KEY)
    lists = stored_lists(publisher)

    decide.run(hold, WORLD, publisher, run_key=KEY)

    assert verdict(hold)["verdict"] == "hold"
    assert stored_lists(publisher) == lists != []
