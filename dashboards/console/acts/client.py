"""The API with the account's own Airflow token.

Answers are cached per token, because accounts may have different rights.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

import streamlit as st

from airflow_api.client import SignInRefusedError
from dashboards import product_api
from dashboards.console.sources import Account
from serving.errors import KeyRefusedError, OperatorCheckUnavailableError, ScopeMissingError
from serving.operator_client import OperatorClient

TIMEOUT_SECONDS = 20  # a preview re-ranks a thousand lists

BY_TOKEN: dict[str | type[Any], Callable[[Any], Any]] = {
    Account: attrgetter("name", "airflow.token")
}


class OutcomeUnknownError(Exception):
    """Airflow did not answer, so it is unknown whether an act was done."""


@contextmanager
def as_account(account: Account, dataset: str) -> Iterator[OperatorClient]:
    """Yield a client with the account's token. A rejected token raises SignInRefusedError."""
    try:
        yield _client(account, dataset)
    except ScopeMissingError:
        raise
    except KeyRefusedError as error:
        raise SignInRefusedError(str(error)) from error


@contextmanager
def acting_as(
    account: Account, dataset: str, *clear: Callable[[], object]
) -> Iterator[OperatorClient]:
    """Yield a client with the operator's token for an act.

    In the end each function of `clear` is called, which empties a cache of what the act may have
    changed.

    Raises:
        OutcomeUnknownError: Airflow did not answer, so the act may have been done or not.
        SignInRefusedError: Airflow rejects the token.
    """
    try:
        with as_account(account, dataset) as client:
            yield client
    except OperatorCheckUnavailableError as error:
        raise OutcomeUnknownError(str(error)) from error
    finally:
        for clear_cache in clear:
            clear_cache()


@st.cache_resource(ttl="60s", max_entries=100, show_spinner=False, hash_funcs=BY_TOKEN)
def _client(account: Account, dataset: str) -> OperatorClient:
    token = account.airflow.token or ""
    return OperatorClient(product_api.connection(token, timeout=TIMEOUT_SECONDS), dataset)
