"""# Backtest.

Evaluates the live recipe as of the start of each month (or week) of the data: one run per month.
`plan` takes the recipe of the live release, `backtest` trains it on the events before the month and
evaluates it on those of the month, beside baselines and models of the same recipe that were trained
1, 2, 3 and 6 months earlier. Page *Backtest* of the console shows which retrain cadence would have
been right. Nothing is published.

No run starts by itself while the DAG is paused, as it is at first. Start runs for past months by
the button of the page *Backtest*, or with a backfill: *Trigger*, then *Backfill* on this page, with
*Unpause on trigger*; or with
`airflow backfill create --dag-id <data set>__backtest --from-date 2018-01-01 --to-date 2018-06-01`.
The DAG must be unpaused for it. A run triggered by hand without a logical date evaluates the newest
whole month.

**If it fails:** the live release and the lists are unaffected; the page shows the other months. The
last lines of `backtest` name the cause. Clearing it is always safe. A cleared run, or a backfill
that reprocesses runs, replaces the figures of its month if recipe, ages or data have changed.

**A skipped `backtest` is not a failure:** no event is before the month, or none after it, or the
month is more than 60 months before the newest event.
"""

from airflow.sdk import DAG, CronDataIntervalTimetable

from dags.common import DEFAULT_ARGS, QUICK, python_job, spark_job
from dags.form import PLAN, backtest_form
from warehouse import datasets
from warehouse.datasets import Dataset

STARTS = {"month": "0 0 1 * *", "week": "0 0 * * 1"}  # of the intervals


def backtest(dataset: Dataset) -> DAG:
    """Return the DAG that evaluates the live recipe as of earlier times."""
    with DAG(
        dag_id=f"{dataset.name}__backtest",
        dag_display_name=f"{dataset.title}: backtest",
        description="Evaluates the live recipe as of each month of the data; publishes nothing",
        schedule=CronDataIntervalTimetable(STARTS[dataset.schedule.backtest], timezone="UTC"),
        is_paused_upon_creation=True,
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        doc_md=__doc__,
        params=backtest_form(dataset),
        tags=[dataset.name, "backtest"],
    ) as dag:
        plan = python_job("plan", dataset, PLAN, serving=True, execution_timeout=QUICK)
        plan >> spark_job("backtest", dataset)
    return dag


for installed in datasets.installed():
    if installed.has_times:
        backtest(installed)
