"""The read routes: a statement or two, answered as the module of its noun returns it.

Answers are written by pydantic at once; declared types are for the OpenAPI document only.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import to_json
from sqlalchemy.orm import Session

from serving import catalogue, schemas
from serving.api import problems
from serving.api.authentication import Caller, caller
from serving.api.path_ids import PathIdRoute
from serving.lists import explanations, recommendations, shelves
from serving.lists.precomputed import ListRequest
from serving.lists.release_cache import Years
from serving.publishing import evidence, releases
from serving.users import profiles

MOST_LISTED = 100
MOST_EXCLUDED = 1000
NO_NUL = r"^[^\x00]*$"  # Postgres has no such character

Ask = Annotated[Caller, Depends(caller)]
UserId = Annotated[str, Path(min_length=1, max_length=256, pattern=NO_NUL, examples=["42"])]
ItemId = Annotated[str, Path(min_length=1, max_length=256, pattern=NO_NUL, examples=["1193"])]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED, description="At most so many.")]
Search = Annotated[
    str, Query(max_length=200, pattern=NO_NUL, description="Beginnings of words of the title.")
]
# Who leaves a parameter out sends no null. The document has bounds only where the type has them.
Category = Annotated[
    Annotated[str, Field(max_length=200, pattern=NO_NUL)] | SkipJsonSchema[None],
    Query(examples=["Drama"]),
]
Year = Annotated[
    Annotated[int, Field(ge=0, le=9999)] | SkipJsonSchema[None],
    Query(description="A year.", examples=[1990]),
]
Exclude = Annotated[
    list[schemas.Id] | SkipJsonSchema[None],
    Query(
        max_length=MOST_EXCLUDED,
        description="Items that shall not be on the list.",
        examples=[["6", "1214"]],
    ),
]
Explain = Annotated[bool, Query(description="Give each item a reason.")]


async def wanted(
    limit: Limit = 20,
    category: Category = None,
    exclude: Exclude = None,
    *,
    explain: Explain = False,
) -> ListRequest:
    """Return what is asked of a list."""
    return ListRequest(limit, category, tuple(exclude or ()), explain)


async def years(released_from: Year = None, released_to: Year = None) -> Years:
    """Return between which years something shall have been released."""
    return released_from, released_to


Asked = Annotated[ListRequest, Depends(wanted)]
Released = Annotated[Years, Depends(years)]

health = APIRouter(tags=["health"])
read = APIRouter(
    prefix="/v1/{dataset}",
    route_class=PathIdRoute,
    responses=problems.documented(401, 403, 404, 422, 429, 503),
)


@health.get("/health", summary="Whether the process answers")
async def healthy() -> schemas.Health:
    """Answer without looking at anything."""
    return schemas.Health()


@health.get(
    "/ready",
    response_model=schemas.AllReadiness,
    responses={503: {"model": schemas.AllReadiness}},
    summary="Whether every data set can be served",
)
def ready(request: Request) -> Response:
    """Answer 503 while the database is away or a schema is unknown. Needs no key."""
    answer = request.app.state.datasets.overview()
    return as_json(answer, status=200 if answer.ready else 503)


@health.get(
    "/v1/{dataset}/ready",
    response_model=schemas.Readiness,
    responses={503: {"model": schemas.Readiness}, **problems.documented(404)},
    summary="Whether one data set can be served",
)
def dataset_ready(request: Request, dataset: str) -> Response:
    """Answer 503 while the database is away or the schema is unknown. Needs no key."""
    answer = request.app.state.datasets.readiness(dataset)
    return as_json(answer, status=200 if answer.ready else 503)


@read.get("", response_model=schemas.About, tags=["catalogue"], summary="The data set")
def about(ask: Ask) -> Response:
    """Words, scale, categories and licence of the data set."""
    with ask.connection() as connection:
        return as_json(catalogue.about(connection))


@read.get("/users", response_model=list[schemas.User], tags=["users"], summary="Some known people")
def some_people(ask: Ask, limit: Limit = 50) -> Response:
    """People whom the live release knows, without their ratings: for a picker."""
    with ask.connection() as connection:
        return as_json(profiles.some(connection, limit=limit))


@read.get(
    "/users/{user_id:id}/recommendations",
    response_model=schemas.Recommendations,
    tags=["users"],
    summary="A person's list",
)
def for_user(ask: Ask, asked: Asked, user_id: UserId) -> Response:
    """The person's list of the live release, or one made just now if he rated since.

    Somebody of whom nothing is known gets everybody's, kind `fallback`.
    """
    with ask.connection() as connection:
        return as_json(recommendations.for_user(connection, ask.release_cache, user_id, asked))


@read.post(
    "/recommendations",
    response_model=schemas.Recommendations,
    tags=["users"],
    summary="A stranger's list",
)
def for_anonymous_user(
    ask: Ask, asked: Asked, stranger: Annotated[schemas.AnonymousUser, Body()]
) -> Response:
    """A list for somebody without an id, from what he rated; nothing is stored.

    Items that the release does not know are passed over: nothing is learned from them yet.
    """
    with ask.connection() as connection:
        ratings = stranger.ratings
        return as_json(
            recommendations.for_anonymous_user(connection, ask.release_cache, ratings, asked)
        )


@read.get(
    "/users/{user_id:id}/explanations/{item_id:id}",
    response_model=schemas.Explanation,
    tags=["users"],
    summary="Why, or why not",
)
def explanation(ask: Ask, user_id: UserId, item_id: ItemId) -> Response:
    """Why an item is on the person's list, or why not: the parts add up to its score."""
    with ask.connection() as connection:
        return as_json(explanations.explain(connection, ask.release_cache, user_id, item_id))


