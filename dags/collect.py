"""# Collect.

Copies the users' events and the changes of items and of users' attributes from Postgres to the lake
every few minutes, each once. Events of open transactions are left for the next run. `announce`
starts a retrain when there are enough new events; the retrain refines them first. With `[forward]`
in the manifest, `forward` publishes the events to a Kafka topic. Data sets whose deliveries are
full snapshots have no such DAG.

**If it fails:** no event is lost. The API accepts events as before, and users' lists reflect them.
The events stay in the outbox until the next run, which also completes this one. Read the last line
of `collect`: it says whether Postgres or the lake is unavailable, and what to do. Clearing the task
is always safe.

**A skipped `announce` is not a failure:** there were no new events, too few for a retrain,
or the last retrain was a short time ago.
"""

from airflow.sdk import DAG

from dags.common import DEFAULT_ARGS, QUICK, announcement, by_cron, python_job
from warehouse import datasets
from warehouse.datasets import Dataset


def collect(dataset: Dataset) -> DAG:
    """Return the DAG that collects one data set's feedback."""
    with DAG(
        dag_id=f"{dataset.name}__collect",
        dag_display_name=f"{dataset.title}: collect",
        description="Copies the product's events to the lake; enough of them start a retrain",
        schedule=by_cron(dataset.schedule.collect),
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        doc_md=__doc__,
        tags=[dataset.name, "collect"],
    ) as dag:
        collected = python_job("collect", dataset, serving=True, execution_timeout=QUICK)
        collected >> announcement(dataset)
        if dataset.forward is not None:
            collected >> python_job(
                "forward", dataset, serving=True, kafka=True, on_nothing="skip_self"
            )
    return dag


for installed in datasets.installed():
    if installed.takes_feedback:
        collect(installed)
