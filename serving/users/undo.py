"""Undo a user's event: their feedback on the item is what it was before.

Callers own the transaction. Of ratings and hides, only the newest event of a user and an item can
be undone, as `feedback.previous` is the state that it replaced. An event of the manifest's kinds is
not in the feedback, so any of them can be undone. The undo is an event of its own in the outbox;
`refine` then removes the undone event from silver. So Postgres and the lake have the state that all
other events give.
"""

from typing import Any

from sqlalchemy import Connection, text

from serving import errors
from serving.schemas import FeedbackState, UndoReceipt
from serving.users.batches.rows import BUILT_IN
from serving.users.erasures import IS_ERASED, OF_USER
from serving.users.feedback import new_event_id
from serving.users.undone_times import hold_publications, is_learned

# The lock is that of `serving.users.feedback`: an erasure and an undo cannot interleave.
_OUTBOX = text(
    f"""
    insert into outbox (
        event_id, idempotency_key, kind, user_id, item_id, occurred_at, sent_by, undoes, value,
        undone_kind, undone_at
    )
    select :event_id, :key, 'undo', undone.user_id, undone.item_id, now(), :sent_by,
        undone.event_id, undone.value, undone.kind, undone.occurred_at
    from (select pg_advisory_xact_lock_shared({OF_USER}) offset 0) as locked
    cross join outbox as undone
    where undone.event_id = :undone_id and undone.user_id = :user_id and undone.kind <> 'undo'
    on conflict (idempotency_key) do nothing
    returning undone_kind
    """  # noqa: S608 # our own keys
)
# A kept release that has learned the undone rating lists it in profiles with its time: see
# `serving.users.undone_times`.
_FEEDBACK = text(
    f"""
    update feedback as stored set
        rating = (stored.previous ->> 'rating')::real,
        rated_at = (stored.previous ->> 'rated_at')::timestamptz,
        hidden = stored.previous ->> 'hidden',
        hidden_at = (stored.previous ->> 'hidden_at')::timestamptz,
        event_id = stored.previous ->> 'event_id',
        previous = null,
        undone_at = case
            when undone.kind in ('rate', 'unrate')
                and undone.occurred_at <> all (stored.undone_at)
                and {is_learned("undone", "undone.occurred_at")}
            then array_append(stored.undone_at, undone.occurred_at) else stored.undone_at end
    from outbox as undone
    where undone.event_id = :undone_id
        and (stored.user_id, stored.item_id) = (undone.user_id, undone.item_id)
        and stored.event_id = undone.event_id and stored.previous is not null
        and not {IS_ERASED}
    returning true
    """  # noqa: S608 # our own condition
)
_STATE = text(
    f"""
    select {IS_ERASED} as is_erased,
        undone.item_id, undone.kind, undo.event_id, undo.occurred_at,
        current.rating, current.rated_at, current.hidden, current.hidden_at
    from (select) as single_row
    left join outbox as undone on undone.event_id = :undone_id and undone.user_id = :user_id
    left join outbox as undo on undo.idempotency_key = :key
    left join feedback as current
        on (current.user_id, current.item_id) = (undone.user_id, undone.item_id)
    """  # noqa: S608 # our own condition
)


def undo(connection: Connection, user_id: str, event_id: str, *, sent_by: str) -> UndoReceipt:
    """Restore the feedback that a user's event replaced. Repeated calls change nothing.

    The caller must roll the transaction back on an error. `sent_by` is the API key's name.

    Raises:
        UnknownEventError: the user has no such event, or it is an undo.
        FeedbackChangedError: a newer event changed the user's feedback on the item.
        UserErasedError: the user was erased.
        ApiUnavailableError: the event is being written by another transaction.
    """
    values: dict[str, Any] = {"user_id": user_id, "undone_id": event_id, "key": _key(event_id)}
    sent = {"event_id": new_event_id(), "sent_by": sent_by}
    undone_kind = connection.scalar(_OUTBOX, values | sent)
    is_new, changes_feedback = undone_kind is not None, undone_kind in BUILT_IN
    if changes_feedback:
        hold_publications(connection)  # only now: publications wait for erasures, and we may too
    is_done = not changes_feedback or bool(connection.scalar(_FEEDBACK, values))
    state = connection.execute(_STATE, values).one()
    if state.is_erased:
        raise errors.UserErasedError(f"The user {user_id!r} was erased.")
    if state.item_id is None or state.kind == "undo":
        raise errors.UnknownEventError(f"The user {user_id!r} has no event {event_id!r} to undo.")
    if state.event_id is None:
        raise errors.ApiUnavailableError("The event was being written. Retry.")
    if not is_done:
        raise errors.FeedbackChangedError(
            f"The event {event_id!r} is not the newest one of the user {user_id!r} for the item "
            f"{state.item_id!r}. Nothing was changed."
        )
    return UndoReceipt(
        event_id=state.event_id,
        undoes=event_id,
        user_id=user_id,
        item_id=state.item_id,
        status="accepted" if is_new else "repeated",
        occurred_at=state.occurred_at,
        current=FeedbackState.model_validate(state, from_attributes=True),
    )


def _key(event_id: str) -> str:
    """Return the idempotency key of the event's undo. Callers' keys have no line feed."""
    return f"undo\n{event_id}"
