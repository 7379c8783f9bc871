"""Who may read a data set in the console: the accounts that may read its DAGs in Airflow.

The answer is cached for 15 s, so that a role that was removed since the sign-in ends the access.
"""

from collections.abc import Iterable
from typing import Literal

from streamlit.delta_generator import DeltaGenerator

from airflow_api.answers import dataset_of
from airflow_api.client import AirflowUnavailableError
from dashboards import choices, pages, states, ui
from dashboards.console import components, sources
from dashboards.console.inline_errors import inline_errors
from dashboards.console.signing_in import sign_in
from dashboards.console.sources import Account


def page_of_dataset(title: str) -> tuple[Account, str, DeltaGenerator, DeltaGenerator]:
    """Show the head of a page, and end the page unless the account may read the chosen data set.

    Returns:
        The account, the data set, and the containers of the page's caption and of its buttons.
    """
    account = sign_in.account()
    caption, actions = components.page_head(title)
    with states.error_boundary(in_console=True):
        dataset = choices.dataset()
    require_access(account, dataset, actions)
    return account, dataset, caption, actions


def require_access(
    account: Account,
    dataset: str,
    actions: DeltaGenerator,
    *,
    while_down: Literal["refuse", "as_at_sign_in"] = "as_at_sign_in",
) -> None:
    """End the page with an explanation unless the account may read the data set.

    `while_down` says what counts while Airflow does not answer: nothing, or what the account could
    read when it signed in. If the page ends here, `actions` gets the button to sign out.
    """
    may_read = None
    with inline_errors():
        may_read = _is_among(_readable_dags(account, while_down), dataset)
    if may_read:
        return
    with actions:
        sign_in.menu(account)
    if may_read is False:
        ui.empty_state(
            "You may not read this data set",
            "Your Airflow account does not see its DAGs. Ask an administrator of Airflow for a "
            "role that may read them, or choose another data set.",
        )
    pages.end()


def _readable_dags(account: Account, while_down: str) -> Iterable[str]:
    try:
        return sources.is_paused_by_dag(account)
    except AirflowUnavailableError:
        if while_down == "refuse":
            raise
        return account.dag_ids


def _is_among(dag_ids: Iterable[str], dataset: str) -> bool:
    return dataset in map(dataset_of, dag_ids)
