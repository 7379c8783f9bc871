"""Find the challenger of a retrain within a time budget, on the rolling windows.

Without a budget the nominated recipe challenges, and Spark does not start. Each trial is a row of
gold.trials as soon as it ends, so an interrupted search continues with the remaining time. The
test rows of the gate's window are not read.

Run: python -m jobs.search --dataset movielens_1m --minutes 15
"""

import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from jobs.engine import recipes
from jobs.engine.judging import evaluation
from jobs.engine.learning.item_item import MAX_ITEMS as MAX_EASE_ITEMS
from jobs.engine.recipes import SEED, AnyRecipe
from jobs.engine.searching import space
from jobs.engine.searching.plan import Budget
from jobs.engine.searching.search import Problem, Search
from jobs.engine.searching.spaces import Spaces
from jobs.engine.searching.trial_runner import TrialRunner, trial_runner
from jobs.engine.searching.trials import Trial
from jobs.retraining import handover
from jobs.retraining.evaluation_windows import prepare, rolling_windows, segments_of
from jobs.retraining.frozen_tables import frozen
from jobs.retraining.handover import Nomination
from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_SEARCHES, GOLD_TRIALS
from warehouse.tables.vocabulary import (
    MAX_SEARCH_MINUTES,
    SEARCH_FAMILIES,
    RecipeSource,
    SearchFamily,
)

log = logging.getLogger(__name__)

SAMPLE_SIZE = 2000  # users per window
_TRIAL_FIELDS = ("number", "stage", "state", "value", "n_users", "seconds", "failure")


def use_nomination(root: str, *, run_key: RunKey) -> None:
    """Write the nominated recipe as the challenger. A second run changes nothing.

    Raises:
        TaskMissingError: `nominate` has not run in the retrain.
    """
    challenger = Nomination.read(root, run_key.retrain_id).challenger
    _write(root, challenger, "nomination", run_key=run_key)
    log.info(event("challenger", recipe=challenger.name, source="nomination"))


def run(
    warehouse: Warehouse, dataset: Dataset, budget: Budget, family: SearchFamily = "any"
) -> None:
    """Search and write the challenger.

    A second run continues an interrupted search with the remaining budget. After a complete one it
    changes nothing.

    Raises:
        TaskMissingError: an earlier task of the retrain has not run.
    """
    root, run_key = warehouse.root, warehouse.run_key
    if handover.Search.find(root, run_key.retrain_id) is not None:
        log.info("%s: already searched in %s", dataset.name, run_key.retrain_id)
        return
    started, nomination = time.monotonic(), Nomination.read(root, run_key.retrain_id)
    windows = _windows(warehouse, dataset)
    if not windows:
        log.warning("%s: no rolling window has users to evaluate", dataset.name)
        use_nomination(root, run_key=run_key)
        return
    of_events = recipes.of_events(dataset) if dataset.kinds else None
    of_ratings = recipes.of_ratings(dataset) if dataset.has_scale and dataset.kinds else None
    nominated = (nomination.challenger, nomination.champion, of_events, of_ratings)
    starts = [*dict.fromkeys(recipe for recipe in nominated if recipe is not None)]
    n_items = max(len(window.catalogue) for window in windows.values())
    spaces = Spaces(dataset, family, with_ease=n_items <= MAX_EASE_ITEMS)
    problem = Problem(
        windows=list(windows),
        score=lambda recipe, window: windows[window].score(recipe),
        starts=spaces.starts(starts),
        space=spaces.first,
        second=spaces.second if spaces.has_second else None,
        eligible=partial(space.is_in_family, family),
    )
    earlier, record = trials(root, run_key.retrain_id), partial(_record, root, run_key)
    search = Search(problem, budget, record, trials=earlier, started=started)
    best = search.run()
    if best is None:
        log.warning("%s: no trial completed; the nominated recipe challenges", dataset.name)
        _write(root, nomination.challenger, "nomination", search, run_key=run_key)
        return
    _write(root, best.recipe, "search", search, run_key=run_key)
    log.info(event("challenger", recipe=best.recipe.name, source="search", value=best.value))


