"""Times of undone ratings that profiles of kept releases have: `feedback.undone_at`.

A release that learned a rating before its undo lists it in the profile of the user. Readers ignore
the rating of a profile at such a time. A time is kept only if a kept release has it: an undo adds
it for the releases of that moment, and a publication for the new release. So there are at most as
many times of a user and an item as kept releases.

Callers own the transaction. A lock orders undos and publications: an undo that does not see a new
release is seen by its publication.
"""

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from serving.storage import locks

_LOCK = "hashtext('undo ' || current_schema())"
_SHARED = locks.waiting_briefly(f"pg_advisory_xact_lock_shared({_LOCK})")
_EXCLUSIVE = text(f"select pg_advisory_xact_lock({_LOCK})")

# SQL of the time of a user's rating of an item in a row of profiles; null if there is none
_RATED_AT = "profiles.rated_at[array_position(profiles.item_ids, {table}.item_id)]"


def is_learned(table: str, at: str) -> str:
    """Return SQL: whether the profile of a kept release has the rating of the table's row.

    `table` has a user and an item, and `at` is SQL of a time.
    """
    return f"""exists (
        select from releases join profiles using (release_id)
        where ready_at is not null and retired_at is null
            and profiles.user_id = {table}.user_id and {_RATED_AT.format(table=table)} = {at}
    )"""


_ADD = text(
    f"""
    update feedback set undone_at = array_append(undone_at, learned.occurred_at)
    from (
        select distinct undone.user_id, undone.item_id, undone.occurred_at
        from outbox as undo join outbox as undone on undone.event_id = undo.undoes
        join profiles on release_id = :release_id and profiles.user_id = undone.user_id
        where undo.undoes is not null and undone.kind in ('rate', 'unrate')
            and {_RATED_AT.format(table="undone")} = undone.occurred_at
    ) as learned
    where (feedback.user_id, feedback.item_id) = (learned.user_id, learned.item_id)
        and learned.occurred_at <> all (undone_at)
    """  # noqa: S608 # our own names
)
_DROP = text(
    f"""
    update feedback set undone_at = array(
        select at from unnest(undone_at) as at where {is_learned("feedback", "at")}
    )
    where undone_at <> '{{}}' and exists (
        select from unnest(undone_at) as at where not {is_learned("feedback", "at")}
    )
    """  # noqa: S608 # our own names
)


def hold_publications(connection: Connection) -> None:
    """Wait for a publication that is about to commit; let none read undos before this ends."""
    connection.execute(_SHARED)


def add_learned(session: Session, release_id: int) -> None:
    """Add the undone ratings that the profiles of a new release have; hold undos until the end."""
    session.execute(_EXCLUSIVE)
    session.execute(_ADD, {"release_id": release_id})


def drop_others(session: Session) -> None:
    """Drop the times that no kept release has."""
    session.execute(_EXCLUSIVE)
    session.execute(_DROP)
