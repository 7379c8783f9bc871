"""Delete records that have reached the end of their retention, in small transactions."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Engine, text

from serving.users.kind_events import OF_KINDS

ROWS_AT_ONCE = 10_000

# Rows below the cursor are in the lake. Old rows are the first ones of the table. Undos and the
# events that they undo are kept longer: a retrain from before an undo may wait so long for its
# approval, and its publication needs them.
# Events of the manifest's kinds stay while a release that can be live has not learned them: its
# lists are computed from them.
_OUTBOX = f"""
    xact < coalesce((select until from outbox_cursor), 0) and received_at < :before
    and (received_at < :before - interval '31 days' or undoes is null and not exists (
        select from outbox as undo where undo.undoes = outbox.event_id
    ))
    and (not {OF_KINDS} or xact < coalesce((
        select min(coalesce(outbox_until, 0)) from releases
        where ready_at is not null and retired_at is null
    ), 0))
"""  # noqa: S608 # our own condition
_ITEM_CHANGES = """
    xact < coalesce((select until from item_changes_cursor), 0) and received_at < :before
"""
_UNUSED_USERS = """
    created_at < :before and not in_lake
    and not exists (select from feedback where feedback.user_id = user_tokens.user_id)
    and not exists (select from outbox where outbox.user_id = user_tokens.user_id)
    and not exists (select from user_attributes where user_attributes.user_id = user_tokens.user_id)
"""
# A user whose events are in the lake alone keeps the token, to export and erase them
_NOTE_USERS = """, noted as (
    update user_tokens set in_lake = true from deleted
    where user_tokens.user_id = deleted.user_id and not in_lake
)"""
_AUDIT = "acted_at < :before"
_SHOWN = "shown_at < :before"


Kind = Literal["events", "item_changes", "unused_users", "audit_entries", "shown_lists"]


@dataclass(frozen=True, slots=True)
class Deleted:
    """The number of deleted rows, and how long it took."""

    n_rows: int
    seconds: float


def prune(
    engine: Engine,
    *,
    events_before: datetime,
    users_before: datetime,
    audit_before: datetime,
    lists_before: datetime,
) -> dict[Kind, Deleted]:
    """Delete collected events and changes of items, and other records by their age.

    What waits to be collected stays, and so does a user with feedback, attributes or events, also
    if only the lake still has the events.
    """
    return {
        "events": _delete(engine, "outbox", _OUTBOX, events_before, then=_NOTE_USERS),
        "item_changes": _delete(engine, "item_changes", _ITEM_CHANGES, events_before),
        "unused_users": _delete(engine, "user_tokens", _UNUSED_USERS, users_before),
        "audit_entries": _delete(engine, "audit", _AUDIT, audit_before),
        "shown_lists": _delete(engine, "shown_lists", _SHOWN, lists_before),
    }


def _delete(
    engine: Engine, table: str, condition: str, before: datetime, *, then: str = ""
) -> Deleted:
    """Delete the rows that meet the condition; `then` is SQL that reads them as `deleted`."""
    statement = text(
        f"with deleted as (delete from {table} where ctid = any(array("  # noqa: S608 # our own names
        f"select ctid from {table} where {condition} limit :n)) returning {table}.*){then}"
        " select count(*) from deleted"
    )
    begun, total, n_deleted = time.monotonic(), 0, ROWS_AT_ONCE
    while n_deleted == ROWS_AT_ONCE:
        with engine.begin() as connection:
            values = {"before": before, "n": ROWS_AT_ONCE}
            n_deleted = connection.scalar(statement, values) or 0
        total += n_deleted
    return Deleted(total, time.monotonic() - begun)
