"""Copy record batches into a table of Postgres, in the transaction of a session."""

from collections.abc import Collection
from typing import Any

import psycopg2
import pyarrow as pa
from sqlalchemy import ARRAY, REAL, DateTime, Integer, Text, inspect
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from serving.errors import IncompleteReleaseError
from serving.publishing.copy_format import CopyStream
from serving.tables import Base

_ARROW_TYPES: dict[type[TypeEngine[Any]], pa.DataType] = {
    Text: pa.string(),
    REAL: pa.float32(),
    Integer: pa.int32(),
    DateTime: pa.timestamp("us", "UTC"),
}


def arrow_schema(table: type[Base], *, without: Collection[str]) -> pa.Schema:
    """Return the Arrow schema of all columns of a table except those in `without`."""
    columns = inspect(table).columns
    return pa.schema([(c.name, _arrow_type(c.type)) for c in columns if c.name not in without])


def _arrow_type(kind: TypeEngine[Any]) -> pa.DataType:
    if isinstance(kind, ARRAY):
        return pa.list_(_arrow_type(kind.item_type))
    return _ARROW_TYPES[type(kind)]


def copy(session: Session, target: str, rows: CopyStream) -> None:
    """Copy the rows into a table, named with its columns or alone.

    Raises:
        IncompleteReleaseError: Postgres refuses a row.
    """
    raw = session.connection().connection.dbapi_connection
    if raw is None:
        raise RuntimeError("the session has no connection")
    try:
        raw.cursor().copy_expert(f"copy {target} from stdin (format binary)", rows)
    except psycopg2.Error as error:
        if rows.failure is not None:
            raise rows.failure from error
        if not isinstance(error, psycopg2.IntegrityError | psycopg2.DataError):
            raise
        cause = str(error).partition("\n")[0]
        raise IncompleteReleaseError(f"{target}: Postgres refused a row: {cause}") from error
