"""People who start, and people who want to be forgotten. Callers own the transaction."""

import secrets
from base64 import b32encode

from sqlalchemy import Connection, text

from serving.schemas import Erasure, NewUser
from serving.storage import keys

THE_USER = "the user"

_START = text("insert into user_tokens (user_id, digest) values (:user_id, :digest)")
_OWNS = text("select exists (select from user_tokens where user_id = :user_id and digest = :d)")
_TURN = text("select pg_advisory_xact_lock(hashtextextended(:user_id, 0))")
# A second wish keeps the first one's date. `any(array(…))` lets the primary keys find his rows.
_FORGET = text(
    """
    with asked as (
        insert into erasures as known (user_id, requested_by) values (:user_id, :requested_by)
        on conflict (user_id) do update set requested_by = known.requested_by
        returning requested_at
    ), events as (
        delete from outbox where user_id = :user_id returning event_id
    ), held as (
        delete from feedback where user_id = :user_id
    ), token as (
        delete from user_tokens where user_id = :user_id
    ), judged as (
        delete from window_lists where user_id = :user_id
    ), lists as (
        delete from recommendations
        where release_id = any(array(select release_id from releases)) and user_id = :user_id
    ), profile as (
        delete from profiles
        where release_id = any(array(select release_id from releases)) and user_id = :user_id
    )
    select requested_at, (select count(*) from events) as n_events from asked
    """
)
_FORGOTTEN = text("select exists (select from erasures where user_id = :user_id)")


def create(connection: Connection) -> NewUser:
    """Return somebody new: an id that nobody has, and the token with which he can be forgotten."""
    user_id = f"n-{b32encode(secrets.token_bytes(10)).decode().lower()}"
    token = secrets.token_urlsafe(32)
    connection.execute(_START, {"user_id": user_id, "digest": keys.digest(token)})
    return NewUser(user_id=user_id, token=token)


def owns(connection: Connection, user_id: str, token: str) -> bool:
    """Return whether the token is that of this very person."""
    asked = {"user_id": user_id, "d": keys.digest(token)}
    return bool(connection.scalar(_OWNS, asked))


def is_erased(connection: Connection, user_id: str) -> bool:
    """Return whether he asked to be forgotten."""
    return bool(connection.scalar(_FORGOTTEN, {"user_id": user_id}))


def erase(connection: Connection, user_id: str, *, requested_by: str) -> Erasure:
    """Delete all that is known of a person, and let nothing more be written for him.

    It waits for those who write for him now, so that nothing of theirs is left. Whom nobody knows
    here is noted too: the lake may know him.
    """
    connection.execute(_TURN, {"user_id": user_id})
    asked = {"user_id": user_id, "requested_by": requested_by}
    row = connection.execute(_FORGET, asked).mappings().one()
    return Erasure.model_validate({"user_id": user_id} | dict(row))
