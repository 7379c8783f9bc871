"""Evaluate a recipe as of one time: what a retrain at that time would have given users.

The recipe and the baselines are trained on the events before the cut, and evaluated on those of the
month or week after it, with the windows and metrics of `evaluate`. Models of the same recipe that
were trained until some periods earlier are evaluated on the same test rows: what they lose is the
cost of retraining less often. Users have the lists of a release as it was published, without the
online updates of the API.

Evaluates the plan of its run (`jobs.plan`), or, without one, what the options say. A repeated run
with the same inputs changes nothing; with others it replaces the figures of its cut.

Run: python -m jobs.backtest --dataset movielens_1m --cut 2002-06-01
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from jobs.backtesting import cuts, figures, models, plans
from jobs.backtesting.cuts import Bounds
from jobs.backtesting.models import EvaluatedCut
from jobs.backtesting.plans import Plan
from jobs.engine import recipes
from jobs.retraining.evaluation_windows import dated_window, prepare
from jobs.retraining.frozen_tables import Frozen
from jobs.runtime import entrypoint
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.lineage import FROZEN
from warehouse.query import Lake
from warehouse.tables import GOLD_BACKTESTS
from warehouse.tables.vocabulary import HEADLINE, NOTHING_TO_DO, WARM

log = logging.getLogger(__name__)


def run(warehouse: Warehouse, dataset: Dataset, plan: Plan, events: Bounds) -> None:
    """Fit, evaluate and write the figures. A second run changes nothing.

    Without users to evaluate, nothing is written.

    Raises:
        NothingToLearnError: the recipe cannot be fitted on the events before the cut.
    """
    lake, cut = Lake(warehouse.root), f"{plan.cut:%Y-%m-%d}"
    versions = {table.full_name: lake.version(table) for table in FROZEN if lake.exists(table)}
    write_id = plan.digest(versions)
    if warehouse.written(GOLD_BACKTESTS, write_id=write_id):
        log.info("%s: already evaluated as of %s", dataset.name, cut)
        return
    rows = Frozen(warehouse, versions, dataset)
    window = dated_window(rows, plan.cut, cuts.shifted(plan.cut, plan.period, 1))
    prepared = models.sampled(prepare(rows, dataset, window))
    if prepared.users.relevant.isEmpty():
        log.warning("%s: no user to evaluate in the %s after %s", dataset.name, plan.period, cut)
        return
    evaluated = models.evaluated(prepared, rows, dataset, plan, events.oldest)
    _write(warehouse, plan, evaluated, write_id)
    _log(evaluated, cut)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, start Spark if the cut can be evaluated, run."""
    parser = entrypoint.parser("backtest", __doc__)
    plans.add_options(parser)
    options = parser.parse_args(argv)
    job = entrypoint.job(options)
    events = cuts.require_bounds(job.root, job.dataset)
    plan = plans.find(job.root, job.run_key.retrain_id)
    if plan is None:
        recipe = recipes.resolve(options.recipe, job.dataset)
        cut = options.cut or cuts.newest(events, options.period)
        plan = Plan(cut, options.period, options.ages, recipe)
    if problem := cuts.problem(plan.cut, plan.period, events):
        log.warning("%s: not evaluated, as %s", job.dataset.name, problem)
        return NOTHING_TO_DO
    run(job.warehouse(), job.dataset, plan, events)
    return 0


def _write(warehouse: Warehouse, plan: Plan, evaluated: EvaluatedCut, write_id: str) -> None:
    common = {
        "period": plan.period,
        "cut": plan.cut,
        "evaluated_at": datetime.now(UTC),
        "run_key": str(warehouse.run_key),
    }
    rows = figures.rows(evaluated.fresh, evaluated.others, evaluated.slices)
    data = [tuple((row | common)[name] for name in GOLD_BACKTESTS.names) for row in rows]
    frame = warehouse.spark.createDataFrame(data, GOLD_BACKTESTS.ddl)
    warehouse.merge(GOLD_BACKTESTS, frame, write_id=write_id)


def _log(evaluated: EvaluatedCut, cut: str) -> None:
    """Log the headline metric of each model for the warm users."""
    for model in (evaluated.fresh, *evaluated.others):
        for figure in model.figures:
            if (figure.slice, figure.metric) == (WARM, HEADLINE):
                name, age = model.recipe.name, f"age {model.age}"
                line = (cut, name, model.role, age, figure.n_users, HEADLINE, figure.value)
                log.info("%s %-32s %-10s %-6s %6d users, %s %.4f", *line)


if __name__ == "__main__":
    entrypoint.run(main)
