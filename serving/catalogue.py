"""What there is to recommend: items, their search, and what the data set calls itself."""

from sqlalchemy import Connection, text

from serving import titles
from serving.errors import NoReleaseError, UnknownItemError
from serving.schemas import About, Item, ItemPage

_ABOUT = text(
    "select dataset, title, item_noun, licence, lowest, highest, step, categories, n_items"
    " from about"
)
_ITEM = text(
    "select item_id, title, categories, vendor, released from items where item_id = :item_id"
)
# `cast(… as text) is null or …` is decided once, when the statement is planned with its values.
_PAGE = text(
    """
    with matching as not materialized (
        select item_id, title, categories, vendor, released from items
        where (cast(:query as text) is null or search @@ cast(:query as tsquery))
            and (cast(:category as text) is null or categories @> array[cast(:category as text)])
    ), page as materialized (
        select * from matching order by title, item_id limit :limit offset :offset
    )
    select counted.total, page.*
    from (select count(*) as total from matching) as counted left join page on true
    order by page.title, page.item_id
    """
)


def about(connection: Connection) -> About:
    """Return what the data set says of itself.

    Raises:
        NoReleaseError: nothing was released yet.
    """
    row = connection.execute(_ABOUT).mappings().one_or_none()
    if row is None:
        raise NoReleaseError("Nothing was released yet.")
    return About.model_validate(dict(row))


def item(connection: Connection, item_id: str) -> Item:
    """Return one item.

    Raises:
        UnknownItemError: there is none of this id.
    """
    row = connection.execute(_ITEM, {"item_id": item_id}).mappings().one_or_none()
    if row is None:
        raise UnknownItemError(f"There is no item {item_id!r}.")
    return Item.model_validate(dict(row))


def page(
    connection: Connection, *, q: str, category: str | None, limit: int, offset: int
) -> ItemPage:
    """Return a page of the items by title.

    `q` are beginnings of words, in any order; accents and capitals do not count. Text without a
    letter or digit finds nothing, empty text finds all.
    """
    asked = titles.query(q)
    if asked is None and q.strip():
        return ItemPage(items=(), total=0, limit=limit, offset=offset)
    given = {"query": asked, "category": category, "limit": limit, "offset": offset}
    rows = connection.execute(_PAGE, given).mappings().all()
    items = [dict(row) for row in rows if row["item_id"] is not None]
    page = {"items": items, "total": rows[0]["total"], "limit": limit, "offset": offset}
    return ItemPage.model_validate(page)
