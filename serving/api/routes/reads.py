"""The read routes.

Answers are encoded by pydantic at once; the declared types are for the OpenAPI document only.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from sqlalchemy.orm import Session

from serving import catalogue, schemas
from serving.api import problems
from serving.api.access import GuardedRoute
from serving.api.authentication import Caller, Reader
from serving.api.routes.parameters import (
    JSON,
    NO_NUL,
    Basket,
    Category,
    Exclude,
    FilterText,
    ItemId,
    ItemIds,
    Limit,
    Listing,
    Released,
    Search,
    Sort,
    UserId,
    as_json,
    bound,
)
from serving.lists import explanations, recommendations, shelves, together
from serving.lists.recommendations import RecommendationList
from serving.publishing import evidence, releases
from serving.users import profiles
from serving.users.rated_items import rated_items
from serving.users.shown_lists import ShownList

read = APIRouter(
    prefix="/v1/{dataset:dataset}",
    route_class=GuardedRoute,
    responses=problems.documented(401, 403, 404, 422, 429, 503),
)


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
    """The list of the live release, or one computed online if the user rated items since.

    Users without ratings get the most popular items, kind `fallback`.
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


@read.get("/users/{user_id:id}", response_model=schemas.User, tags=["users"], summary="A user")
def user(
    caller: Reader, user_id: UserId, limit: Annotated[int, Query(ge=0, le=1000)] = 100
) -> Response:
    """The user's ratings that the live release learned from, newest first."""
    with caller.connection() as connection:
        return as_json(profiles.user(connection, user_id, limit=limit))


@read.get("/popular", response_model=schemas.Shelf, tags=["shelves"], summary="Most popular items")
def popular(
    caller: Reader,
    released: Released,
    category: Category = None,
    filtered: FilterText = None,
    limit: Limit = 20,
) -> Response:
    """The most popular items: of one category, of some years of release, or by a filter."""
    with caller.connection() as connection:
        shelf = shelves.popular(
            connection,
            caller.release_cache,
            category=category,
            released=released,
            filtered_by=bound(connection, filtered),
            limit=limit,
        )
        return _shelf(caller, "popular", shelf)


@read.get("/trending", response_model=schemas.Shelf, tags=["shelves"], summary="Trending items")
def trending(caller: Reader, category: Category = None, limit: Limit = 20) -> Response:
    """Items with the most recent positive ratings, those since the release included."""
    with caller.connection() as connection:
        cache = caller.release_cache
        shelf = shelves.trending(connection, cache, category=category, limit=limit)
        return _shelf(caller, "trending", shelf)


@read.get(
    "/vendor-items", response_model=schemas.Shelf, tags=["shelves"], summary="A vendor's items"
)
def vendor_items(
    caller: Reader,
    vendor: Annotated[
        str, Query(min_length=1, max_length=200, pattern=NO_NUL, examples=["Criterion"])
    ],
    limit: Limit = 20,
) -> Response:
    """A vendor's items, the most popular first; an empty list if the vendor is unknown."""
    with caller.connection() as connection:
        shelf = shelves.of_vendor(connection, caller.release_cache, vendor, limit=limit)
        return _shelf(caller, "vendor", shelf)


@read.get("/items", response_model=schemas.ItemPage, tags=["catalogue"], summary="Search")
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
    "/items/{item_id:id}/similar",
    response_model=schemas.SimilarItems,
    tags=["catalogue"],
    summary="Similar items",
)
def similar(
    caller: Reader, item_id: ItemId, filtered: FilterText = None, limit: Limit = 20
) -> Response:
    """The most similar items; an empty list if the release has none for this item."""
    with caller.connection() as connection:
        cache, filtered_by = caller.release_cache, bound(connection, filtered)
        answer = recommendations.similar_to(
            connection, cache, item_id, filtered_by=filtered_by, limit=limit
        )
        return _shelf(caller, "similar", answer)


@read.get(
    "/items/{item_id:id}/together",
    response_model=schemas.TakenTogether,
    tags=["catalogue"],
    summary="Items taken together with an item",
)
def together_with_item(
    caller: Reader, item_id: ItemId, filtered: FilterText = None, limit: Limit = 20
) -> Response:
    """The items that users buy, like or play together with this one more often than by chance.

    An empty list if there are none, or if the release was made before there were such lists. A
    release has at most 20 for an item.
    """
    with caller.connection() as connection:
        cache, filtered_by = caller.release_cache, bound(connection, filtered)
        answer = together.with_item(
            connection, cache, item_id, filtered_by=filtered_by, limit=limit
        )
        return _shelf(caller, "together", answer)


@read.get(
    "/together",
    response_model=schemas.TakenTogether,
    tags=["shelves"],
    summary="Items taken together with a basket",
)
def together_with_basket(
    caller: Reader,
    basket: Basket,
    exclude: Exclude = None,
    filtered: FilterText = None,
    limit: Limit = 20,
) -> Response:
    """The items that users take together with those of a basket, which are left out themselves."""
    with caller.connection() as connection:
        answer = together.with_items(
            connection,
            caller.release_cache,
            basket,
            exclude=exclude or (),
            filtered_by=bound(connection, filtered),
            limit=limit,
        )
        return _shelf(caller, "together", answer)


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


def _shelf(
    caller: Caller,
    kind: str,
    shelf: schemas.Shelf | schemas.SimilarItems | schemas.TakenTogether,
) -> Response:
    """Return the answer, whose list is kept."""
    item_ids = [item.item_id for item in shelf.items]
    caller.keep(ShownList(shelf.list_id, kind, None, shelf.release_id, None, item_ids))
    return as_json(shelf)
