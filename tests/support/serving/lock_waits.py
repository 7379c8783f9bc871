"""Transactions that wait for an advisory lock, as a test waits for them."""

from time import monotonic

from sqlalchemy import Connection, text

SECONDS = 10
_WAITING = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")


def n_waiting(connection: Connection) -> int:
    """Return how many transactions wait for an advisory lock."""
    n: int = connection.scalar(_WAITING)
    return n


def wait_for(connection: Connection, *, n: int = 1) -> None:
    """Wait until at least so many transactions wait for an advisory lock."""
    end = monotonic() + SECONDS
    while monotonic() < end:
        if n_waiting(connection) >= n:
            return
    raise TimeoutError(f"not {n} transactions wait")
