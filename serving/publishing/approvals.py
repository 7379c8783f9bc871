"""Approvals of retrains by another account, as the task `approve` records them in the audit."""

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from serving.acts import audit
from serving.acts.audit import Act
from serving.tables import AuditEntry

REASON = "Approved in Airflow's question."


def record(session: Session, retrain_id: str, *, approved_by: str, started_by: str | None) -> None:
    """Record who approved a retrain, once.

    Args:
        session: of the data set, in a transaction.
        retrain_id: `<dag id>/<run id>`.
        approved_by: the account that approved.
        started_by: the account that started the retrain; None: a schedule or new data did.
    """
    if session.scalar(select(AuditEntry.audit_id).where(*_of(retrain_id)).limit(1)) is None:
        act = Act(approved_by, "approve", _target(retrain_id), REASON, session)
        act.before, act.after = {"started_by": started_by}, _recorded(retrain_id)
        audit.record(session, act)


def is_recorded(session: Session, retrain_id: str) -> bool:
    """Return whether an account approved the retrain that did not start it."""
    started_by = AuditEntry.before["started_by"].astext
    by_another = started_by.is_distinct_from(AuditEntry.actor)
    found = select(AuditEntry.audit_id).where(*_of(retrain_id), by_another).limit(1)
    return session.scalar(found) is not None


def _of(retrain_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        AuditEntry.action == "approve",
        AuditEntry.outcome == "done",
        AuditEntry.target == _target(retrain_id),
        AuditEntry.after.contains(_recorded(retrain_id)),
    )


def _target(retrain_id: str) -> str:
    return f"retrain {retrain_id.partition('/')[2]}"


def _recorded(retrain_id: str) -> dict[str, Any]:
    return {"recorded_for": retrain_id}
