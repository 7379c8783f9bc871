"""What the console asks of the API in an operator's own name: the slate rules.

Each request carries his token of Airflow. Answers are cached by it, so that nobody sees what
somebody else was answered.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboards import product_api as demo
from dashboards.console.data import Operator
from serving.client import Client
from serving.schemas import RulesPreview, RulesVersion, SlateRules

SHOWN_VERSIONS = 10
TIMEOUT_SECONDS = 20  # a preview arranges a thousand lists


def _by_token(operator: Operator) -> tuple[str, str | None]:
    return operator.name, operator.airflow.token


BY_TOKEN: dict[str | type[Any], Callable[[Any], Any]] = {Operator: _by_token}


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_TOKEN)
def history(operator: Operator, dataset: str) -> list[RulesVersion]:
    """Return the last versions of the rules, newest first; at most five seconds old.

    Raises:
        KeyRefusedError: Airflow no longer knows the token; ScopeMissingError: he may only look.
        OperatorsNotConfiguredError: the API was not told where Airflow is.
    """
    return _client(operator, dataset).rules_history(limit=SHOWN_VERSIONS)


def preview(operator: Operator, dataset: str, rules: SlateRules) -> RulesPreview:
    """Return what these rules would change beside those that hold.

    Raises:
        NoWindowListsError: no retrain has left lists to try them on.
    """
    return _client(operator, dataset).preview_rules(rules)


def replace(
    operator: Operator, dataset: str, rules: SlateRules, *, instead_of: int, reason: str
) -> RulesVersion:
    """Let these rules hold, in the operator's name.

    Raises:
        RulesChangedError: another version holds than the one that he saw.
    """
    try:
        return _client(operator, dataset).replace_rules(rules, instead_of=instead_of, reason=reason)
    finally:
        history.clear()


@st.cache_resource(ttl="60s", max_entries=100, show_spinner=False, hash_funcs=BY_TOKEN)
def _client(operator: Operator, dataset: str) -> Client:
    token = operator.airflow.token or ""
    return demo.new_client(token, dataset, timeout=TIMEOUT_SECONDS)
