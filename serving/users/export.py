"""Everything that Postgres has about one user, for the user to read.

A user may have hundreds of thousands of events. So the document is written to a file from rows that
are read a few at a time: memory does not grow.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO

from pydantic_core import to_json
from sqlalchemy import Connection, text

from serving.users.erasures import USER_TABLES

ROWS_AT_ONCE = 100
CHUNK_BYTES = 65_536
_LEFT_OUT = "array['user_id', 'digest']"  # the id is in the export; the token's digest is a secret
_NOW = text("select now()")


def export(connection: Connection, user_id: str) -> IO[bytes]:
    """Return a `schemas.Export` as JSON: a temporary file, at its beginning.

    It has all rows about a user; tables without a row have an empty list. The caller closes it.
    """
    with ExitStack() as opened:
        file = opened.enter_context(TemporaryFile())
        for piece in _document(connection, user_id):
            file.write(piece)
        file.seek(0)
        opened.pop_all()
    return file


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the rest of the file, then close it."""
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _document(connection: Connection, user_id: str) -> Iterator[bytes]:
    exported_at = to_json(connection.scalar(_NOW))
    yield b'{"user_id":%b,"exported_at":%b,"tables":{' % (to_json(user_id), exported_at)
    for number, table in enumerate(USER_TABLES):
        yield b"%b%b:[" % (b"," if number else b"", to_json(table))
        yield from _rows(connection, table, user_id)
        yield b"]"
    yield b"}}"


def _rows(connection: Connection, table: str, user_id: str) -> Iterator[bytes]:
    rows = text(
        f"select cast(to_jsonb({table}) - {_LEFT_OUT} as text) from {table}"  # noqa: S608 # our own names
        " where user_id = :user_id"
    )
    few = {"stream_results": True, "yield_per": ROWS_AT_ONCE}
    with connection.execute(rows, {"user_id": user_id}, execution_options=few) as result:
        for number, row in enumerate(result.scalars()):
            yield b"," + row.encode() if number else row.encode()
