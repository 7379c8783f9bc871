"""The gate's verdicts for the console. Callers own the transaction."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from serving import tables
from serving.schemas import Verdict


def record(session: Session, verdict: Verdict) -> None:
    """Write a verdict. A second verdict on the same retrain replaces the first."""
    row = verdict.model_dump()
    statement = insert(tables.Verdict).values(**row)
    session.execute(statement.on_conflict_do_update(index_elements=["retrain_id"], set_=row))


def newest(session: Session, n: int) -> list[Verdict]:
    """Return the newest `n` verdicts, newest first."""
    newest_first = (tables.Verdict.decided_at.desc(), tables.Verdict.retrain_id)
    rows = session.scalars(select(tables.Verdict).order_by(*newest_first).limit(n))
    return [Verdict.model_validate(row, from_attributes=True) for row in rows]
