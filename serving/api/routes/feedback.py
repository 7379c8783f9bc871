"""The routes that write: each is one transaction, committed before the answer."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response

from serving import schemas
from serving.acts import access
from serving.api import problems
from serving.api.authentication import AnyProduct, Caller, Reader, Sender, apart_from_lists
from serving.api.routes.parameters import EventId, ItemId, NewUserId, UserId, as_json
from serving.api.routes.routers import CHANGE, router
from serving.users import accounts, feedback, undo
from serving.users.feedback import Event
from serving.users.quotas import Quotas

EventKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x20-\x7e]*$",
        description="An idempotency key of this event, such as a UUID, unique across the data "
        "set's products. If an event is sent again with the same idempotency key, it is not "
        "written again, and the answer has the status `repeated`. Another event with that "
        "idempotency key is refused. Use the same one for every retry.",
        examples=["7f9c0d1e-5c3b-4a57-9c59-0a4b6d6f2f11"],
    ),
]
UserToken = Annotated[
    str | None,
    Header(
        alias="X-User-Token",
        max_length=200,
        description="The user's token from `POST users`. With it any key of the data set can "
        "export and erase the user's data.",
    ),
]


async def daily_quotas(request: Request) -> Quotas:
    """Return the quotas of this process."""
    quotas: Quotas = request.app.state.quotas
    return quotas


DailyQuotas = Annotated[Quotas, Depends(daily_quotas)]

write = router(CHANGE)
_event_route: dict[str, Any] = {
    "response_model": schemas.Receipt,
    "responses": problems.documented(409, 410),
    "tags": ["feedback"],
}


@write.put("/users/{user_id:id}/ratings/{item_id:id}", summary="Rate an item", **_event_route)
def rate(
    caller: Sender,
    user_id: UserId,
    item_id: ItemId,
    body: schemas.Rating,
    key: EventKey = None,
    *,
    quotas: DailyQuotas,
) -> Response:
    """The rating is committed when the API answers. The newest rating by `occurred_at` counts."""
    return _accept(
        quotas, caller, Event("rate", user_id, item_id, body.rating, body.occurred_at, key)
    )


@write.delete("/users/{user_id:id}/ratings/{item_id:id}", summary="Delete a rating", **_event_route)
def unrate(
    quotas: DailyQuotas, caller: Sender, user_id: UserId, item_id: ItemId, key: EventKey = None
) -> Response:
    """Also shows the item again if it was hidden. It is not an error if there is no rating."""
    return _accept(quotas, caller, Event("unrate", user_id, item_id, idempotency_key=key))


@write.put(
    "/users/{user_id:id}/hidden/{item_id:id}",
    summary="Hide an item from a user's lists",
    **_event_route,
)
def hide(
    caller: Sender,
    user_id: UserId,
    item_id: ItemId,
    body: schemas.Hide,
    key: EventKey = None,
    *,
    quotas: DailyQuotas,
) -> Response:
    """The item is hidden until it is rated or its rating is deleted. Training ignores hides."""
    return _accept(quotas, caller, Event(body.kind, user_id, item_id, None, body.occurred_at, key))


@write.delete(
    "/users/{user_id:id}/events/{event_id:id}",
    response_model=schemas.UndoReceipt,
    responses=problems.documented(409, 410),
    tags=["feedback"],
    summary="Undo an event",
)
@apart_from_lists
def undo_event(quotas: DailyQuotas, caller: Sender, user_id: UserId, event_id: EventId) -> Response:
    """Removes an event: the user's rating of the item, and whether it is hidden, are as before it.

    Of a user's ratings and hides of an item only the newest can be undone: otherwise nothing is
    changed (409). An undo is an event too, and cannot be undone. The request can be repeated.
    """
    with caller.transaction() as authorized:
        quotas.check(caller.dataset, authorized.name, "events", user_id)
        receipt = undo.undo(authorized.connection, user_id, event_id, sent_by=authorized.name)
    if receipt.status == "accepted":
        quotas.count(caller.dataset, authorized.name, "events", user_id)
    caller.metrics.count_event(caller.dataset, receipt)
    return as_json(receipt)


@write.post(
    "/users",
    response_model=schemas.NewUser,
    status_code=201,
    tags=["users"],
    summary="Create a user",
)
def create_user(quotas: DailyQuotas, caller: Sender) -> Response:
    """Returns a new id and, only in this answer, the user's token: for export and erasure."""
    with caller.transaction() as authorized:
        quotas.check(caller.dataset, authorized.name, "users")
        user = accounts.create(authorized.connection)
    quotas.count(caller.dataset, authorized.name, "users")
    return as_json(user, status=201)


@write.put(
    "/users/{user_id:id}",
    response_model=schemas.NewUser,
    responses=problems.documented(409, 410),
    tags=["users"],
    summary="Create a user with an id and a token",
)
def register(
    quotas: DailyQuotas, caller: Sender, user_id: NewUserId, body: schemas.UserRegistration
) -> Response:
    """For products that derive both, for example from a cookie. The request can be repeated.

    The id is `n-` and 16 to 64 of the characters a-z and 2-7. An id that is in use gets no token.
    """
    with caller.transaction() as authorized:
        is_new = accounts.register(authorized.connection, user_id, body.token)
        if is_new:  # the quota of new users must not keep out those who came before
            quotas.check(caller.dataset, authorized.name, "users")
    if is_new:
        quotas.count(caller.dataset, authorized.name, "users")
    return as_json(schemas.NewUser(user_id=user_id, token=body.token))


@write.delete(
    "/users/{user_id:id}",
    response_model=schemas.Erasure,
    responses=problems.documented(410),
    tags=["users"],
    summary="Erase a user",
)
@apart_from_lists
def erase(caller: AnyProduct, user_id: UserId, token: UserToken = None) -> Response:
    """Needs a key with the scope `operate`, or any key and the user's token.

    Deletes the user's events, feedback, lists and profiles from Postgres at once. No event is
    accepted for the id afterwards. The lake follows within a day: the next fits are without the
    user. With the scope `operate` the request can be repeated.
    """
    with caller.transaction() as authorized:
        by = accounts.requester(
            authorized.connection,
            user_id,
            key=authorized.name,
            scopes=authorized.scopes,
            token=token,
        )
        erasure = accounts.erase(authorized.connection, user_id, requested_by=by)
        access.record_erasure(authorized.connection, user_id, erasure, actor=by)
    caller.release_cache.drop_reasons(user_id)
    return as_json(erasure)


@write.get(
    "/outbox",
    response_model=schemas.OutboxState,
    tags=["feedback"],
    summary="Get the state of the outbox",
)
def outbox(caller: Reader) -> Response:
    """The number of events that wait to be collected, and the time of the oldest."""
    with caller.connection() as connection:
        return as_json(feedback.outbox_state(connection))


def _accept(quotas: Quotas, caller: Caller, event: Event) -> Response:
    key_name = caller.key.name
    with caller.connection() as connection:
        quotas.check(caller.dataset, key_name, "events", event.user_id)
        if event.rating is not None:
            about = caller.datasets.about(connection, caller.dataset)
            event = replace(event, rating=feedback.on_scale(event.rating, about))
        receipt = feedback.accept(connection, event, sent_by=key_name)
    if receipt.status == "accepted":
        quotas.count(caller.dataset, key_name, "events", event.user_id)
    caller.metrics.count_event(caller.dataset, receipt)
    return as_json(receipt)
