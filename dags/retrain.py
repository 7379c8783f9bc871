"""# Retrain.

Makes a model from all that is known now, proves on one frozen window that it serves people at least
as well as the live one, and publishes a list for each person.

**If it fails:** people keep seeing the last release; nothing is published by half. Read the last
lines of the failed task: they name the cause and the next step. Clearing the task is always safe.

**A skipped `fit` and `publish` are no failure:** the gate decided `hold`, or publishing is paused;
the log of `decide` says why. Or a person who was asked said no, or nothing for a day: the log of
`approve` says who. While a run waits for his answer the next one waits too.
"""

from airflow.sdk import DAG

from dags.common import (
    DEFAULT_ARGS,
    LONG,
    QUICK,
    approval,
    asset,
    by_asset_or_clock,
    python_job,
    spark_job,
)
from dags.form import NOMINEE, SEARCH, retrain_form
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.tables import SILVER_INTERACTIONS


def retrain(dataset: Dataset) -> DAG:
    """Return the retrain DAG of one data set."""
    with DAG(
        dag_id=f"{dataset.name}__retrain",
        dag_display_name=f"{dataset.title}: retrain",
        description="Clean tables to a proven model to a list for each person",
        schedule=by_asset_or_clock(asset(SILVER_INTERACTIONS, dataset), dataset.schedule.retrain),
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        doc_md=__doc__,
        params=retrain_form(dataset),
        tags=[dataset.name, "retrain"],
    ) as dag:
        freeze = spark_job("freeze", dataset)
        nominate = python_job("nominate", dataset, NOMINEE, serving=True, execution_timeout=QUICK)
        search = spark_job("search", dataset, SEARCH, execution_timeout=LONG)
        evaluate = spark_job("evaluate", dataset)
        decide = python_job("decide", dataset, serving=True, execution_timeout=QUICK)
        approve = approval(dataset)
        fit = spark_job("fit", dataset)
        publish = python_job("publish", dataset, serving=True)
        [freeze, nominate] >> search >> evaluate >> decide >> approve >> fit >> publish
    return dag


for each in datasets.installed():
    retrain(each)
