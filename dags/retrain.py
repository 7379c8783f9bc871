"""# Retrain.

Evaluates a recipe against the live one on held-out data. If the gate allows it, fits the chosen
recipe on all events and publishes a list for each user.

**If it fails:** the live release stays; a release is published completely or not at all. Read the
last lines of the failed task: they name the cause and the next step. Clearing it is always safe.

**Skipped `fit` and `publish` are not a failure:** the gate decided `hold`, or publishing is paused
(see the log of `decide`), or an operator rejected the model or did not answer in time (see the log
of `approve`). While a run waits for an approval, the next run waits too.
"""

from airflow.sdk import DAG

from dags.approval import BY_ANOTHER
from dags.common import (
    DEFAULT_ARGS,
    LONG,
    QUICK,
    approval,
    asset,
    by_asset_or_cron,
    python_job,
    spark_job,
)
from dags.form import NOMINATE, SEARCH, retrain_form
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.tables import SILVER_INTERACTIONS


def retrain(dataset: Dataset) -> DAG:
    """Return the retrain DAG of one data set."""
    with DAG(
        dag_id=f"{dataset.name}__retrain",
        dag_display_name=f"{dataset.title}: retrain",
        description="Trains and evaluates a model, and publishes a list for each user",
        schedule=by_asset_or_cron(asset(SILVER_INTERACTIONS, dataset), dataset.schedule.retrain),
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        doc_md=__doc__,
        params=retrain_form(dataset),
        tags=[dataset.name, "retrain", *([BY_ANOTHER] * dataset.schedule.approval_by_another)],
    ) as dag:
        freeze = spark_job("freeze", dataset)
        nominate = python_job("nominate", dataset, NOMINATE, serving=True, execution_timeout=QUICK)
        search = spark_job("search", dataset, SEARCH, execution_timeout=LONG)
        evaluate = spark_job("evaluate", dataset)
        decide = python_job("decide", dataset, serving=True, execution_timeout=QUICK)
        fit = spark_job("fit", dataset)
        publish = python_job("publish", dataset, serving=True)
        python_job("erase", dataset, serving=True) >> freeze  # the fit is without erased users
        [freeze, nominate] >> search >> evaluate >> decide >> approval(dataset) >> fit >> publish
    return dag


for installed in datasets.installed():
    retrain(installed)
