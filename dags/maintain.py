"""# Maintain.

Removes files of the lake that nobody needs any more: not the newest rows, not a reader of the last
week, and not one of the kept releases, each of which can still be rebuilt.

**If it fails:** nothing was lost, the lake only keeps growing. Read the last line of the task: it
names the release whose versions are not whole. Clearing the task is always safe.
"""

from airflow.sdk import DAG

from dags.common import DEFAULT_ARGS, by_clock, python_job
from warehouse import datasets
from warehouse.datasets import Dataset


def maintain(dataset: Dataset) -> DAG:
    """Return the DAG that tidies up after one data set."""
    with DAG(
        dag_id=f"{dataset.name}__maintain",
        dag_display_name=f"{dataset.title}: maintain",
        description="Old files of the lake go, kept releases stay rebuildable",
        schedule=by_clock(dataset.schedule.maintain),
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        doc_md=__doc__,
        tags=[dataset.name, "maintain"],
    ) as dag:
        python_job("vacuum", dataset, serving=True)
    return dag


for each in datasets.installed():
    maintain(each)
