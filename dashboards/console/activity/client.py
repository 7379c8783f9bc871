"""The audit and erasures, with the operator's own Airflow token."""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from dashboards.console.acts.client import BY_TOKEN, as_account
from dashboards.console.sources import Account
from serving.schemas import Action, AuditPage

PAGE_LENGTH = 25


@dataclass(frozen=True)
class Chosen:
    """Which entries are shown: those that match everything that is not None."""

    action: Action | None
    actor: str | None
    text: str | None
    since: datetime | None


@st.cache_data(ttl="5s", max_entries=200, show_spinner=False, hash_funcs=BY_TOKEN)
def entries(
    account: Account,
    dataset: str,
    chosen: Chosen,
    *,
    page: int,
) -> AuditPage:
    """Return a page of the audit, newest first. `page` begins at 1.

    Raises:
        SignInRefusedError: Airflow rejects the operator's token.
        ScopeMissingError: the account is not an operator's.
        OperatorsNotConfiguredError: the API does not know Airflow's address.
    """
    with as_account(account, dataset) as client:
        offset = (page - 1) * PAGE_LENGTH
        return client.audit(
            action=chosen.action,
            actor=chosen.actor,
            text=chosen.text,
            since=chosen.since,
            limit=PAGE_LENGTH,
            offset=offset,
        )
