"""Creation and erasure of users. Callers own the transaction."""

import secrets
from base64 import b32encode
from collections.abc import Collection

from sqlalchemy import Connection, text

from serving import errors
from serving.schemas import Erasure, NewUser
from serving.storage import keys, locks
from serving.users import erasures, shown_lists

THE_USER = "the user"

_CREATE = text("insert into user_tokens (user_id, digest) values (:user_id, :digest)")
_REGISTER = text(
    """
    insert into user_tokens (user_id, digest) select :user_id, :digest
    where not exists (select from feedback where user_id = :user_id)
        and not exists (select from outbox where user_id = :user_id)
        and not exists (select from user_attributes where user_id = :user_id)
        and not exists (select from window_lists where user_id = :user_id)
        and not exists (
            select from recommendations
            where release_id = any(array(select release_id from releases)) and user_id = :user_id
        )
        and not exists (
            select from profiles
            where release_id = any(array(select release_id from releases)) and user_id = :user_id
        )
    on conflict (user_id) do nothing
    returning true
    """
)
_OWNS = text(
    "select exists (select from user_tokens where user_id = :user_id and digest = :digest)"
)
_LOCK = text(f"select pg_advisory_xact_lock({erasures.OF_USER})")
# Waits for batches that are being written, and holds up others: see `erasures.hold_up_for_batch`.
_HOLD_UP_BATCHES = locks.waiting_briefly(f"pg_advisory_xact_lock({erasures.OF_BATCHES})")
# A repeated erasure keeps the date of the first one. `any(array(…))` makes the primary keys usable.
_ERASE = text(
    f"""
    with erasure as (
        insert into erasures as kept (digest, requested_by)
        values ({erasures.digest_of(":user_id")}, :requested_by)
        on conflict (digest) do update set requested_by = kept.requested_by
        returning requested_at
    ), events as (
        delete from outbox where user_id = :user_id returning event_id
    ), current_feedback as (
        delete from feedback where user_id = :user_id
    ), token as (
        delete from user_tokens where user_id = :user_id
    ), attributes as (
        delete from user_attributes where user_id = :user_id
    ), shown as (
        delete from shown_lists where user_id = :user_id
    ), window_list as (
        delete from window_lists where user_id = :user_id
    ), lists as (
        delete from recommendations
        where release_id = any(array(select release_id from releases)) and user_id = :user_id
    ), profile as (
        delete from profiles
        where release_id = any(array(select release_id from releases)) and user_id = :user_id
    )
    select requested_at, (select count(*) from events) as n_events from erasure
    """  # noqa: S608 # our own names
)
_IS_ERASED = text(f"select {erasures.IS_ERASED}")


def create(connection: Connection) -> NewUser:
    """Return a new user: an unused id, and the token with which the user can be erased."""
    user_id = f"n-{b32encode(secrets.token_bytes(10)).decode().lower()}"
    token = secrets.token_urlsafe(32)
    connection.execute(_CREATE, {"user_id": user_id, "digest": keys.digest(token)})
    return NewUser(user_id=user_id, token=token)


def register(connection: Connection, user_id: str, token: str) -> bool:
    """Create a user with this id and token. The call can be repeated.

    An id that has rows but no token does not get one: with a token, a caller could read and erase
    these rows.

    Returns:
        Whether the user is new.

    Raises:
        UserErasedError: the user was erased.
        UserExistsError: the id is in use, with another token or without one.
    """
    connection.execute(_LOCK, {"user_id": user_id})
    if is_erased(connection, user_id):
        raise errors.UserErasedError(f"The user {user_id!r} was erased.")
    values = {"user_id": user_id, "digest": keys.digest(token)}
    is_new = bool(connection.scalar(_REGISTER, values))
    if not is_new and not owns(connection, user_id, token):
        raise errors.UserExistsError(f"The user {user_id!r} exists, and the token is not theirs.")
    return is_new


def owns(connection: Connection, user_id: str, token: str) -> bool:
    """Return whether the token is this user's."""
    values = {"user_id": user_id, "digest": keys.digest(token)}
    return bool(connection.scalar(_OWNS, values))


def requester(
    connection: Connection, user_id: str, *, key: str, scopes: Collection[str], token: str | None
) -> str:
    """Return who requests the export or the erasure of a user's data: `key NAME` or `THE_USER`.

    The word `key` distinguishes it from an operator of the same name. A key with the scope
    `operate` may request any user's data. Any other key needs the user's token.

    Raises:
        UserErasedError: the request has a token, and the user was erased.
        ScopeMissingError: the request has neither the scope nor the user's token.
    """
    if "operate" in scopes:
        return f"key {key}"
    if token is not None and owns(connection, user_id, token):
        return THE_USER
    if token is not None and is_erased(connection, user_id):
        raise errors.UserErasedError(f"The user {user_id!r} and their token were erased.")
    raise errors.ScopeMissingError(
        "The key has no scope 'operate', and the request has no token of this user."
    )


def is_erased(connection: Connection, user_id: str) -> bool:
    """Return whether the user was erased."""
    return bool(connection.scalar(_IS_ERASED, {"user_id": user_id}))


def erase(connection: Connection, user_id: str, *, requested_by: str) -> Erasure:
    """Delete the user's data from this schema, and let no further event of this id be written.

    It waits for transactions that are writing the user's events or a batch of events, and for a
    publication that is about to commit. Unknown ids are recorded too, because the lake may have
    events of them, which `jobs.erase` deletes. Lists that were shown to the user are deleted before
    the locks are taken: they may be many, and others wait for the locks.
    """
    shown_lists.delete(connection, user_id)
    erasures.begin(connection)
    connection.execute(_HOLD_UP_BATCHES)
    connection.execute(_LOCK, {"user_id": user_id})
    values = {"user_id": user_id, "requested_by": requested_by}
    row = connection.execute(_ERASE, values).mappings().one()
    return Erasure.model_validate({"user_id": user_id} | dict(row))
