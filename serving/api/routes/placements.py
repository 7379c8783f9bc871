"""The routes of placements: the shelves for products, the compositions for operators."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from serving import schemas
from serving.acts import placements as acts
from serving.acts import views
from serving.api import problems
from serving.api.authentication import Caller, Reader
from serving.api.operators import Operator, one_at_a_time
from serving.api.routes.parameters import JSON, NO_NUL, Explain, FilterText, as_json
from serving.api.routes.routers import CHANGE, READ, router
from serving.inspection import users
from serving.placements import answers, store
from serving.placements.answers import PlacementAnswer, PlacementRequest
from serving.schemas.placements import MAX_GIVEN_ITEMS, PlacementName
from serving.users.shown_lists import ShownList

Name = Annotated[PlacementName, Path(examples=["home"])]
OfUser = Annotated[
    Annotated[str, Field(min_length=1, max_length=256, pattern=NO_NUL)] | SkipJsonSchema[None],
    Query(description="The user; without it the user is anonymous.", examples=["42"]),
]
GivenItems = Annotated[
    list[schemas.Id] | SkipJsonSchema[None],
    Query(
        max_length=MAX_GIVEN_ITEMS,
        description="The items of the page or of the basket; repeat the parameter for more. No "
        "shelf has them. Items that the catalogue does not have are ignored.",
        examples=[["6", "1214"]],
    ),
]

read = router(READ, "placements")
operate = router(CHANGE, "placements")


@read.get(
    "/placements/{name:id}", response_model=schemas.Placement, summary="The shelves of a placement"
)
def placement(
    caller: Reader,
    name: Name,
    user_id: OfUser = None,
    item_id: GivenItems = None,
    filtered: FilterText = None,
    *,
    explain: Explain = False,
) -> Response:
    """The shelves of a page, a basket or an e-mail, in one answer, and no item on two of them.

    `filter` applies to all shelves. `explain` gives the items of `for_you` a reason.
    """
    request = PlacementRequest(user_id, tuple(item_id or ()), filtered, explain)
    with caller.connection() as connection:
        answer = answers.answer(connection, caller.release_cache, name, request)
    _keep(caller, answer)
    return Response(answers.to_json(answer), media_type=JSON)


@operate.get(
    "/placements", response_model=list[schemas.PlacementVersion], summary="List the placements"
)
def placements(caller: Operator) -> Response:
    """The active version of every placement, by name. Version 0 is a built-in default."""
    with caller.connection() as connection:
        return as_json(store.all_active(connection))


@operate.get(
    "/placements/{name:id}/history",
    response_model=list[schemas.PlacementVersion],
    summary="List all versions of a placement",
)
def placement_history(
    caller: Operator, name: Name, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> Response:
    """Newest first, each with operator and reason; the first one is active."""
    with caller.connection() as connection:
        return as_json(store.history(connection, name, limit=limit))


@operate.put(
    "/placements/{name:id}",
    response_model=schemas.PlacementVersion,
    responses=problems.documented(409),
    summary="Create or replace a placement",
)
def replace_placement(caller: Operator, name: Name, body: schemas.NewPlacement) -> Response:
    """The next request gets the new shelves. Preview them first."""
    return as_json(acts.replace(caller.transaction, name, body))


@operate.post(
    "/placements/{name:id}/activate",
    response_model=schemas.PlacementVersion,
    responses=problems.documented(409),
    summary="Activate an earlier version of a placement",
)
def activate_placement(caller: Operator, name: Name, body: schemas.EarlierPlacement) -> Response:
    """The shelves of the earlier version become a new version, which is active."""
    return as_json(acts.activate(caller.transaction, name, body))


@operate.post(
    "/placements/preview",
    response_model=schemas.PlacementPreview,
    responses=problems.documented(410),
    summary="Preview shelves for a user",
)
@one_at_a_time
def preview_placement(caller: Operator, body: schemas.PlacementTrial) -> Response:
    """All shelves as this user would see them, also those that would be left out.

    Nothing is written but an entry `inspect_user` in the audit, at most one an hour for each caller
    and user.
    """
    with caller.transaction() as authorized:
        connection = authorized.connection
        if body.user_id is not None:
            views.record(
                connection, body.user_id, actor=authorized.name, through="placement preview"
            )
            users.refuse_erased(connection, body.user_id)
        answer = answers.preview(connection, caller.release_cache, body)
    return as_json(answer)


def _keep(caller: Caller, answer: PlacementAnswer) -> None:
    """Keep the shelves of an answer, all or none of them."""
    for shelf in answer.shelves:
        if shelf.kind is not None:
            caller.metrics.count_list(caller.dataset, shelf.kind)
    caller.keep(
        *(
            ShownList(
                list_id=shelf.list_id,
                kind=shelf.kind or shelf.source,
                user_id=answer.user_id,
                release_id=answer.release_id,
                rules_version=answer.rules_version,
                item_ids=[item.item_id for item in shelf.items],
                placement=answer.placement,
            )
            for shelf in answer.shelves
        )
    )
