"""The read routes.

Answers are encoded by pydantic at once; the declared types are for the OpenAPI document only.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import Body, Query, Response
from sqlalchemy.orm import Session

from serving import catalogue, schemas
from serving.api.authentication import Caller, Reader, as_search
from serving.api.routes.parameters import (
    JSON,
    Category,
    FilterText,
    ItemId,
    ItemIds,
    Kinds,
    Limit,
    Listing,
    Released,
    Search,
    Sort,
    UserId,
    as_json,
    bound,
)
from serving.api.routes.routers import READ, router
from serving.lists import explanations, recommendations
from serving.lists.recommendations import RecommendationList
from serving.publishing import evidence, releases
from serving.users import kind_events, profiles
from serving.users.rated_items import rated_items
from serving.users.shown_lists import ShownList

read = router(READ)


@read.get(
    "/ready",
    response_model=schemas.Readiness,
    responses={503: {"model": schemas.Readiness}},
    tags=["health"],
    summary="Whether the data set can be served",
)
def ready(caller: Reader) -> Response:
    """503 while the database cannot be reached or the schema version is unknown."""
    answer = caller.datasets.readiness(caller.dataset)
    return as_json(answer, status=200 if answer.ready else 503)


@read.get("", response_model=schemas.About, tags=["catalogue"], summary="The data set")
def about(caller: Reader) -> Response:
    """Title, licence, rating scale, kinds of events, attributes and categories of the data set."""
    with caller.connection() as connection:
        return as_json(catalogue.about(connection))


@read.get("/users", response_model=list[schemas.User], tags=["users"], summary="First users")
def first_users(caller: Reader, limit: Limit = 50) -> Response:
    """The first users of the live release by id, without their ratings."""
    with caller.connection() as connection:
        return as_json(profiles.first_users(connection, limit=limit))


@read.get(
    "/users/{user_id:id}/recommendations",
    response_model=schemas.Recommendations,
    tags=["users"],
    summary="A user's list",
)
def for_user(
    caller: Reader, request: Listing, user_id: UserId, filtered: FilterText = None
) -> Response:
    """The list of the live release, or one computed online if the user did something since.

    Users of whom the model knows nothing get popular items, kind `fallback`.
    """
    with caller.connection() as connection:
        request = replace(request, filtered_by=bound(connection, filtered))
        answer = recommendations.for_user(connection, caller.release_cache, user_id, request)
        return _for_user(caller, answer)


@read.post(
    "/recommendations",
    response_model=schemas.Recommendations,
    tags=["users"],
    summary="An anonymous user's list",
)
def for_anonymous_user(
    caller: Reader,
    request: Listing,
    user: Annotated[schemas.AnonymousUser, Body()],
    filtered: FilterText = None,
) -> Response:
    """A list for a user without an id, from the ratings sent; nothing is stored.

    Ratings of items that the release does not know are ignored.
    """
    with caller.connection() as connection:
        cache = caller.release_cache
        request = replace(request, filtered_by=bound(connection, filtered))
        answer = recommendations.for_anonymous_user(connection, cache, user.ratings, request)
        return _for_user(caller, answer)


@read.get(
    "/users/{user_id:id}/explanations/{item_id:id}",
    response_model=schemas.Explanation,
    tags=["users"],
    summary="Why an item is listed, or not",
)
def explanation(caller: Reader, user_id: UserId, item_id: ItemId) -> Response:
    """Why an item is on the user's list, or why not. The terms add up to its score."""
    with caller.connection() as connection:
        return as_json(explanations.explain(connection, caller.release_cache, user_id, item_id))


@read.get(
    "/users/{user_id:id}/ratings",
    response_model=schemas.RatingsPage,
    tags=["users"],
    summary="A user's ratings",
)
def ratings(
    caller: Reader,
    user_id: UserId,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Current ratings, newest first: those of the release, merged with newer feedback."""
    with caller.connection() as connection:
        cache = caller.release_cache
        return as_json(rated_items(connection, cache, user_id, limit=limit, offset=offset))


@read.get(
    "/users/{user_id:id}/events",
    response_model=schemas.KindEvents,
    tags=["users"],
    summary="A user's events",
)
def events(
    caller: Reader,
    user_id: UserId,
    kind: Kinds = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Events of the data set's kinds that Postgres still has, newest first; none that was undone.

    Events that a product delivered in files are not among them.
    """
    with caller.connection() as connection:
        return as_json(kind_events.sent(connection, user_id, kinds=kind, limit=limit))


@read.get("/users/{user_id:id}", response_model=schemas.User, tags=["users"], summary="A user")
def user(
    caller: Reader, user_id: UserId, limit: Annotated[int, Query(ge=0, le=1000)] = 100
) -> Response:
    """The user's ratings that the live release learned from, newest first."""
    with caller.connection() as connection:
        return as_json(profiles.user(connection, user_id, limit=limit))


@read.get("/items", response_model=schemas.ItemPage, tags=["catalogue"], summary="Search")
@as_search
def items(
    caller: Reader,
    released: Released,
    *,
    q: Search = "",
    category: Category = None,
    sort: Sort = "relevance",
    filtered: FilterText = None,
    item_ids: ItemIds = None,
    limit: Limit = 20,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """A page of the catalogue, with attributes. Accents and case of titles are ignored."""
    with caller.connection() as connection:
        page = catalogue.page(
            connection,
            q=q,
            category=category,
            released=released,
            sort=sort,
            filtered_by=bound(connection, filtered),
            item_ids=item_ids,
            limit=limit,
            offset=offset,
        )
        return as_json(page)


@read.get(
    "/items/{item_id:id}",
    response_model=schemas.ItemDetails,
    tags=["catalogue"],
    summary="An item",
)
def item(caller: Reader, item_id: ItemId) -> Response:
    """One item of the catalogue, with its attributes."""
    with caller.connection() as connection:
        return as_json(catalogue.item(connection, item_id))


@read.get(
    "/releases", response_model=list[schemas.Release], tags=["releases"], summary="Kept releases"
)
def kept_releases(caller: Reader) -> Response:
    """The releases that can be live, newest first."""
    with caller.connection() as connection:
        return as_json(releases.kept(Session(connection)))


@read.get("/verdicts", response_model=list[schemas.Verdict], tags=["releases"], summary="Verdicts")
def verdicts(caller: Reader, limit: Limit = 10) -> Response:
    """The gate's latest decisions, newest first."""
    with caller.connection() as connection:
        return as_json(evidence.newest(Session(connection), limit))


def _for_user(caller: Caller, answer: RecommendationList) -> Response:
    """Return the answer, whose list is kept."""
    caller.metrics.count_list(caller.dataset, answer.kind)
    caller.keep(
        ShownList(
            answer.list_id,
            answer.kind,
            answer.user_id,
            answer.release_id,
            answer.rules_version,
            [item.item_id for item in answer.items],
        )
    )
    return Response(recommendations.to_json(answer), media_type=JSON)
