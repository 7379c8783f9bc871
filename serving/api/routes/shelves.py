"""The routes of lists that are the same for all users.

Their answers are encoded as those of `serving.api.routes.reads`.
"""

from typing import Annotated

from fastapi import Query, Response

from serving import schemas
from serving.api.authentication import Caller, Reader
from serving.api.routes.parameters import (
    NO_NUL,
    Basket,
    Category,
    Exclude,
    FilterText,
    ItemId,
    Limit,
    Released,
    as_json,
    bound,
)
from serving.api.routes.routers import READ, router
from serving.lists import recommendations, shelves, together
from serving.users.shown_lists import ShownList

read = router(READ)


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
    """The items most popular in the last weeks, including ratings since the release."""
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


def _shelf(
    caller: Caller,
    kind: str,
    shelf: schemas.Shelf | schemas.SimilarItems | schemas.TakenTogether,
) -> Response:
    """Return the answer, whose list is kept."""
    item_ids = [item.item_id for item in shelf.items]
    caller.keep(ShownList(shelf.list_id, kind, None, shelf.release_id, None, item_ids))
    return as_json(shelf)
