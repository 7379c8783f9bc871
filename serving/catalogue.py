"""The catalogue: items by id, their search by title, and the data set's own description."""

import re
from collections.abc import Iterable, Sequence
from sys import intern
from typing import Any

from sqlalchemy import Connection, text

from serving import titles
from serving.catalogue_changes import attributes
from serving.errors import NoReleaseError, RequestRefusedError, UnknownItemError
from serving.filters.filtering import Filter
from serving.items import CatalogueItem
from serving.schemas import About, ItemDetails, ItemOrder, ItemPage

Years = tuple[int | None, int | None]  # first and last year, both included; None: no bound

_ABOUT = text(
    "select dataset, title, item_noun, licence, lowest, highest, step, categories, n_items, kinds,"
    " attributes, display, user_attributes"
    " from about"
)
# Before the first release nothing is withdrawn.
_NOT_WITHDRAWN = "(withdrawn @> (select release_id from live_release)) is not true"
_IN_LIVE_RELEASE = f"not removed and {_NOT_WITHDRAWN}"
_DETAILS = """
    item_id, title, categories, vendor, released, attributes, changed_at,
    not exists (
        select from unavailable_items where unavailable_items.item_id = {0}.item_id
    ) as available
"""
_ITEM = text(
    f"""
    select {_DETAILS.format("items")} from items
    where item_id = :item_id and {_IN_LIVE_RELEASE}
    """  # noqa: S608 # our own condition
)
_EXPORTED = text(
    f"""
    select {_DETAILS.format("items")} from items
    where item_id > :after and {_IN_LIVE_RELEASE}
    order by item_id limit :limit
    """  # noqa: S608 # our own condition
)
_ITEMS = text(
    """
    select item_id, title, categories, vendor, released from items
    where (cast(:item_ids as text[]) is null or item_id = any (:item_ids))
        and (withdrawn @> cast(:release_id as bigint)) is not true
    """
)
_TYPES = text("select attributes from about")
_ATTRIBUTES = text(
    """
    select item_id, attributes from items
    where (attributes <> '{}' or :since >= 0) and revision > :since
        and (withdrawn @> cast(:release_id as bigint)) is not true
    """
)
_CHANGED = text(
    """
    select item_id, title, categories, vendor, released from items
    where revision > :since and (withdrawn @> cast(:release_id as bigint)) is not true
    """
)
# `cast(… as text) is null or …` is evaluated once, when Postgres plans the statement. Indexes count
# all items and the few withdrawn ones, which is faster than a look at each row.
_PAGE = f"""
    with matching as not materialized (
        select item_id, title, categories, vendor, released, attributes, changed_at, added_at,
            withdrawn, removed, search
        from items
        where (cast(:item_ids as text[]) is null or item_id = any (:item_ids))
            and (
                cast(:query as text) is null or search @@ cast(:query as tsquery)
                or released = cast(:year as integer)
            )
            and (cast(:category as text) is null or categories @> array[cast(:category as text)])
            and (cast(:first_year as integer) is null or released >= :first_year)
            and (cast(:last_year as integer) is null or released <= :last_year)
            and %s
    ), page as materialized (
        select matching.item_id, title, categories, vendor, released, attributes, changed_at,
            added_at, popularity,
            case
                when search = array_to_tsvector(cast(:words as text[])) then 0
                when search @@ cast(:whole as tsquery) then 1
                else 2
            end as tier
        from matching left join item_factors on item_factors.item_id = matching.item_id
            and item_factors.release_id = (select release_id from live_release)
        where {_IN_LIVE_RELEASE} order by %s limit :limit offset :offset
    )
    select counted.total, {_DETAILS.format("page")}
    from (
        select (select count(*) from matching) - (
            select count(*) from matching
            where withdrawn @> (select release_id from live_release)
        ) - (
            select count(*) from matching where removed and {_NOT_WITHDRAWN}
        ) as total
    ) as counted left join page on true
    order by %s
    """  # noqa: S608 # our own condition
_DISPLAY = text("select display ->> 'price' as price, display ->> 'since' as since from about")
# No index can serve these: the names of the attributes are the manifest's. All matching items are
# read anyway, for their popularity. A value that is not of the attribute's type is none.
_PRICE = """
    case when jsonb_typeof(attributes -> cast(:price_name as text)) = 'number'
        then cast(attributes ->> cast(:price_name as text) as double precision) end
"""
_SINCE = """
    case when pg_input_is_valid(attributes ->> cast(:since_name as text), 'timestamptz')
        then cast(attributes ->> cast(:since_name as text) as timestamptz) end
"""
_POPULAR = "popularity desc nulls last, title, item_id"
_ORDERS: dict[ItemOrder, str] = {
    "relevance": f"tier, {_POPULAR}",
    "popular": _POPULAR,
    "cheapest": f"{_PRICE} nulls last, {_POPULAR}",
    "dearest": f"{_PRICE} desc nulls last, {_POPULAR}",
    "added": f"{_SINCE} desc nulls last, added_at desc, {_POPULAR}",
    "newest": f"released desc nulls last, {_POPULAR}",
    "oldest": f"released, {_POPULAR}",
    "title": "title, item_id",
}