def trials(root: str, retrain_id: str) -> list[Trial]:
    """Return the retrain's trials so far, by number."""
    rows = Lake(root).rows(GOLD_TRIALS, equals={"retrain_id": retrain_id})
    return sorted((_trial(row) for row in rows), key=lambda trial: trial.number)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, start Spark if there is a budget, run."""
    parser = entrypoint.parser("search", __doc__)
    parser.add_argument("--minutes", type=float, default=0, help="0 to 120; 0: no search")
    parser.add_argument("--trials", type=int, default=0, help="recipes to explore; 0: no limit")
    parser.add_argument("--family", choices=SEARCH_FAMILIES, default="any", help="kind to find")
    args = parser.parse_args(argv)
    if not 0 <= args.minutes <= MAX_SEARCH_MINUTES:
        parser.error(f"--minutes must be 0 to {MAX_SEARCH_MINUTES}")
    job = entrypoint.job(args)
    if not args.minutes:
        use_nomination(job.root, run_key=job.run_key)
        return 0
    run(job.warehouse(), job.dataset, Budget(args.minutes * 60, args.trials), args.family)
    return 0


def _windows(warehouse: Warehouse, dataset: Dataset) -> dict[str, TrialRunner]:
    """Return the rolling windows that have users to evaluate, by name."""
    windows, rows = {}, frozen(warehouse, dataset)
    segments = segments_of(rows, dataset)
    for name, window in rolling_windows(rows, dataset):
        prepared = prepare(rows, dataset, window, segments)
        sample = evaluation.sample(prepared.users, SAMPLE_SIZE, seed=SEED)
        frames = (prepared.training, prepared.catalogue, prepared.segments, sample)
        runner = trial_runner(*frames, relevant_from=prepared.relevant_from)
        n_ratings, n_users = prepared.training.count(), len(runner.relevant)
        log.info("%s: %d ratings, %d users", name, n_ratings, n_users)
        if n_users:
            windows[name] = runner
    return windows


def _record(root: str, run_key: RunKey, trial: Trial) -> None:
    row = {name: getattr(trial, name) for name in _TRIAL_FIELDS} | {
        "retrain_id": run_key.retrain_id,
        "recipe": trial.recipe.name,
        "recipe_json": trial.recipe.model_dump_json(),
        "parameters": json.dumps(trial.parameters),
        "by_window": list(trial.by_window.items()),
        "finished_at": datetime.now(UTC),
        "run_key": str(run_key),
    }
    append(root, GOLD_TRIALS, [row], run_key=run_key, write_id=f"trial-{trial.number}")


def _trial(row: dict[str, Any]) -> Trial:
    return Trial(
        recipe=recipes.parse(row["recipe_json"]),
        parameters=json.loads(row["parameters"]),
        by_window=row["by_window"],
        **{name: row[name] for name in _TRIAL_FIELDS},
    )


def _write(
    root: str,
    challenger: AnyRecipe,
    found_by: RecipeSource,
    search: Search | None = None,
    *,
    run_key: RunKey,
) -> None:
    states = [trial.state for trial in search.trials] if search else []
    best = search.best() if search else None
    row = {
        "retrain_id": run_key.retrain_id,
        "challenger": challenger.model_dump_json(),
        "found_by": found_by,
        "value": None if best is None else best.value,
        "n_trials": len(states),
        "n_pruned": states.count("pruned"),
        "n_failed": states.count("failed"),
        "budget_seconds": search.budget.seconds if search else 0.0,
        "seconds": search.clock.seconds if search else 0.0,
        "found_at": datetime.now(UTC),
        "run_key": str(run_key),
    }
    append(root, GOLD_SEARCHES, [row], run_key=run_key)


if __name__ == "__main__":
    entrypoint.run(main)