@read.get(
    "/users/{user_id:id}/ratings",
    response_model=schemas.RatingsPage,
    tags=["users"],
    summary="What a person rated",
)
def ratings(
    ask: Ask,
    user_id: UserId,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """What holds now, newest first: what the release knew, and what came since."""
    with ask.connection() as connection:
        return as_json(profiles.ratings(connection, user_id, limit=limit, offset=offset))


@read.get("/users/{user_id:id}", response_model=schemas.User, tags=["users"], summary="A person")
def person(
    ask: Ask, user_id: UserId, limit: Annotated[int, Query(ge=0, le=1000)] = 100
) -> Response:
    """What the live release knew of a person, newest ratings first."""
    with ask.connection() as connection:
        return as_json(profiles.one(connection, user_id, limit=limit))


@read.get("/popular", response_model=schemas.Shelf, tags=["shelves"], summary="Most liked")
def popular(ask: Ask, released: Released, category: Category = None, limit: Limit = 20) -> Response:
    """What most people like; of one category, its best-sellers; of some years, theirs."""
    with ask.connection() as connection:
        shelf = shelves.popular(
            connection, ask.release_cache, category=category, released=released, limit=limit
        )
        return as_json(shelf)


@read.get("/trending", response_model=schemas.Shelf, tags=["shelves"], summary="Liked lately")
def trending(ask: Ask, category: Category = None, limit: Limit = 20) -> Response:
    """What people like lately, with what they liked since the release was made."""
    with ask.connection() as connection:
        return as_json(
            shelves.trending(connection, ask.release_cache, category=category, limit=limit)
        )


@read.get("/vendor-items", response_model=schemas.Shelf, tags=["shelves"], summary="Of a vendor")
def vendor_items(
    ask: Ask,
    vendor: Annotated[
        str, Query(min_length=1, max_length=200, pattern=NO_NUL, examples=["Criterion"])
    ],
    limit: Limit = 20,
) -> Response:
    """A vendor's items, the most popular first; empty where there is none."""
    with ask.connection() as connection:
        return as_json(shelves.of_vendor(connection, vendor, limit=limit))


@read.get("/items", response_model=schemas.ItemPage, tags=["catalogue"], summary="Search")
def items(
    ask: Ask,
    q: Search = "",
    category: Category = None,
    limit: Limit = 20,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """A page of the catalogue by title. Accents and capitals do not count."""
    with ask.connection() as connection:
        page = catalogue.page(connection, q=q, category=category, limit=limit, offset=offset)
        return as_json(page)


@read.get(
    "/items/{item_id:id}/similar",
    response_model=schemas.SimilarItems,
    tags=["catalogue"],
    summary="Items like one item",
)
def similar(ask: Ask, item_id: ItemId, limit: Limit = 20) -> Response:
    """The items most like one item; an empty list where the recipe knows no likeness."""
    with ask.connection() as connection:
        return as_json(recommendations.similar_to(connection, item_id, limit=limit))


@read.get("/items/{item_id:id}", response_model=schemas.Item, tags=["catalogue"], summary="An item")
def item(ask: Ask, item_id: ItemId) -> Response:
    """One item of the catalogue."""
    with ask.connection() as connection:
        return as_json(catalogue.item(connection, item_id))


@read.get(
    "/releases", response_model=list[schemas.Release], tags=["releases"], summary="Kept releases"
)
def kept_releases(ask: Ask) -> Response:
    """The releases that can be live, newest first."""
    with ask.connection() as connection:
        return as_json(releases.kept(Session(connection)))


@read.get("/verdicts", response_model=list[schemas.Verdict], tags=["releases"], summary="Verdicts")
def verdicts(ask: Ask, limit: Limit = 10) -> Response:
    """The gate's newest decisions, newest first."""
    with ask.connection() as connection:
        return as_json(evidence.newest(Session(connection), limit))


def as_json(answer: BaseModel | Sequence[BaseModel], *, status: int = 200) -> Response:
    """Return the answer, written by pydantic at once."""
    body = to_json(answer)
    return Response(body, status, media_type="application/json")
