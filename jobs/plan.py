"""Record what a run of a backtest evaluates: its cut, and the recipe of the live release. No Spark.

Ends with "nothing to do" if the data set has no events on both sides of the cut, or if the cut is
too old.

Run: python -m jobs.plan --dataset movielens_1m --cut 2002-06-01 --period month --ages 1,2,3,6
"""

import argparse
import json
import logging
from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.backtesting import cuts, plans
from jobs.backtesting.plans import Origin, Plan
from jobs.engine import recipes
from jobs.engine.recipes import AnyRecipe
from jobs.runtime import entrypoint
from serving.errors import ServingError
from serving.publishing import releases
from serving.storage import database
from warehouse.datasets import Dataset
from warehouse.run_keys import RunKey
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)


def run(
    root: str, dataset: Dataset, engine: Engine, options: argparse.Namespace, *, run_key: RunKey
) -> bool:
    """Write the plan; return False, and write nothing, if the cut cannot be evaluated.

    Raises:
        WithoutTimesError: the events of the data set have no times.
        NothingSentError: the data set has no events yet.
        RecipeError: the recipe is not empty, not a recipe's name and not a recipe as JSON.
    """
    events = cuts.require_bounds(root, dataset)
    cut = options.cut or cuts.newest(events, options.period)
    if problem := cuts.problem(cut, options.period, events):
        log.warning("%s: not evaluated, as %s", dataset.name, problem)
        return False
    recipe, origin = _recipe(dataset, engine, options.recipe)
    plan = Plan(cut, options.period, options.ages, recipe)
    plans.write(root, plan, origin, run_key=run_key)
    fields = (dataset.name, recipe.name, origin.found_by, f"{cut:%Y-%m-%d}")
    log.info("%s: %s (%s) as of %s", *fields)
    return True


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> int:
    """Parse the command line, run."""
    parser = entrypoint.parser("plan", __doc__)
    plans.add_options(parser)
    options = parser.parse_args(argv)
    job = entrypoint.job(options)
    engine = engine or database.engine(job.dataset.name)
    planned = run(job.root, job.dataset, engine, options, run_key=job.run_key)
    return 0 if planned else NOTHING_TO_DO


def _recipe(dataset: Dataset, engine: Engine, text: str) -> tuple[AnyRecipe, Origin]:
    """Return the recipe of the form, else that of the live release, else the default one."""
    if text.strip():
        return recipes.resolve(text, dataset), Origin("form")
    with Session(engine) as session:
        live = releases.live(session)
    if live is None:
        return recipes.resolve("", dataset), Origin("default")
    return recipes.parse(json.dumps(live.recipe_json)), Origin("release", live.release_id)


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
