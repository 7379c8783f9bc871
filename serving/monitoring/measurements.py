"""Figures of the last run of the job `alert`, for `/metrics`. Callers own the transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from serving.tables import Measurement


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure. `subject` is what was measured, such as `retrain/fit`; it may be empty."""

    name: str
    subject: str
    value: float


def replace(connection: Connection, figures: Iterable[Measured], *, now: datetime) -> None:
    """Replace all figures by these."""
    rows = [
        {"name": each.name, "subject": each.subject, "value": each.value, "measured_at": now}
        for each in figures
    ]
    connection.execute(delete(Measurement))
    if rows:
        connection.execute(insert(Measurement), rows)


def newest(connection: Connection) -> tuple[list[Measured], datetime | None]:
    """Return the figures by name and subject, and when they were measured."""
    ordered = select(Measurement).order_by(Measurement.name, Measurement.subject)
    rows = connection.execute(ordered).all()
    figures = [Measured(row.name, row.subject, row.value) for row in rows]
    return figures, max((row.measured_at for row in rows), default=None)
