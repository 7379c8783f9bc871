"""Everything that Postgres has about one user, for the user to read."""

from typing import Any

from sqlalchemy import Connection, text

from serving.schemas import Export
from serving.users.erasures import USER_TABLES

_LEFT_OUT = "array['user_id', 'digest']"  # the id is in the export; the token's digest is a secret
_NOW = text("select now()")


def export(connection: Connection, user_id: str) -> Export:
    """Return all rows about a user; tables without a row have an empty list."""
    tables = {table: _rows(connection, table, user_id) for table in USER_TABLES}
    exported_at = connection.scalar(_NOW)
    return Export.model_validate({"user_id": user_id, "exported_at": exported_at, "tables": tables})


def _rows(connection: Connection, table: str, user_id: str) -> list[dict[str, Any]]:
    rows = text(
        f"select to_jsonb({table}) - {_LEFT_OUT} from {table} where user_id = :user_id"  # noqa: S608 # our own names
    )
    return list(connection.scalars(rows, {"user_id": user_id}))
