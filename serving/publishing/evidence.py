"""What the gate decided, in short: for the console. Callers own the transaction."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from serving import tables
from serving.schemas import Verdict


def record(session: Session, verdict: Verdict) -> None:
    """Write a decision down. The same retrain decided again replaces its own row."""
    row = verdict.model_dump()
    written = insert(tables.Verdict).values(**row)
    session.execute(written.on_conflict_do_update(index_elements=["retrain_id"], set_=row))


def newest(session: Session, n: int) -> list[Verdict]:
    """Return the newest `n` decisions, newest first."""
    newest_first = (tables.Verdict.decided_at.desc(), tables.Verdict.retrain_id)
    rows = session.scalars(select(tables.Verdict).order_by(*newest_first).limit(n))
    return [Verdict.model_validate(row, from_attributes=True) for row in rows]
