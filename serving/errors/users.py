"""Errors of requests about users, items and events, and of the outbox."""

from serving.errors.base import ApiError, ServingError


class OutboxRestoredError(ServingError):
    """The outbox is older than what was collected from it: Postgres was restored or replaced."""


class UnknownUserError(ApiError):
    """The live release does not have the user."""

    status = 404
    title = "Unknown user"
    next_step = "Request recommendations anyway: a new user gets the fallback list."


class UnknownItemError(ApiError):
    """The catalogue does not have the item."""

    status = 404
    title = "Unknown item"
    next_step = "Search by title, or create it with `PUT items/{id}`."


class UnknownEventError(ApiError):
    """The user has no such event, or it is an undo."""

    status = 404
    title = "Unknown event"
    next_step = "Send an `event_id` that the API returned for this user. An undo cannot be undone."


class IdempotencyKeyReusedError(ApiError):
    """The idempotency key belongs to another event. Nothing was written."""

    status = 409
    title = "The idempotency key was used before"
    next_step = "Give each event an idempotency key of its own. Only a retry repeats it."


class FeedbackChangedError(ApiError):
    """A newer event changed the user's feedback on the item. Nothing was undone."""

    status = 409
    title = "The feedback has changed since"
    next_step = "Read the user's ratings. Only the newest event of an item can be undone, once."


class UserExistsError(ApiError):
    """The id is in use, with another token or without one."""

    status = 409
    title = "The user exists"
    next_step = "Choose another id, or let `POST /v1/{dataset}/users` choose one."


class UserErasedError(ApiError):
    """The user was erased: no event is accepted for this id."""

    status = 410
    title = "The user was erased"
    next_step = "Use `POST /v1/{dataset}/users` for a new user: this id accepts no events."
