"""The routes with which operators and viewers look at one user or one item.

What names a user is recorded in the audit, in the transaction that reads it.
"""

from typing import Annotated

from fastapi import Query, Response

from serving import schemas
from serving.acts import views
from serving.api import problems
from serving.api.operators import Operator, Viewer, one_at_a_time
from serving.api.routes.parameters import NO_NUL, ItemId, Limit, UserId, as_json
from serving.api.routes.routers import READ, router
from serving.inspection import item_status, items, lists, users

Prefix = Annotated[
    str, Query(max_length=256, pattern=NO_NUL, description="The beginning of the ids.")
]
Length = Annotated[
    int, Query(ge=1, le=100, description="The length of the list that the product shows.")
]

inspect = router(READ, "inspection", below="/inspection")


@inspect.get("/users", response_model=list[schemas.User], summary="Find users by id")
def find_users(caller: Operator, prefix: Prefix = "", limit: Limit = 20) -> Response:
    """Users whose ids begin with a text, in the order of the ids. For operators only."""
    with caller.connection() as connection:
        return as_json(users.find(connection, prefix, limit=limit))


@inspect.get("/users/{user_id:id}", response_model=schemas.UserInspection, summary="Inspect a user")
@one_at_a_time
def inspect_user(caller: Viewer, user_id: UserId, limit: Length = 20) -> Response:
    """A user's profile, newest events, and list: as served now, precomputed, and without rules.

    The audit has an entry `inspect_user` with a digest of the id, at most one an hour for each
    caller and user.
    """
    with caller.transaction() as authorized:
        connection = authorized.connection
        views.record(connection, user_id, actor=authorized.name, through="inspector")
        answer = users.inspect(connection, caller.release_cache, user_id, limit=limit)
    return as_json(answer)


@inspect.get(
    "/users/{user_id:id}/items/{item_id:id}",
    response_model=schemas.ItemForUser,
    responses=problems.documented(410),
    summary="Inspect an item for a user",
)
@one_at_a_time
def inspect_item_for_user(
    caller: Viewer, user_id: UserId, item_id: ItemId, limit: Length = 20
) -> Response:
    """Why an item is on a user's list, or why not, with the terms of its score. It is audited."""
    with caller.transaction() as authorized:
        connection = authorized.connection
        views.record(connection, user_id, actor=authorized.name, through="inspector")
        users.refuse_erased(connection, user_id)
        of_user = lists.read(connection, caller.release_cache, user_id)
        answer = item_status.for_user(connection, of_user, user_id, item_id, limit)
    return as_json(answer)


@inspect.post(
    "/users/{user_id:id}/views",
    response_model=schemas.ViewRecord,
    responses=problems.documented(413),
    summary="Record a view",
)
def record_view(caller: Operator, user_id: UserId) -> Response:
    """Records in the audit that an operator sees the product as this user."""
    with caller.transaction() as authorized:
        connection = authorized.connection
        is_new = views.record(connection, user_id, actor=authorized.name, through="view as")
    return as_json(schemas.ViewRecord(is_new=is_new))


@inspect.get(
    "/items/{item_id:id}", response_model=schemas.ItemInspection, summary="Inspect an item"
)
@one_at_a_time
def inspect_item(caller: Viewer, item_id: ItemId) -> Response:
    """How many users get an item and at which ranks, or why no user does.

    At most 10,000 lists of the release are examined. Only operators get ids of users.
    """
    with caller.connection() as connection:
        cache, with_users = caller.release_cache, caller.is_operator
        return as_json(items.inspect(connection, cache, item_id, with_users=with_users))
