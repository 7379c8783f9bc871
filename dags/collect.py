"""# Collect.

Carries what people did in the product from Postgres into the lake, every few minutes: each event
once, and only those of transactions that have ended. `announce` starts a retrain once enough came
in; the retrain refines them first. A data set whose deliveries replace everything has no such DAG.

**If it fails:** no event is lost. The API goes on taking them, people's lists follow them all the
same, and they wait in the outbox until the next run, which also finishes what this one began. Read
the last line of `collect`: it says whether Postgres or the lake does not answer, and what to do.
Clearing the task is always safe.

**A skipped `announce` is no failure:** nothing waited, or not enough for a retrain.
"""

from airflow.sdk import DAG

from dags.common import DEFAULT_ARGS, QUICK, announcement, by_clock, python_job
from warehouse import datasets
from warehouse.datasets import Dataset


def collect(dataset: Dataset) -> DAG:
    """Return the DAG that collects one data set's feedback."""
    with DAG(
        dag_id=f"{dataset.name}__collect",
        dag_display_name=f"{dataset.title}: collect",
        description="The product's events into the lake; enough of them start a retrain",
        schedule=by_clock(dataset.schedule.collect),
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        doc_md=__doc__,
        tags=[dataset.name, "collect"],
    ) as dag:
        collected = python_job("collect", dataset, serving=True, execution_timeout=QUICK)
        collected >> announcement(dataset)
    return dag


for each in datasets.installed():
    if each.takes_feedback:
        collect(each)
