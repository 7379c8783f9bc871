"""Types of the parameters that several routes share, and the answers' encoding."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import to_json
from sqlalchemy import Connection

from serving import schemas
from serving.catalogue import Years
from serving.filters import filtering
from serving.filters.filtering import Filter
from serving.lists.precomputed import ListRequest

MAX_LISTED = 100
MAX_EXCLUDED = 1000
MAX_BASKET = 100
MAX_KINDS = 20
JSON = "application/json"
NO_NUL = r"^[^\x00]*$"  # Postgres stores no NUL

UserId = Annotated[str, Path(min_length=1, max_length=256, pattern=NO_NUL, examples=["42"])]
NewUserId = Annotated[
    str,
    Path(
        pattern=r"^n-[a-z2-7]{16,64}$",
        description="`n-` and 16 to 64 of the characters a-z and 2-7.",
        examples=["n-abcdefghijklmnop"],
    ),
]
ItemId = Annotated[str, Path(min_length=1, max_length=256, pattern=NO_NUL, examples=["1193"])]
EventId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=256,
        pattern=NO_NUL,
        description="The `event_id` that the API returned for the event.",
        examples=["0f8fad5bd9cb469fa165708677289502"],
    ),
]
Sort = Annotated[
    schemas.ItemOrder,
    Query(
        description="`relevance`: best matches first, and the most popular first among equals; "
        "without `q`, the most popular first. `popular`: the most popular first. `cheapest` and "
        "`dearest`: by the attribute that `display` names as the price, items without one last; "
        "refused if it names none. `added`: the newest start of sale first, by the attribute that "
        "`since` of `display` names; then items without one, the newest in the catalogue first. "
        "`newest` and `oldest`: by year of release, unknown years last. `title`: A to Z."
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_LISTED, description="Maximum number of results.")]
Search = Annotated[
    str,
    Query(
        max_length=200,
        pattern=NO_NUL,
        description="Beginnings of words of the title, or a year of release.",
    ),
]
# Optional parameters: the document leaves out null. Bounds are on the inner type, or the document
# would lose them.
Category = Annotated[
    Annotated[str, Field(max_length=200, pattern=NO_NUL)] | SkipJsonSchema[None],
    Query(examples=["Drama"]),
]
Year = Annotated[
    Annotated[int, Field(ge=0, le=9999)] | SkipJsonSchema[None],
    Query(description="Year. Items of an unknown year are left out.", examples=[1990]),
]
Exclude = Annotated[
    list[schemas.Id] | SkipJsonSchema[None],
    Query(
        max_length=MAX_EXCLUDED,
        description="Items to leave out of the list.",
        examples=[["6", "1214"]],
    ),
]
Basket = Annotated[
    list[schemas.Id],
    Query(
        alias="item_id",
        min_length=1,
        max_length=MAX_BASKET,
        description="Items of the basket. Those that the release does not know are ignored.",
        examples=[["6", "1214"]],
    ),
]
ItemIds = Annotated[
    list[schemas.Id] | SkipJsonSchema[None],
    Query(
        alias="item_id",
        min_length=1,
        max_length=MAX_LISTED,
        description="Only these items, such as those of a list.",
        examples=[["6", "1214"]],
    ),
]
Kinds = Annotated[
    list[schemas.Id] | SkipJsonSchema[None],
    Query(
        min_length=1,
        max_length=MAX_KINDS,
        description="Only events of these kinds; by default of all.",
        examples=[["cart", "purchase"]],
    ),
]
FilterText = Annotated[
    Annotated[str, Field(min_length=1, max_length=1000, pattern=NO_NUL)] | SkipJsonSchema[None],
    Query(
        alias="filter",
        description="Only items that meet this condition: comparisons of `category`, `vendor`, "
        "`released` and the attributes with numbers or texts, and `available`, joined by `and`, "
        "`or`, `not`.",
        examples=['released >= 1990 and not category in ("Drama")'],
    ),
]
Explain = Annotated[bool, Query(description="Give each item a reason.")]


async def list_request(
    limit: Limit = 20,
    category: Category = None,
    exclude: Exclude = None,
    *,
    explain: Explain = False,
) -> ListRequest:
    """Return the request for a list."""
    return ListRequest(limit, category, tuple(exclude or ()), explain)


async def years(released_from: Year = None, released_to: Year = None) -> Years:
    """Return the first and the last year of release."""
    return released_from, released_to


def bound(connection: Connection, text: str | None) -> Filter | None:
    """Return the filter that a request sent, if it sent one.

    Raises: see `filtering.bind`.
    """
    return None if text is None else filtering.bind(connection, text)


Listing = Annotated[ListRequest, Depends(list_request)]
Released = Annotated[Years, Depends(years)]


def as_json(answer: BaseModel | Sequence[BaseModel], *, status: int = 200) -> Response:
    """Return a response with the answer, encoded without another validation."""
    return Response(to_json(answer), status, media_type=JSON)
