"""# Maintain.

Deletes what nothing reads any more. `erase` deletes the rows of each user who was erased since the
last run from the lake; when their deadline comes, it deletes the old files that still name them.
`compact` replaces many small files of a table by few large ones. `vacuum` deletes files that only
old table versions need. It keeps the files of the newest versions, of versions that were replaced
less than a week ago, and of the versions that the kept releases were fitted on, unless users were
erased since. `prune` deletes old records in Postgres, `clean_airflow` old runs and logs of Airflow.
Each step but `erase` records what it did in `gold.maintenance`.

**If it fails:** nothing is lost, but lake, Postgres or Airflow keeps growing, and a failed `erase`
leaves the erased users in the lake. Read the last line of the task: it names the table version or
the retrain that is incomplete. Clearing the task is always safe.
"""

from airflow.sdk import DAG

from dags.common import DEFAULT_ARGS, by_cron, python_job
from warehouse import datasets
from warehouse.datasets import Dataset


def maintain(dataset: Dataset) -> DAG:
    """Return the maintenance DAG of one data set."""
    with DAG(
        dag_id=f"{dataset.name}__maintain",
        dag_display_name=f"{dataset.title}: maintain",
        description="Deletes erased users, old files of the lake and old records; compacts tables",
        schedule=by_cron(dataset.schedule.maintain),
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        doc_md=__doc__,
        tags=[dataset.name, "maintain"],
    ) as dag:
        erase = python_job("erase", dataset, serving=True)
        erase >> python_job("compact", dataset) >> python_job("vacuum", dataset, serving=True)
        python_job("prune", dataset, serving=True)
        python_job("clean_airflow", dataset, airflow=True, on_nothing="skip_self")
    return dag


for installed in datasets.installed():
    maintain(installed)
