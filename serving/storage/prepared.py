"""Prepared statements, planned once per connection: planning is most of a short read's time."""

import re
from collections import namedtuple
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import psycopg2
from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError, StatementError

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
        self._prepare(connection)
        return connection.exec_driver_sql(self._execute_sql, values)

    def read_row(self, connection: Connection, **values: Any) -> Any:
        """Return the only row of a statement that reads, as a named tuple; None without a row.

        SQLAlchemy describes the columns of a result anew each time, which takes two fifths of the
        CPU of such a read; here they are described once.

        Raises:
            DBAPIError: as of `Connection.execute`.
        """
        self._prepare(connection)
        driver = connection.connection
        with closing(driver.cursor()) as cursor:
            try:
                cursor.execute(self._execute_sql, values)
                row = cursor.fetchone()
            except psycopg2.Error as error:
                raise self._wrapped(connection, error, cursor, values) from error
            names = tuple([column[0] for column in cursor.description or ()])
        return None if row is None else _row_type(names)._make(row)

    def _prepare(self, connection: Connection) -> None:
        prepared = connection.info.setdefault("prepared", set())
        if self.name not in prepared:
            connection.exec_driver_sql(self.prepare_sql)
            prepared.add(self.name)

    def _wrapped(
        self, connection: Connection, error: psycopg2.Error, cursor: Any, values: Any
    ) -> StatementError:
        """Return SQLAlchemy's form of a driver's error; give up a connection that is lost."""
        driver = connection.connection.dbapi_connection
        is_lost = connection.dialect.is_disconnect(error, driver, cursor)  # type: ignore[arg-type] # a protocol
        if is_lost:
            connection.invalidate(error)
        return DBAPIError.instance(
            self._execute_sql, values, error, psycopg2.Error,
            hide_parameters=connection.engine.hide_parameters, connection_invalidated=is_lost,
            dialect=connection.dialect,
        )  # fmt: skip

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


@lru_cache(maxsize=64)  # more than there are statements
def _row_type(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)  # noqa: PYI024 # the names are those of a statement
