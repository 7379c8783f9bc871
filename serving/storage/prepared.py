"""Prepared statements, planned once per connection: planning is most of a short read's time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, CursorResult

_PARAMETER = re.compile(r"(?<!:):([a-z]\w*)")  # `::text` is a cast


@dataclass(frozen=True)
class Prepared:
    """A statement with named parameters.

    Args:
        name: its name in the connection: letters, digits and underscores.
        types: the Postgres type of each parameter by name, in the order of `$1`, `$2`, …
        sql: the statement, with `:name` for each parameter.
        first: a statement that is sent along and executed before it, with the same parameters.
            `sql` sees what was committed until `first` had ended. Both are one transaction, also
            on a connection that commits each statement.
    """

    name: str
    types: Mapping[str, str]
    sql: str
    first: str | None = None

    def execute(self, connection: Connection, **values: Any) -> CursorResult[Any]:
        """Execute the statement; prepare it first if this connection has not."""
        prepared = connection.info.setdefault("prepared", set())
        if self.name not in prepared:
            connection.exec_driver_sql(self.prepare_sql)
            prepared.add(self.name)
        return connection.exec_driver_sql(self._execute_sql, values)

    @property
    def prepare_sql(self) -> str:
        """The PREPARE statement, with `$1` for the first parameter."""
        numbers = {name: f"${number}" for number, name in enumerate(self.types, 1)}
        sql = _PARAMETER.sub(lambda match: numbers[match[1]], self.sql)
        return f"prepare {self.name}({', '.join(self.types.values())}) as {sql}"

    @cached_property
    def _execute_sql(self) -> str:
        values = ", ".join(f"cast(%({name})s as {kind})" for name, kind in self.types.items())
        execute = f"execute {self.name}({values})"
        if self.first is None:
            return execute
        first = _PARAMETER.sub(r"%(\1)s", self.first)
        return f"{first}; {execute}"
