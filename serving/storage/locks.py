"""Advisory locks for which a request waits a short time only."""

from sqlalchemy import TextClause, text

WAIT_MS = 2000  # a publication may hold a lock for longer


def waiting_briefly(lock: str) -> TextClause:
    """Return a statement that takes a lock or fails after `WAIT_MS`, given SQL of the lock.

    The statement sets the time-out of this lock alone; Postgres computes the columns in order.
    """
    return text(
        f"select set_config('lock_timeout', '{WAIT_MS}', true), {lock},"
        " set_config('lock_timeout', '0', true)"
    )
