"""Look for the recipe that challenges, within a budget of time, on the windows before the gate's.

Without a budget the nominated recipe challenges, and Spark does not start. Each trial is a row of
gold.trials as soon as it ends: a search that is killed goes on from there with the time left. The
newest rows, on which the gate judges, are never looked at.

Run: python -m jobs.search --dataset movielens_1m --minutes 15
"""

import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Unpack

from jobs.engine import recipes
from jobs.engine.errors import EngineError
from jobs.engine.judging import evaluation
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe, PriorWeights
from jobs.engine.searching import space
from jobs.engine.searching.plan import Budget
from jobs.engine.searching.search import Problem, Search
from jobs.engine.searching.trial_runner import TrialRunner, trial_runner
from jobs.engine.searching.trials import Space, Trial
from jobs.retraining.evaluation_windows import groups_of, prepare, rolling_windows
from jobs.retraining.frozen_tables import frozen
from jobs.retraining.handover import nomination, of_retrain, row_of
from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Overrides
from jobs.runtime.errors import JobError
from jobs.runtime.logs import event
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_SEARCHES, GOLD_TRIALS
from warehouse.tables.vocabulary import MAX_SEARCH_MINUTES, SEARCH_FAMILIES, SearchFamily

log = logging.getLogger(__name__)

SAMPLED = 2000  # people of a window
_SEED = 20260101


def take(root: str, *, run_key: RunKey) -> None:
    """Let the nominated recipe challenge as it is. A second run changes nothing.

    Raises:
        NotNominatedError: `nominate` has not run in the retrain.
    """
    challenger = nomination(root, run_key)["challenger"]
    _write(root, challenger, "nomination", run_key=run_key)
    log.info(event("challenger", recipe=recipes.parse(challenger).name, source="nomination"))


def run(
    warehouse: Warehouse, dataset: Dataset, budget: Budget, family: SearchFamily = "any"
) -> None:
    """Search, write who challenges. A second run goes on with what is left, or changes nothing.

    Raises:
        NotFrozenError, NotNominatedError: the retrain's earlier tasks have not run.
    """
    root, run_key = warehouse.root, warehouse.run_key
    if row_of(root, GOLD_SEARCHES, run_key.retrain_id) is not None:
        log.info("%s: searched before under %s", dataset.name, run_key)
        return
    started, nominated = time.monotonic(), nomination(root, run_key)
    windows = _trial_runners(warehouse, dataset)
    if not windows:
        log.warning("%s: nobody to judge on any rolling window", dataset.name)
        take(root, run_key=run_key)
        return
    stand = [nominated["challenger"], nominated["champion"]]
    scale, half_life = dataset.scale, dataset.windows.half_life_days
    problem = Problem(
        windows=list(windows),
        score=lambda recipe, window: windows[window].score(recipe),
        space=Space(
            partial(space.suggest, scale=scale, half_life_days=half_life),
            partial(space.parameters, scale=scale, half_life_days=half_life),
            [recipes.parse(text) for text in stand if text is not None],
        ),
        second=None if family == "als" else partial(_with_priors, half_life),
        eligible=partial(space.is_of, family),
    )
    record = partial(_record, root, run_key)
    search = Search(problem, budget, record, trials=trials(root, run_key), started=started)
    best = search.run()
    if best is None:
        log.warning("%s: no trial came to its end; the nominated recipe challenges", dataset.name)
        _write(root, nominated["challenger"], "nomination", search, run_key=run_key)
        return
    _write(root, best.recipe.model_dump_json(), "search", search, run_key=run_key)
    log.info(event("challenger", recipe=best.recipe.name, source="search", value=best.value))


def trials(root: str, run_key: RunKey) -> list[Trial]:
    """Return what the run's retrain tried so far, in order."""
    lake = Lake(root)
    if not lake.exists(GOLD_TRIALS):
        return []
    rows = lake.read(GOLD_TRIALS, equals=of_retrain(run_key))
    found = [_trial(row) for row in rows.to_pylist(maps_as_pydicts="strict")]
    return sorted(found, key=lambda trial: trial.number)


def main(argv: Sequence[str] | None = None, **overrides: Unpack[Overrides]) -> int:
    """Parse the command line, start Spark where there is a budget, run."""
    parser = entrypoint.parser("search", __doc__)
    parser.add_argument("--minutes", type=float, default=0, help="0 to 120; 0: do not search")
    parser.add_argument("--trials", type=int, default=0, help="recipes at most; 0: no limit")
    parser.add_argument("--family", choices=SEARCH_FAMILIES, default="any")
    args = parser.parse_args(argv)
    if not 0 <= args.minutes <= MAX_SEARCH_MINUTES:
        parser.error(f"--minutes must be 0 to {MAX_SEARCH_MINUTES}")
    job = entrypoint.job(args, **overrides)
    if not args.minutes:
        take(job.root, run_key=job.run_key)
        return 0
    run(job.warehouse(), job.dataset, Budget(args.minutes * 60, args.trials), args.family)
    return 0


def _trial_runners(warehouse: Warehouse, dataset: Dataset) -> dict[str, TrialRunner]:
    """Return the rolling windows on which there is somebody to judge."""
    found, rows = {}, frozen(warehouse)
    groups = groups_of(rows, dataset)
    for name, window in rolling_windows(rows, dataset):
        prepared = prepare(rows, dataset, window, groups)
        people = evaluation.sample(prepared.users, SAMPLED, seed=_SEED)
        parts = (prepared.training, prepared.catalogue, prepared.groups, people)
        tried = trial_runner(*parts, relevant_from=prepared.relevant_from)
        n_ratings, n_users = prepared.training.count(), len(tried.relevant)
        log.info("%s: %d ratings, %d people", name, n_ratings, n_users)
        if n_users:
            found[name] = tried
    return found


def _with_priors(half_life_days: float, best: AnyRecipe) -> Space | None:
    """Return the space of priors around the best ALS recipe."""
    if not isinstance(best, Als):
        return None
    start = AlsWithPriors(als=best, priors=PriorWeights(half_life_days=half_life_days))
    return Space(
        partial(space.suggest_priors, als=best, half_life_days=half_life_days),
        partial(space.parameters_of_priors, als=best, half_life_days=half_life_days),
        [start],
    )


def _record(root: str, run_key: RunKey, trial: Trial) -> None:
    row = {
        "retrain_id": run_key.retrain_id,
        "number": trial.number,
        "stage": trial.stage,
        "recipe": trial.recipe.name,
        "recipe_json": trial.recipe.model_dump_json(),
        "parameters": json.dumps(trial.parameters),
        "state": trial.state,
        "value": trial.value,
        "by_window": list(trial.by_window.items()),
        "n_users": trial.n_users,
        "seconds": trial.seconds,
        "failure": trial.failure,
        "finished_at": datetime.now(UTC),
        "run_key": str(run_key),
    }
    append(root, GOLD_TRIALS, [row], run_key=run_key, write_id=f"trial-{trial.number}")


def _trial(row: dict[str, Any]) -> Trial:
    same = ("number", "stage", "state", "value", "by_window", "n_users", "seconds", "failure")
    return Trial(
        recipe=recipes.parse(row["recipe_json"]),
        parameters=json.loads(row["parameters"]),
        **{name: row[name] for name in same},
    )


def _write(
    root: str, challenger: str, found_by: str, search: Search | None = None, *, run_key: RunKey
) -> None:
    tried = search.trials if search else []
    states, best = [trial.state for trial in tried], search.best() if search else None
    row = {
        "retrain_id": run_key.retrain_id,
        "challenger": challenger,
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
    entrypoint.run(main, EngineError, JobError, WarehouseError)
