"""The catalogue: items by id, their search by title, and the data set's own description."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from serving import titles
from serving.errors import NoReleaseError, UnknownItemError
from serving.items import CatalogueItem
from serving.schemas import About, Item, ItemPage

_ABOUT = text(
    "select dataset, title, item_noun, licence, lowest, highest, step, categories, n_items"
    " from about"
)
# Before the first release nothing is withdrawn.
_IN_LIVE_RELEASE = "(withdrawn @> (select release_id from live_release)) is not true"
_ITEM = text(
    f"""
    select item_id, title, categories, vendor, released from items
    where item_id = :item_id and {_IN_LIVE_RELEASE}
    """  # noqa: S608 # our own condition
)
_ITEMS = text(
    """
    select item_id, title, categories, vendor, released from items
    where (cast(:item_ids as text[]) is null or item_id = any (:item_ids))
        and (withdrawn @> cast(:release_id as bigint)) is not true
    """
)
# `cast(… as text) is null or …` is evaluated once, when Postgres plans the statement. Indexes count
# all items and the few withdrawn ones, which is faster than a look at each row.
_PAGE = text(
    f"""
    with matching as not materialized (
        select item_id, title, categories, vendor, released, withdrawn from items
        where (cast(:query as text) is null or search @@ cast(:query as tsquery))
            and (cast(:category as text) is null or categories @> array[cast(:category as text)])
    ), page as materialized (
        select item_id, title, categories, vendor, released from matching
        where {_IN_LIVE_RELEASE} order by title, item_id limit :limit offset :offset
    )
    select counted.total, page.*
    from (
        select (select count(*) from matching) - (
            select count(*) from matching
            where withdrawn @> (select release_id from live_release)
        ) as total
    ) as counted left join page on true
    order by page.title, page.item_id
    """  # noqa: S608 # our own condition
)


def about(connection: Connection) -> About:
    """Return the description of the data set.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    row = connection.execute(_ABOUT).mappings().one_or_none()
    if row is None:
        raise NoReleaseError
    return About.model_validate(dict(row))


def item(connection: Connection, item_id: str) -> Item:
    """Return one item of the live release.

    Raises:
        UnknownItemError: the catalogue does not have the item, or it is withdrawn.
    """
    row = connection.execute(_ITEM, {"item_id": item_id}).mappings().one_or_none()
    if row is None:
        raise UnknownItemError(f"There is no item {item_id!r}.")
    return Item.model_validate(dict(row))


def read_items(
    connection: Connection, item_ids: Sequence[str] | None = None, *, release_id: int | None
) -> dict[str, CatalogueItem]:
    """Return items by id: all of a release, or those of `item_ids` that the release has.

    `release_id` None: withdrawn items too, as histories name them.
    """
    rows = connection.execute(_ITEMS, {"item_ids": item_ids, "release_id": release_id})
    return {
        item_id: CatalogueItem(item_id, title, tuple(categories), vendor, released)
        for item_id, title, categories, vendor, released in rows
    }


def page(
    connection: Connection, *, q: str, category: str | None, limit: int, offset: int
) -> ItemPage:
    """Return a page of the live release's items whose titles match, ordered by title.

    `q` has beginnings of words, in any order; accents and case are ignored. Empty text matches
    every item, other text without a letter or digit none.
    """
    query = titles.query(q)
    if query is None and q.strip():
        return ItemPage(items=(), total=0, limit=limit, offset=offset)
    parameters = {"query": query, "category": category, "limit": limit, "offset": offset}
    rows = connection.execute(_PAGE, parameters).mappings().all()
    items = [dict(row) for row in rows if row["item_id"] is not None]
    answer = {"items": items, "total": rows[0]["total"], "limit": limit, "offset": offset}
    return ItemPage.model_validate(answer)
