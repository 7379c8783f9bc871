"""Entries of the audit about who looked at which user: at most one an hour for each pair.

An account looks at a limited number of users per hour: ids can be invented, and each entry is kept.
"""

from typing import Literal

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from serving.acts import audit
from serving.acts.audit import Act
from serving.errors import TooManyRequestsError
from serving.users import erasures

Through = Literal["inspector", "view as", "placement preview"]
MAX_USERS = 600  # entries of an account in an hour

# Concurrent requests wait for each other. The index of `acted_at` finds the entries of the hour.
_LOCK = text(
    "select pg_advisory_xact_lock("
    "hashtext('view ' || current_schema()), hashtext(:actor || :target))"
)
_IS_RECORDED = text(
    """
    select exists (
        select from audit
        where acted_at > clock_timestamp() - interval '1 hour' and action = 'inspect_user'
            and actor = :actor and target = :target and after ->> 'through' = :through
    )
    """
)
_OF_HOUR = text(
    """
    select count(*), extract(epoch from min(acted_at) + interval '1 hour' - clock_timestamp())
    from audit
    where acted_at > clock_timestamp() - interval '1 hour' and action = 'inspect_user'
        and actor = :actor
    """
)


def record(connection: Connection, user_id: str, *, actor: str, through: Through) -> bool:
    """Record that an operator or a viewer looks at a user, in the transaction that shows them.

    The entry has a digest instead of the id. `through` is the page or the way; each has an entry.

    Returns:
        Whether there was no entry of the last hour.

    Raises:
        TooManyRequestsError: the account has looked at too many users in the last hour.
    """
    values = {"actor": actor, "target": f"user {erasures.digest(connection, user_id)}"}
    connection.execute(_LOCK, values)
    if connection.scalar(_IS_RECORDED, values | {"through": through}):
        return False
    _require_few(connection, actor)
    act = Act(actor, "inspect_user", values["target"], "", Session(connection))
    act.after = {"through": through}
    audit.record(act.session, act)
    return True


def _require_few(connection: Connection, actor: str) -> None:
    n_entries, seconds = connection.execute(_OF_HOUR, {"actor": actor}).one()
    if n_entries >= MAX_USERS:
        raise TooManyRequestsError(
            f"{actor!r} has looked at {MAX_USERS:,} users within an hour.", max(float(seconds), 1)
        )
