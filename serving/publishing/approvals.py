"""Approvals of retrains by another account, as the task `approve` records them in the audit."""

from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from serving.acts import audit
from serving.acts.audit import Act
from serving.tables import AuditEntry

IN_AIRFLOW = "Approved in Airflow's question."
IN_THE_API = "The task `approve` confirms entry {audit_id}."


def record(session: Session, retrain_id: str, *, approved_by: str, started_by: str | None) -> None:
    """Record who approved a retrain, once.

    If the API has an entry of the same approval, with the operator's reason, the new one names it.
    `started_by` None: a schedule or new data started the retrain.
    """
    if session.scalar(select(AuditEntry.audit_id).where(*_of(retrain_id)).limit(1)) is None:
        given = _given(session, retrain_id, approved_by)
        reason = IN_AIRFLOW if given is None else IN_THE_API.format(audit_id=given)
        act = Act(approved_by, "approve", _target(retrain_id), reason, session)
        linked = {} if given is None else {"confirms_entry": given}
        act.before, act.after = {"started_by": started_by}, _recorded(retrain_id) | linked
        audit.record(session, act)


def is_recorded(session: Session, retrain_id: str) -> bool:
    """Return whether an account approved the retrain that did not start it."""
    started_by = AuditEntry.before["started_by"].astext
    by_another = started_by.is_distinct_from(AuditEntry.actor)
    found = select(AuditEntry.audit_id).where(*_of(retrain_id), by_another).limit(1)
    return session.scalar(found) is not None


def _given(session: Session, retrain_id: str, approved_by: str) -> int | None:
    """Return the id of the newest entry that the API wrote of this approval."""
    of_account = (*_approvals(retrain_id), AuditEntry.actor == approved_by)
    return session.scalar(select(func.max(AuditEntry.audit_id)).where(*of_account))


def _of(retrain_id: str) -> tuple[ColumnElement[bool], ...]:
    recorded = AuditEntry.after.contains(_recorded(retrain_id))
    return (*_approvals(retrain_id), recorded)


def _approvals(retrain_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        AuditEntry.action == "approve",
        AuditEntry.outcome == "done",
        AuditEntry.target == _target(retrain_id),
    )


def _target(retrain_id: str) -> str:
    return f"retrain {retrain_id.partition('/')[2]}"


def _recorded(retrain_id: str) -> dict[str, Any]:
    return {"recorded_for": retrain_id}
