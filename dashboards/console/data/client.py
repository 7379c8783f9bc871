"""Decisions on rows in quarantine, and uploads, with the operator's own Airflow token."""

import streamlit as st

from dashboards.console.acts.client import BY_TOKEN, acting_as, as_account
from dashboards.console.data import reading
from dashboards.console.sources import Account
from serving.errors import ScopeMissingError
from serving.schemas import NewDecision, NewUpload, QuarantineDecision
from warehouse.quarantine import Decision

MAX_DECISIONS = 1000  # that the API lists at once


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_TOKEN)
def decisions(account: Account, dataset: str) -> list[QuarantineDecision]:
    """Return the decisions, newest first.

    Raises:
        ScopeMissingError: the account is not an operator's.
    """
    with as_account(account, dataset) as client:
        return client.quarantine_decisions(limit=MAX_DECISIONS)


def in_force(account: Account, dataset: str) -> list[Decision]:
    """Return the decisions in force, which only operators may read in Postgres.

    All other accounts get those that `settle` has copied to the lake. An operator gets these too if
    there are more than the API lists at once.
    """
    try:
        listed = decisions(account, dataset)
    except ScopeMissingError:
        return reading.decisions(dataset)
    newest = [
        Decision(
            decision.target,
            decision.check,
            decision.landing_id,
            decision.landed_until,
            decision.decision,
            decision.decided_at,
        )
        for decision in listed
    ]
    return newest if len(newest) < MAX_DECISIONS else [*newest, *reading.decisions(dataset)]


def decide(account: Account, dataset: str, new: NewDecision) -> QuarantineDecision:
    """Release or reject the rows of a check as this operator.

    Raises:
        CheckNotReleasableError: no row that fails the check can be accepted.
    """
    with acting_as(account, dataset, decisions.clear) as client:
        return client.decide(new)


def record_upload(
    account: Account, dataset: str, file_name: str, *, n_bytes: int, sha256: str, reason: str
) -> None:
    """Record an upload in the audit as this operator.

    Raises:
        ScopeMissingError: the account is not an operator's.
    """
    new = NewUpload(file_name=file_name, n_bytes=n_bytes, sha256=sha256, reason=reason)
    with acting_as(account, dataset) as client:
        client.record_upload(new)
