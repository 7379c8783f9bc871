"""Items that users take together with one item, or with the items of a basket."""

from collections.abc import Collection, Sequence
from itertools import islice

from sqlalchemy import Connection

from serving.errors import UnknownItemError
from serving.filters.filtering import Filter
from serving.items import ScoredItem, listed
from serving.lists.releases.cache import ReleaseCache
from serving.lists.releases.loaded import LoadedRelease
from serving.rules.slate import Slate
from serving.schemas import TakenTogether
from serving.storage.prepared import Prepared
from serving.users.shown_lists import new_list_id

# Collation "C" orders by UTF-8 bytes, as the release's own lists do.
_TOGETHER = Prepared(
    "taken_together",
    {"release_id": "bigint", "item_ids": "text[]"},
    """
    select other_id, sum(cast(score as float8)) as score
    from taken_together as together
    cross join lateral unnest(together.item_ids, together.scores) as others(other_id, score)
    where together.release_id = :release_id and together.item_id = any (:item_ids)
        and other_id <> all (:item_ids)
    group by other_id
    order by score desc, other_id collate "C"
    """,
)


def with_item(
    connection: Connection,
    cache: ReleaseCache,
    item_id: str,
    *,
    filtered_by: Filter | None = None,
    limit: int,
) -> TakenTogether:
    """Return the items that users take together with one item; none if the release has none.

    Raises:
        NoReleaseError: the data set has no release yet.
        UnknownItemError: the catalogue does not have the item.
    """
    release, slate = cache.live(connection)
    if item_id not in release.catalogue or item_id in slate.removed:
        raise UnknownItemError(f"There is no item {item_id!r}.")
    items = taken_together(connection, release, slate, [item_id], limit, filtered_by=filtered_by)
    return _answer(release, [item_id], items)


def with_items(
    connection: Connection,
    cache: ReleaseCache,
    item_ids: Sequence[str],
    *,
    exclude: Collection[str] = (),
    filtered_by: Filter | None = None,
    limit: int,
) -> TakenTogether:
    """Return the items that users take together with those of a basket.

    Items that the release does not know are ignored.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    release, slate = cache.live(connection)
    items = taken_together(
        connection, release, slate, item_ids, limit, exclude=exclude, filtered_by=filtered_by
    )
    return _answer(release, item_ids, items)


def taken_together(
    connection: Connection,
    release: LoadedRelease,
    slate: Slate,
    item_ids: Sequence[str],
    n: int,
    *,
    exclude: Collection[str] = (),
    filtered_by: Filter | None = None,
) -> list[ScoredItem]:
    """Return at most `n` items that users take together with these, the largest score first.

    A score is the sum of the log-likelihood ratios with each of these; of equal scores the item
    with the lower id comes first. Items that the slate bars, and these items themselves, are left
    out.
    """
    rows = _TOGETHER.execute(connection, release_id=release.release_id, item_ids=[*item_ids])
    excluded, catalogue = {*exclude}, release.catalogue
    allowed = (
        ScoredItem(catalogue[row.other_id], row.score)
        for row in rows
        if row.other_id not in excluded
        and row.other_id not in slate.barred
        and (filtered_by is None or release.passes(filtered_by, catalogue[row.other_id]))
    )
    return list(islice(allowed, n))


def _answer(
    release: LoadedRelease, item_ids: Sequence[str], items: Sequence[ScoredItem]
) -> TakenTogether:
    answer = {
        "list_id": new_list_id(),
        "item_ids": tuple(item_ids),
        "release_id": release.release_id,
        "items": listed([scored.item for scored in items], [scored.score for scored in items]),
    }
    return TakenTogether.model_validate(answer, from_attributes=True)
