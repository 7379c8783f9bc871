"""Statements that Postgres plans once per connection: planning is most of a short read's time."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, CursorResult


@dataclass(frozen=True)
class Prepared:
    """A statement of fixed parameters.

    Args:
        name: its name in the connection; letters, digits and underscores.
        types: Postgres' type of each parameter, by name, in the order of `$1`, `$2`, …
        sql: the statement, with `:name` for each parameter.
    """

    name: str
    types: Mapping[str, str]
    sql: str

    def execute(self, connection: Connection, **values: Any) -> CursorResult[Any]:
        """Run it, once it is planned in this connection."""
        planned = connection.info.setdefault("prepared", set())
        if self.name not in planned:
            connection.exec_driver_sql(self._prepare())
            planned.add(self.name)
        return connection.exec_driver_sql(self._run, values)

    @cached_property
    def _run(self) -> str:
        marks = ", ".join(f"cast(%({name})s as {kind})" for name, kind in self.types.items())
        return f"execute {self.name}({marks})"

    def _prepare(self) -> str:
        sql = self.sql
        for at, name in enumerate(self.types, 1):
            sql = sql.replace(f":{name}", f"${at}")
        return f"prepare {self.name}({', '.join(self.types.values())}) as {sql}"
