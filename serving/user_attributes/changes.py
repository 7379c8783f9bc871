"""Changes of users' attributes by the product. They take effect with the next list of the user.

Callers own the transaction: a change is accepted once they commit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from serving.errors import NoReleaseError, UnknownAttributeError, UserErasedError
from serving.schemas import UserReceipt
from serving.user_attributes.segments import segment
from serving.users import erasures
from serving.users.erasures import digest_of

_NAMES = text("select user_attributes from about")
# Rows are written in the order of their keys, so that two batches cannot wait for each other.
_WRITE = text(
    f"""
    insert into user_attributes as kept (user_id, attributes, sent_by)
    select user_id, attributes, :sent_by
    from jsonb_to_recordset(cast(:rows as jsonb)) as sent(user_id text, attributes jsonb)
    where not exists (select from erasures where digest = {digest_of("sent.user_id")})
    order by user_id
    on conflict (user_id) do update set
        attributes = excluded.attributes, sent_by = excluded.sent_by, xact = excluded.xact,
        changed_at = greatest(excluded.changed_at, kept.changed_at + interval '1 microsecond')
    returning user_id, changed_at
    """  # noqa: S608 # our own conditions
)


@dataclass(frozen=True, slots=True)
class Change:
    """All attributes of a user from now on, without unknown values."""

    user_id: str
    attributes: Mapping[str, str]


def declared(connection: Connection) -> Sequence[str]:
    """Return the names of the attributes of users that the manifest declares, in its order.

    Raises:
        NoReleaseError: the data set has no release yet, so the names are not known.
    """
    row = connection.execute(_NAMES).one_or_none()
    if row is None:
        raise NoReleaseError
    return tuple(row.user_attributes)


def checked(user_id: str, sent: Mapping[str, str | None], names: Sequence[str]) -> Change:
    """Return the change of a request.

    Raises:
        UnknownAttributeError: the manifest does not declare an attribute of users.
    """
    for name in sent:
        if name not in names:
            listed = ", ".join(names) or "none"
            raise UnknownAttributeError(
                f"body.attributes: users have no attribute {name!r}; declared: {listed}."
            )
    return Change(user_id, {name: value for name, value in sent.items() if value is not None})


def write(
    connection: Connection, changes: Sequence[Change], names: Sequence[str], *, sent_by: str
) -> dict[str, UserReceipt]:
    """Write the changes, and return a receipt for each user who was not erased, by id.

    Of several changes of a user, the last one is written. `names` are those of `declared`,
    `sent_by` is the name of the API key.
    """
    last = {change.user_id: dict(change.attributes) for change in changes}
    sent = [{"user_id": user_id, "attributes": kept} for user_id, kept in last.items()]
    erasures.hold_up_for_batch(connection)
    rows = connection.execute(_WRITE, {"rows": json.dumps(sent), "sent_by": sent_by})
    return {
        user_id: UserReceipt(
            user_id=user_id, segment=segment(last[user_id], names), changed_at=changed_at
        )
        for user_id, changed_at in rows
    }


def apply(connection: Connection, change: Change, *, sent_by: str) -> UserReceipt:
    """Write one change.

    Raises:
        UserErasedError: the user was erased.
    """
    receipts = write(connection, [change], declared(connection), sent_by=sent_by)
    return receipt_of(change.user_id, receipts)


def receipt_of(user_id: str, receipts: Mapping[str, UserReceipt]) -> UserReceipt:
    """Return the receipt of a user whose change was to be written.

    Raises:
        UserErasedError: the user was erased.
    """
    if user_id not in receipts:
        raise UserErasedError(f"The user {user_id!r} was erased.")
    return receipts[user_id]
