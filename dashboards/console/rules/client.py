"""The API's slate rules, read and changed with the operator's own Airflow token.

Answers are cached per token, because operators may have different rights.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

import streamlit as st

from airflow_api.client import SignInRefusedError
from dashboards import product_api
from dashboards.console.data import Operator
from serving.client import Client
from serving.errors import KeyRefusedError, ScopeMissingError
from serving.schemas import RulesPreview, RulesVersion, SlateRules

MAX_VERSIONS = 10
TIMEOUT_SECONDS = 20  # a preview re-ranks a thousand lists


BY_TOKEN: dict[str | type[Any], Callable[[Any], Any]] = {
    Operator: attrgetter("name", "airflow.token")
}


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_TOKEN)
def history(operator: Operator, dataset: str) -> list[RulesVersion]:
    """Return the last versions of the rules, newest first.

    Raises:
        SignInRefusedError: Airflow rejects the operator's token.
        ScopeMissingError: the account is not an operator's.
        OperatorsNotConfiguredError: the API does not know Airflow's address.
    """
    with _as_operator(operator, dataset) as client:
        return client.rules_history(limit=MAX_VERSIONS)


def preview(operator: Operator, dataset: str, rules: SlateRules) -> RulesPreview:
    """Return the effect of these rules, compared with the active rules.

    Raises:
        NoWindowListsError: no retrain has stored lists to preview on.
    """
    with _as_operator(operator, dataset) as client:
        return client.preview_rules(rules)


def activate(
    operator: Operator, dataset: str, rules: SlateRules, *, instead_of: int, reason: str
) -> RulesVersion:
    """Activate these rules and return their version.

    Raises:
        RulesChangedError: the active version is no longer `instead_of`.
    """
    try:
        with _as_operator(operator, dataset) as client:
            return client.replace_rules(rules, instead_of=instead_of, reason=reason)
    finally:
        history.clear()


@contextmanager
def _as_operator(operator: Operator, dataset: str) -> Iterator[Client]:
    """Yield a client with the operator's token. A rejected token raises SignInRefusedError."""
    try:
        yield _client(operator, dataset)
    except ScopeMissingError:
        raise
    except KeyRefusedError as error:
        raise SignInRefusedError(str(error)) from error


@st.cache_resource(ttl="60s", max_entries=100, show_spinner=False, hash_funcs=BY_TOKEN)
def _client(operator: Operator, dataset: str) -> Client:
    token = operator.airflow.token or ""
    return product_api.new_client(token, dataset, timeout=TIMEOUT_SECONDS)
