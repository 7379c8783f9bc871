"""What a run of a backtest evaluates, from the command line or from the lake. No Spark."""

import hashlib
import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from jobs.engine import recipes
from jobs.engine.recipes import AnyRecipe
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_BACKTEST_PLANS
from warehouse.tables.vocabulary import (
    BACKTEST_PERIODS,
    DEFAULT_BACKTEST_AGES,
    MAX_BACKTEST_AGES,
    MAX_MODEL_AGE,
    BacktestPeriod,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plan's recipe comes from. `release_id` is the live release that has it."""

    found_by: Literal["form", "release", "default"]
    release_id: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A cut, and the recipe to evaluate there. `ages` are those of the older models."""

    cut: datetime
    period: BacktestPeriod
    ages: tuple[int, ...]
    recipe: AnyRecipe

    def digest(self, versions: Mapping[str, int]) -> str:
        """Return a digest of all that the figures depend on: the plan and the table versions."""
        inputs = [self.cut.isoformat(), self.period, self.ages, self.recipe.model_dump_json()]
        text = json.dumps([*inputs, sorted(versions.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def find(root: str, backtest_id: str) -> Plan | None:
    """Return the newest plan of a run; None if it has none."""
    rows = Lake(root).rows(GOLD_BACKTEST_PLANS, equals={"backtest_id": backtest_id})
    if not rows:
        return None
    row = max(rows, key=lambda row: row["number"])
    recipe = recipes.parse(row["recipe_json"])
    return Plan(row["cut"], row["period"], tuple(row["ages"]), recipe)


def write(root: str, plan: Plan, origin: Origin, *, run_key: RunKey) -> None:
    """Write the plan of the run. If it is the run's newest plan already, nothing is written."""
    backtest_id = run_key.retrain_id
    rows = Lake(root).rows(GOLD_BACKTEST_PLANS, equals={"backtest_id": backtest_id})
    if find(root, backtest_id) == plan:
        return
    row = {
        "backtest_id": backtest_id,
        "number": len(rows),
        "cut": plan.cut,
        "period": plan.period,
        "ages": list(plan.ages),
        "recipe_json": plan.recipe.model_dump_json(),
        "found_by": origin.found_by,
        "release_id": origin.release_id,
        "planned_at": datetime.now(UTC),
        "run_key": str(run_key),
    }
    append(root, GOLD_BACKTEST_PLANS, [row], run_key=run_key, write_id=f"plan-{len(rows)}")


def add_options(parser: ArgumentParser) -> None:
    """Add the options of a plan."""
    parser.add_argument(
        "--cut",
        type=moment,
        default=None,
        help="train on the events before this time (ISO 8601, UTC); by default the start of the "
        "newest month or week with all its events",
    )
    parser.add_argument(
        "--period",
        choices=BACKTEST_PERIODS,
        default="month",
        help="length of the test rows after the cut, and unit of the ages",
    )
    parser.add_argument(
        "--ages",
        type=ages,
        default=ages(DEFAULT_BACKTEST_AGES),
        help=f"ages of older models, such as {DEFAULT_BACKTEST_AGES}; empty for none",
    )
    parser.add_argument(
        "--recipe", default="", help="name or JSON; empty: that of the live release, or the default"
    )


def moment(text: str) -> datetime | None:
    """Return the time in UTC; None for no text.

    Raises:
        ArgumentTypeError: it is no time in ISO 8601.
    """
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date, such as 2026-03-01") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def ages(text: str) -> tuple[int, ...]:
    """Return the ages in ascending order, each once.

    Raises:
        ArgumentTypeError: an age is not a number from 1 to the largest, or there are too many.
    """
    try:
        numbers = sorted({int(part) for part in text.split(",") if part.strip()})
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} are no ages, such as 1,2,3") from error
    if len(numbers) > MAX_BACKTEST_AGES or not all(1 <= n <= MAX_MODEL_AGE for n in numbers):
        limits = f"at most {MAX_BACKTEST_AGES} numbers from 1 to {MAX_MODEL_AGE}"
        raise ArgumentTypeError(f"{text!r}: ages are {limits}")
    return tuple(numbers)
