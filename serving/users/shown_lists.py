"""Lists as they were shown, by `list_id`: what a later event can be compared with.

Callers own the transaction.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic_core import to_json
from sqlalchemy import Connection, text

from serving.storage.prepared import Prepared
from serving.users import erasures
from serving.users.erasures import digest_of

_INSERT = Prepared(
    "write_shown_lists",
    {"lists": "json"},
    f"""
    insert into shown_lists
        (list_id, kind, user_id, release_id, rules_version, placement, item_ids, shown_at)
    select list_id, kind, user_id, release_id, rules_version, placement, item_ids, shown_at
    from json_to_recordset(:lists) as sent(
        list_id text, kind text, user_id text, release_id bigint, rules_version bigint,
        placement text, item_ids text[], shown_at timestamptz
    )
    where user_id is null
        or not exists (select from erasures where digest = {digest_of("sent.user_id")})
    order by list_id
    on conflict (list_id) do nothing
    """,  # noqa: S608 # our own condition
)


# A user may have millions of lists: an API process answers thousands per second.
_WITH_TIME = text(
    "select current_setting('statement_timeout') as before,"
    " set_config('statement_timeout', '60s', true)"
)
_AS_BEFORE = text("select set_config('statement_timeout', :before, true)")
_DELETE = text("delete from shown_lists where user_id = :user_id")


@dataclass(frozen=True, slots=True)
class ShownList:
    """One list that the API answered. `user_id` is None for an anonymous user, or for a shelf.

    `placement` is the name of the placement that the list is a shelf of.
    """

    list_id: str
    kind: str
    user_id: str | None
    release_id: int
    rules_version: int | None
    item_ids: Sequence[str]
    placement: str | None = None

    @property
    def shown_at(self) -> datetime:
        """When the id was made."""
        return datetime.fromtimestamp(int(self.list_id[:16], 16) / 1e9, UTC)


def new_list_id() -> str:
    """Return a unique id of 24 hexadecimal digits. Later ids are larger."""
    return f"{time.time_ns():016x}{secrets.token_hex(4)}"


def delete(connection: Connection, user_id: str) -> None:
    """Delete the user's lists in up to 60 s, longer than other statements have.

    An erasure calls this before it takes its locks, for which writers wait.
    """
    before = connection.execute(_WITH_TIME).one().before
    connection.execute(_DELETE, {"user_id": user_id})
    connection.execute(_AS_BEFORE, {"before": before})


def write(connection: Connection, lists: Sequence[ShownList]) -> None:
    """Write lists, but none of an erased user; erasures wait for the transaction."""
    erasures.hold_up_for_batch(connection)
    # `asdict` would copy every item's id, while requests wait for the GIL
    rows = [
        {
            "list_id": shown.list_id,
            "kind": shown.kind,
            "user_id": shown.user_id,
            "release_id": shown.release_id,
            "rules_version": shown.rules_version,
            "placement": shown.placement,
            "item_ids": shown.item_ids,
            "shown_at": shown.shown_at,
        }
        for shown in lists
    ]
    _INSERT.execute(connection, lists=to_json(rows).decode())
