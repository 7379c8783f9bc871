"""Reads a release, and the product's changes of items since.

A change of one item must cost the next reader little: what was derived from the items that did not
change is taken over.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from sqlalchemy import Connection, text

from serving import catalogue
from serving.catalogue_changes import content_map
from serving.filters.columns import moved
from serving.items import CatalogueItem
from serving.lists import neighbours
from serving.lists.fold_in import Constants, FoldIn
from serving.lists.releases.loaded import LoadedRelease
from serving.schemas import KindMeaning
from serving.storage import arrays
from serving.user_attributes import segment_lists

log = logging.getLogger(__name__)

# What a release derives from its items
_OF_ITEMS = ("items", "years", "by_category", "by_vendor", "columns", "column_rows")

_RELEASE = text(
    "select constants, lowest, highest, kinds, revision, user_attributes,"
    " coalesce(users_until, 0), display ->> 'since'"
    " from releases cross join about cross join slate"
    " where release_id = :release_id"
)
# Collation "C" orders by UTF-8 bytes: equal scores are ordered by position.
_FACTORS = text(
    """
    select item_id, array_send(factors) as factors, popularity, trending,
        learned_from = 'content' as is_predicted, revision > 0 as is_changed
    from item_factors join items using (item_id)
    where release_id = :release_id and (withdrawn @> release_id) is not true
    order by item_id collate "C"
    """
)


def load(connection: Connection, release_id: int) -> LoadedRelease:
    """Return the release as it is in the database."""
    started = time.monotonic()
    parameters = {"release_id": release_id}
    row = connection.execute(_RELEASE, parameters).one()
    constants, lowest, highest, kinds, revision, names, users_until, since = row
    rows = connection.execute(_FACTORS, parameters).all()
    # Titles are read last, so every item read above has one, even during a publication.
    items = catalogue.read_items(connection, release_id=release_id)
    ids, factors, popularity, trending, is_predicted, _ = (
        zip(*rows, strict=True) if rows else [()] * 6
    )
    learned = ~np.array(is_predicted, bool)
    fold_in = FoldIn(arrays.matrix(factors), Constants.model_validate(constants), learned)
    popularities, sums = np.array(popularity, np.float32), None
    if fold_in.constants.neighbours:
        positions = {item_id: position for position, item_id in enumerate(ids)}
        sums = neighbours.load(connection, release_id, positions, popularities)
    seconds = time.monotonic() - started
    log.info("loaded release=%d items=%d seconds=%.2f", release_id, len(ids), seconds)
    release = LoadedRelease(
        release_id=release_id,
        catalogue=items,
        ids=ids,
        rows=fold_in.rows,
        popularity=popularities,
        trending=np.array(trending, np.float32),
        constants=fold_in.constants,
        lowest=lowest,
        highest=highest,
        fold_in=fold_in,
        neighbours=sums,
        attributes=catalogue.read_attributes(connection, release_id),
        revision=revision,
        kinds={name: KindMeaning.model_validate(of_kind) for name, of_kind in kinds.items()},
        content_map=content_map.load(
            connection, release_id, fold_in.constants.columns, fold_in.constants.newest_year
        ),
        predicted=frozenset(row.item_id for row in rows if row.is_predicted),
        segments=segment_lists.load(connection, release_id),
        user_attributes=tuple(names),
        since=since,
        users_until=users_until,
    )
    changed = (row.item_id for row in rows if row.is_changed)
    return _with_computed_rows(release, [*changed, *(items.keys() - release.positions.keys())])


def refreshed(connection: Connection, loaded: LoadedRelease, revision: int) -> LoadedRelease:
    """Return the release with the product's changes of items up to a revision, or later ones."""
    changed = catalogue.read_changed(connection, loaded.release_id, since=loaded.revision)
    if not changed:
        release = replace(loaded, revision=revision)
        _carry_over(loaded, release, {})
        return release
    attributes = catalogue.read_attributes(connection, loaded.release_id, since=loaded.revision)
    release = replace(
        loaded,
        catalogue={**loaded.catalogue, **changed},
        attributes={**loaded.attributes, **attributes},
        revision=revision,
    )
    release = _with_computed_rows(release, changed)
    _carry_over(loaded, release, changed)
    return release


def _with_computed_rows(release: LoadedRelease, item_ids: Iterable[str]) -> LoadedRelease:
    """Return the release with rows from the content of those items that it has not learned."""
    if release.content_map is None:
        return release
    positions = release.positions
    computed = [i for i in item_ids if i not in positions or i in release.predicted]
    if not computed:
        return release
    items = [release.catalogue[item_id] for item_id in computed]
    rows = release.content_map.rows(items, release.attributes)
    added = [row for row, item_id in enumerate(computed) if item_id not in positions]
    all_rows, ids = release.rows.copy(), [*release.ids, *(computed[row] for row in added)]
    for row, item_id in enumerate(computed):
        if item_id in positions:
            all_rows[positions[item_id]] = rows[row]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    all_rows = np.vstack([all_rows, rows[added]])[order]
    zeros = np.zeros(len(added), np.float32)
    return replace(
        release,
        ids=tuple(ids[at] for at in order),
        rows=all_rows,
        popularity=np.concatenate([release.popularity, zeros])[order],
        trending=np.concatenate([release.trending, zeros])[order],
        fold_in=release.fold_in.with_rows(all_rows),
        lasting={} if added else release.lasting,  # it is by position
        predicted=release.predicted | {*computed},
        computed=release.computed | {*computed},
    )


def _carry_over(
    before: LoadedRelease, after: LoadedRelease, changed: Mapping[str, CatalogueItem]
) -> None:
    """Give a release what was derived from it before some of its items changed.

    `memory` is not taken over: it may depend on anything that the revision stands for.
    """
    derived, new = before.__dict__, after.__dict__
    if changed and "columns" in derived:
        new["columns"] = before.columns.with_changes(changed, after.attributes)
    if after.ids != before.ids:
        return  # created items have positions too: those of the others may differ
    positions = before.positions
    new["positions"], new["log_popularity"] = positions, before.log_popularity
    if after.rows is before.rows and "unit_factors" in derived:
        new["unit_factors"] = before.unit_factors
    if not changed:
        new |= {name: derived[name] for name in _OF_ITEMS if name in derived}
        return
    if "column_rows" in derived and changed.keys() <= before.catalogue.keys():
        new["column_rows"] = before.column_rows
    at = {positions[item_id]: item for item_id, item in changed.items() if item_id in positions}
    if "items" in derived:
        items = [*before.items]
        for position, item in at.items():
            items[position] = item
        new["items"] = tuple(items)
    if "by_category" in derived:
        new["by_category"] = _by_category(before, at)


def _by_category(
    before: LoadedRelease, changed: Mapping[int, CatalogueItem]
) -> dict[str, list[int]]:
    """Return the positions of each category after changes of the items at some positions."""
    return moved(
        before.by_category,
        (
            (position, before.items[position].categories, item.categories)
            for position, item in changed.items()
        ),
    )
