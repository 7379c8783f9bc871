"""The list of erased users: digests without ids, so that it can be kept for good.

A digest is the SHA-256 of `<data set>/<user id>`. The lake has a copy of the list, with which
`jobs.refine` and `jobs.erase` find the rows of erased users. A reader of the list can check whether
a given id is on it, but cannot read ids from it.

Callers own the transaction.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from serving.schemas import ErasureState, OpenErasures
from serving.storage import locks
from serving.tables import (
    Erasure,
    Feedback,
    OutboxEvent,
    Profile,
    Recommendation,
    ShownList,
    UserAttributes,
    UserToken,
    WindowList,
)

# Key of the lock that batches of events share, and that an erasure takes exclusively
OF_BATCHES = "hashtext('events ' || current_schema())"
# Keys of the lock of one user's events and erasure. A lock with two keys is never one with a single
# key, so no user's id can be chosen to have the lock of something else.
OF_USER = "hashtext('user ' || current_schema()), hashtext(:user_id)"
# Every table with rows of users; `tests/serving/users/test_erasures.py` finds one that is missing.
USER_TABLES = tuple(
    table.__tablename__
    for table in (
        OutboxEvent,
        Feedback,
        UserToken,
        UserAttributes,
        WindowList,
        Recommendation,
        Profile,
        ShownList,
    )
)


def digest_of(user_id: str) -> str:
    """Return SQL of the digest of a user's id, given SQL of the id."""
    name = f"cast(current_schema() as text) || '/' || {user_id}"
    return f"encode(sha256(convert_to({name}, 'UTF8')), 'hex')"


IS_ERASED = f"exists (select from erasures where digest = {digest_of(':user_id')})"  # our own names

_BEGIN = locks.waiting_briefly(
    "pg_advisory_xact_lock_shared(hashtext('erase ' || current_schema()))"
)
_HOLD_UP = text("select pg_advisory_xact_lock(hashtext('erase ' || current_schema()))")
# An erasure takes the lock exclusively: it waits for batches, and batches wait for it. A lock per
# user would fill Postgres' table of locks, as a batch may have a thousand users.
_HOLD_UP_FOR_BATCH = text(f"select pg_advisory_xact_lock_shared({OF_BATCHES})")
_COUNT = text("select count(*) from erasures")
_OPEN = text(
    """
    select count(*) filter (where erased_at is null) as n_with_rows,
        min(requested_at) filter (where erased_at is null) as oldest_with_rows_at,
        count(*) filter (where purged_at is null) as n_with_files,
        min(requested_at) filter (where purged_at is null) as oldest_with_files_at
    from erasures
    """
)
_DIGEST = text(f"select {digest_of(':user_id')}")


def digest(connection: Connection, user_id: str) -> str:
    """Return the digest of a user's id in this schema."""
    return str(connection.scalar(_DIGEST, {"user_id": user_id}))


def begin(connection: Connection) -> None:
    """Wait for a publication that is about to commit, and let no other commit meanwhile.

    The lock is shared, so erasures do not wait for each other. It is held until the transaction
    ends.
    """
    connection.execute(_BEGIN)


def hold_up(session: Session) -> None:
    """Wait for erasures that have begun, and let no other begin until the transaction ends.

    A publication calls this after it has added the rows of users, and then `delete_from`: so no row
    that it added outlives an erasure.
    """
    session.execute(_HOLD_UP)


def hold_up_for_batch(connection: Connection) -> None:
    """Wait for erasures that have begun, and let no other begin until the transaction ends.

    Batches of rows of many users call this before they write; they do not wait for each other.
    """
    connection.execute(_HOLD_UP_FOR_BATCH)


def count(session: Session) -> int:
    """Return the number of erased users. It never becomes smaller."""
    return session.scalar(_COUNT) or 0


def delete_from(connection: Connection | Session, table: str, *, where: str = "true") -> int:
    """Delete the rows of erased users that meet the condition; return their number."""
    deleted: Any = connection.execute(
        text(
            f"delete from {table} where {where}"  # noqa: S608 # our own names
            f" and {digest_of('user_id')} in (select digest from erasures)"
        )
    )
    return int(deleted.rowcount)


def delete_everywhere(connection: Connection) -> int:
    """Delete the rows of erased users from all tables, as the owner: after a backup was restored.

    Returns:
        The number of rows.
    """
    return sum(delete_from(connection, table) for table in USER_TABLES)


def listed(connection: Connection) -> dict[str, datetime]:
    """Return when each erasure was requested, by digest."""
    rows = connection.execute(select(Erasure.digest, Erasure.requested_at))
    return {row.digest: row.requested_at for row in rows}


def new(connection: Connection) -> set[str]:
    """Return the digests of users for whom `jobs.erase` has not searched the lake yet."""
    return set(connection.scalars(select(Erasure.digest).where(Erasure.erased_at.is_(None))))


def restore(connection: Connection, requests: Mapping[str, datetime], *, by: str) -> int:
    """Add the erasures of the lake's list that this list lacks; return their number.

    `requests` has the times of the requests by digest.
    """
    if not requests:
        return 0
    rows = [
        {"digest": digest, "requested_at": requested_at, "requested_by": by}
        for digest, requested_at in requests.items()
    ]
    statement = insert(Erasure).on_conflict_do_nothing().returning(Erasure.digest)
    return len(connection.scalars(statement, rows).all())


def record_progress(
    connection: Connection,
    *,
    among: Collection[str],
    found: Collection[str],
    unpurged: Collection[str],
) -> None:
    """Record what `jobs.erase` did.

    Args:
        connection: of the role `publisher`.
        among: digests of the list that the job read; others may have been added since.
        found: digests of the users whose rows it deleted.
        unpurged: digests of the users whose rows old files still have.
    """
    now, is_new = func.now(), Erasure.erased_at.is_(None)
    is_erased = Erasure.digest.in_(found) | (is_new & Erasure.digest.in_(among))
    connection.execute(update(Erasure).where(is_erased).values(erased_at=now))
    is_unpurged = Erasure.digest.in_(unpurged)
    connection.execute(update(Erasure).where(is_unpurged).values(purged_at=None))
    is_purged = Erasure.purged_at.is_(None) & Erasure.digest.in_({*among} - {*unpurged})
    connection.execute(update(Erasure).where(is_purged).values(purged_at=now))


def newest(connection: Connection, *, limit: int) -> list[ErasureState]:
    """Return at most `limit` erasures, the newest first."""
    newest_first = select(Erasure).order_by(Erasure.requested_at.desc(), Erasure.digest)
    rows = connection.execute(newest_first.limit(limit))
    return [_state(row) for row in rows]


def find(connection: Connection, user_id: str) -> ErasureState | None:
    """Return the erasure of a user, or None."""
    is_theirs = text(f"digest = {digest_of(':user_id')}").bindparams(user_id=user_id)
    row = connection.execute(select(Erasure).where(is_theirs)).one_or_none()
    return None if row is None else _state(row)


def open_erasures(connection: Connection) -> OpenErasures:
    """Return the number of erasures that are not complete in the lake, and the oldest requests."""
    return OpenErasures.model_validate(dict(connection.execute(_OPEN).mappings().one()))


def _state(row: Row[Any]) -> ErasureState:
    return ErasureState.model_validate(dict(row._mapping))  # noqa: SLF001 # SQLAlchemy's own name
