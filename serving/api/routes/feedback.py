"""The write routes: each is one transaction, committed before it is answered."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from serving import schemas
from serving.api import problems
from serving.api.authentication import Caller
from serving.api.path_ids import PathIdRoute
from serving.api.routes.parameters import Ask, ItemId, UserId, as_json
from serving.errors import ScopeMissingError, UserErasedError
from serving.users import accounts, feedback
from serving.users.feedback import Event

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x20-\x7e]*$",
        description="Your own word for this very intent, such as a UUID; the data set's products "
        "share them. Sent again with the same event it is answered `repeated`, and nothing is "
        "written; with another event it is refused. Retry with the key of the first try.",
        examples=["7f9c0d1e-5c3b-4a57-9c59-0a4b6d6f2f11"],
    ),
]
UserToken = Annotated[
    str | None,
    Header(
        alias="X-User-Token",
        max_length=200,
        description="The person's own token, as `POST users` gave it. With it any key of the data "
        "set may ask to forget him.",
    ),
]

write = APIRouter(
    prefix="/v1/{dataset}",
    route_class=PathIdRoute,
    responses=problems.documented(401, 403, 404, 413, 422, 429, 503),
)
_taken = problems.documented(409, 410)


@write.put(
    "/users/{user_id:id}/ratings/{item_id:id}",
    response_model=schemas.Receipt,
    responses=_taken,
    tags=["feedback"],
    summary="Rate an item",
)
def rate(
    ask: Ask, user_id: UserId, item_id: ItemId, body: schemas.Rating, key: IdempotencyKey = None
) -> Response:
    """Durable once it is answered. The newest of a person's ratings of an item is what counts."""
    event = Event("rate", user_id, item_id, body.rating, body.occurred_at, key)
    return _accepted(ask, event)


@write.delete(
    "/users/{user_id:id}/ratings/{item_id:id}",
    response_model=schemas.Receipt,
    responses=_taken,
    tags=["feedback"],
    summary="Take a rating back",
)
def unrate(ask: Ask, user_id: UserId, item_id: ItemId, key: IdempotencyKey = None) -> Response:
    """Takes back that the item shall be hidden as well. There need be nothing to take back."""
    return _accepted(ask, Event("unrate", user_id, item_id, idempotency_key=key))


@write.put(
    "/users/{user_id:id}/hidden/{item_id:id}",
    response_model=schemas.Receipt,
    responses=_taken,
    tags=["feedback"],
    summary="Keep an item off a person's lists",
)
def hide(
    ask: Ask, user_id: UserId, item_id: ItemId, body: schemas.Hide, key: IdempotencyKey = None
) -> Response:
    """Until he rates the item, or takes his rating back. No model learns from it."""
    event = Event(body.kind, user_id, item_id, None, body.occurred_at, key)
    return _accepted(ask, event)


@write.post(
    "/users",
    response_model=schemas.NewUser,
    status_code=201,
    tags=["users"],
    summary="Start a person",
)
def create_user(ask: Ask) -> Response:
    """A new id, and the token with which its person can be forgotten: it is shown this once."""
    with ask.transaction("feedback") as authorized:
        found = accounts.create(authorized.connection)
    return as_json(found, status=201)


@write.delete(
    "/users/{user_id:id}",
    response_model=schemas.Erasure,
    responses=problems.documented(410),
    tags=["users"],
    summary="Forget a person",
)
def erase(ask: Ask, user_id: UserId, token: UserToken = None) -> Response:
    """Needs a key with the scope `operate`, or any key and the person's own token.

    Deletes his feedback, his lists and what releases know of him; nothing more is taken from him
    under this id. With `operate` it can be repeated.
    """
    with ask.transaction() as authorized:
        if "operate" in authorized.scopes:
            requested_by = authorized.name
        elif token is not None and accounts.owns(authorized.connection, user_id, token):
            requested_by = accounts.THE_USER
        elif token is not None and accounts.is_erased(authorized.connection, user_id):
            raise UserErasedError(f"{user_id!r} is forgotten, and so is his token.")
        else:
            raise ScopeMissingError(
                "The key has no scope 'operate', and no token of this person came with it."
            )
        found = accounts.erase(authorized.connection, user_id, requested_by=requested_by)
    ask.release_cache.drop_reasons(user_id)
    return as_json(found)


@write.get(
    "/outbox",
    response_model=schemas.OutboxState,
    tags=["feedback"],
    summary="Events that wait to be collected",
)
def outbox(ask: Ask) -> Response:
    """How far the loop has come, and since when the oldest event waits."""
    with ask.connection() as connection:
        return as_json(feedback.outbox_state(connection))


def _accepted(ask: Caller, event: Event) -> Response:
    with ask.transaction("feedback") as authorized:
        if event.rating is not None:
            about = ask.datasets.about(authorized.connection, ask.dataset)
            feedback.refuse_off_scale(event.rating, about)
        receipt = feedback.accept(authorized.connection, event, sent_by=authorized.name)
    ask.metrics.received(ask.dataset, receipt)
    return as_json(receipt)
