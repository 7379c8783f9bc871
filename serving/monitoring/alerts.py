"""What was reported to each target of alerts. Callers own the transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from serving.tables import Alert


@dataclass(frozen=True, slots=True)
class Known:
    """An alert that a target knows of: its check and level, and when it was reported, in UTC."""

    name: str
    level: str
    since: datetime
    reported_at: datetime


def reported(connection: Connection, target: str) -> list[Known]:
    """Return the alerts that a target knows of."""
    columns = (Alert.name, Alert.level, Alert.since, Alert.reported_at)
    rows = connection.execute(select(*columns).where(Alert.target == target))
    return [Known(*row) for row in rows]


def record(
    connection: Connection, target: str, name: str, *, level: str, since: datetime, now: datetime
) -> None:
    """Record that a target knows of an alert; with the level `ok`, that it is resolved."""
    if level == "ok":
        is_it = (Alert.target == target) & (Alert.name == name)
        connection.execute(delete(Alert).where(is_it))
        return
    row = {"level": level, "since": since, "reported_at": now}
    statement = insert(Alert).values(target=target, name=name, **row)
    connection.execute(statement.on_conflict_do_update(index_elements=["target", "name"], set_=row))


def counts(connection: Connection) -> list[tuple[str, str, int]]:
    """Return target, level and number of the alerts that are not resolved."""
    by = (Alert.target, Alert.level)
    rows = connection.execute(select(*by, func.count()).group_by(*by).order_by(*by))
    return [(target, level, n_open) for target, level, n_open in rows]