def about(connection: Connection) -> About:
    """Return the description of the data set.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    row = connection.execute(_ABOUT).mappings().one_or_none()
    if row is None:
        raise NoReleaseError
    return About.model_validate(dict(row))


def item(connection: Connection, item_id: str) -> ItemDetails:
    """Return one item of the live release.

    Raises:
        UnknownItemError: the catalogue does not have the item, or it is withdrawn.
    """
    row = connection.execute(_ITEM, {"item_id": item_id}).mappings().one_or_none()
    if row is None:
        raise UnknownItemError(f"There is no item {item_id!r}.")
    return ItemDetails.model_validate(dict(row))


def read_items(
    connection: Connection, item_ids: Sequence[str] | None = None, *, release_id: int | None
) -> dict[str, CatalogueItem]:
    """Return items by id: all of a release, or those of `item_ids` that the release has.

    `release_id` None: withdrawn items too, as histories name them. Items that the product removed
    are among them: the slate bars these.
    """
    rows = connection.execute(_ITEMS, {"item_ids": item_ids, "release_id": release_id})
    return _by_id(rows)


def export_page(connection: Connection, *, after: str, limit: int) -> list[ItemDetails]:
    """Return the first items of the live release whose ids follow `after`, by id."""
    rows = connection.execute(_EXPORTED, {"after": after, "limit": limit}).mappings()
    return [ItemDetails.model_validate(dict(row)) for row in rows]


def read_attributes(
    connection: Connection, release_id: int | None, *, since: int = -1
) -> dict[str, dict[str, Any]]:
    """Return the attributes of the release's items that have any, by id, as filters compare them.

    `since`: only of items that the product changed in revisions after it, also without attributes.
    """
    types = connection.scalar(_TYPES) or {}
    times = [name for name, declared in types.items() if declared == "time"]
    parameters = {"release_id": release_id, "since": since}
    return {
        row.item_id: attributes.comparable(row.attributes, times)
        for row in connection.execute(_ATTRIBUTES, parameters)
    }


def read_changed(
    connection: Connection, release_id: int, *, since: int
) -> dict[str, CatalogueItem]:
    """Return the items of the release that the product changed in revisions after `since`."""
    rows = connection.execute(_CHANGED, {"release_id": release_id, "since": since})
    return _by_id(rows)


def _by_id(rows: Iterable[Any]) -> dict[str, CatalogueItem]:
    """Return the items of rows. All items with a category or a vendor share its text."""
    return {
        item_id: CatalogueItem(
            item_id,
            title,
            tuple(map(intern, categories)),
            None if vendor is None else intern(vendor),
            released,
        )
        for item_id, title, categories, vendor, released in rows
    }


def page(
    connection: Connection,
    *,
    q: str,
    category: str | None,
    released: Years = (None, None),
    sort: ItemOrder = "relevance",
    filtered_by: Filter | None = None,
    item_ids: Sequence[str] | None = None,
    limit: int,
    offset: int,
) -> ItemPage:
    """Return a page of the live release's items whose titles match, or of those of `item_ids`.

    `q` has beginnings of words, in any order; accents and case are ignored. A year as the whole
    text matches its items too. Empty text matches every item, other text without a letter or digit
    none. With a first or a last year in `released`, items of an unknown year are left out.

    By relevance: titles of exactly these words, then titles with all of them as whole words, then
    the others; the most popular first in each group. Ties are ordered by title. The other orders
    are those of `Sort` in `serving.api.routes.parameters`.

    Raises:
        RequestRefusedError: the order is by price, and the data set's items have none.
    """
    query = titles.query(q)
    if query is None and q.strip():
        return ItemPage(items=(), total=0, limit=limit, offset=offset)
    first_year, last_year = released
    parameters: dict[str, Any] = {
        "query": query,
        "item_ids": item_ids,
        "whole": titles.query(q, whole_words=True),
        "words": titles.words(q) or None,
        "year": int(q) if re.fullmatch(r"\s*[0-9]{4}\s*", q) else None,
        "category": category,
        "first_year": first_year,
        "last_year": last_year,
        "limit": limit,
        "offset": offset,
    }
    if sort in ("cheapest", "dearest", "added"):
        parameters |= _sorted_by(connection, sort)
    condition = "true"
    if filtered_by is not None:
        condition, parameters = filtered_by.sql, parameters | filtered_by.parameters
    columns = _ORDERS[sort]
    statement = text(_PAGE % (condition, columns, columns))
    rows = connection.execute(statement, parameters).mappings().all()
    items = [dict(row) for row in rows if row["item_id"] is not None]
    answer = {"items": items, "total": rows[0]["total"], "limit": limit, "offset": offset}
    return ItemPage.model_validate(answer)


def _sorted_by(connection: Connection, sort: ItemOrder) -> dict[str, str | None]:
    """Return the names of the attributes by which items are sorted, as parameters."""
    display = connection.execute(_DISPLAY).one_or_none()
    price = None if display is None else display.price
    if sort != "added" and price is None:
        raise RequestRefusedError(
            f"sort: the data set's items have no price, so {sort!r} is no order. "
            "Name the attribute in `[display]` of the manifest."
        )
    return {"price_name": price, "since_name": None if display is None else display.since}
