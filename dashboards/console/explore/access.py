"""Who may query a data set: the accounts that may read its DAGs in Airflow.

Airflow is asked again and again, because a role may have been taken away since the sign-in.
"""

from dashboards.console import data
from dashboards.console.data import Operator


def may_read(operator: Operator, dataset: str) -> bool:
    """Return whether the operator may read the data set.

    Raises:
        SignInRefusedError: Airflow rejects the operator's token.
        NotAllowedError: the account may not read any DAG.
        AirflowUnavailableError: Airflow does not answer, so reading is refused for now.
    """
    return any(dag_id.startswith(f"{dataset}__") for dag_id in data.paused(operator))
