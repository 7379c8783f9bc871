"""Where the lists of a retrain came from: files, table versions, rows. No Spark.

All of it was recorded by the jobs: `freeze` and `fit` recorded the versions that the fit read,
`refine` what became of each landing, `land` the file of each landing, and every commit has the run
that made it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warehouse import landings
from warehouse.errors import VersionGoneError
from warehouse.maintenance import retention
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE,
    BRONZE_LANDINGS,
    BY_NAME,
    GOLD_CONTENT_WEIGHTS,
    GOLD_FALLBACK_LISTS,
    GOLD_FITS,
    GOLD_ITEM_FACTORS,
    GOLD_PROFILES,
    GOLD_RECOMMENDATIONS,
    GOLD_SIMILAR_ITEMS,
    GOLD_TAKEN_TOGETHER,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
    TABLES,
    Table,
)

FROZEN = tuple(t for t in TABLES if t.layer == "silver" and t != SILVER_QUARANTINE)
SERVED = (
    GOLD_RECOMMENDATIONS,
    GOLD_FALLBACK_LISTS,
    GOLD_SIMILAR_ITEMS,
    GOLD_TAKEN_TOGETHER,
    GOLD_ITEM_FACTORS,
    GOLD_CONTENT_WEIGHTS,
    GOLD_PROFILES,
)
SEARCHED_COMMITS = 200  # newest commits of a gold table, among which the fit's is looked for
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """One landing that the fit learned from: a file, or a batch of the outbox.

    Rows became events, items or users (`n_accepted`), or were duplicates, quarantined, or dropped
    by the manifest or an erasure. `table` is the bronze table that has the rows as sent.
    """

    source_file: str
    table: str
    n_rows: int
    n_accepted: int
    n_duplicates: int
    n_quarantined: int
    n_dropped: int
    landed_at: datetime
    run_key: RunKey


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a table. `n_rows` of a gold table are those of the retrain alone."""

    table: str
    version: int | None
    n_rows: int
    at: datetime | None
    run_key: RunKey | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """What the lists of a retrain were made from.

    `is_exact` is False if users were erased since, or if the fit did not record the version of
    `silver.refinements`: the landings are then the current ones.
    """

    retrain_id: str
    code_commit: str
    n_ratings: int
    fitted_at: datetime
    sources: tuple[Source, ...]
    read: tuple[Version, ...]
    written: tuple[Version, ...]
    is_exact: bool


def of_retrain(lake: Lake, retrain_id: str, *, snapshots: bool = False) -> Lineage | None:
    """Return the lineage of a retrain's lists; None if it has no complete fit.

    With `snapshots` only the newest landing of each target counts.

    Raises:
        WarehouseError: a table cannot be read.
    """
    fits = lake.rows(GOLD_FITS, equals={"retrain_id": retrain_id})
    if not fits:
        return None
    [fit] = fits
    versions: dict[str, int] = fit["versions"]
    refinements, is_exact = _refinements(lake, versions.get(SILVER_REFINEMENTS.full_name))
    return Lineage(
        retrain_id=retrain_id,
        code_commit=fit["code_commit"],
        n_ratings=fit["n_ratings"],
        fitted_at=fit["fitted_at"],
        sources=_sources(lake, refinements, snapshots=snapshots),
        read=tuple(
            _read(lake, BY_NAME[name], version)
            for name, version in sorted(versions.items())
            if name in BY_NAME and name != SILVER_REFINEMENTS.full_name
        ),
        written=tuple(_written(lake, table, retrain_id) for table in SERVED if lake.exists(table)),
        is_exact=is_exact,
    )


def _refinements(lake: Lake, version: int | None) -> tuple[list[Row], bool]:
    """Return the refined landings as of the version, and whether that version is readable."""
    if version is None:
        return lake.rows(SILVER_REFINEMENTS), False
    try:
        retention.require_complete(lake.root, SILVER_REFINEMENTS, version)
    except VersionGoneError:
        return lake.rows(SILVER_REFINEMENTS), False
    return lake.rows(SILVER_REFINEMENTS, version=version), True


def _sources(lake: Lake, refinements: Sequence[Row], *, snapshots: bool) -> tuple[Source, ...]:
    """Return the landings that counted when these rows were written, oldest first."""
    refined = {row["landing_id"]: row for row in refinements}
    rows = lake.rows(BRONZE_LANDINGS)
    landed = {row["landing_id"]: row for row in rows}
    of_fit = [landing for landing in landings.of_rows(rows) if landing.landing_id in refined]
    counted = landings.not_replaced(of_fit)
    if snapshots:
        counted = landings.newest_snapshots(counted)
    return tuple(_source(landed[each.landing_id], refined[each.landing_id]) for each in counted)


def _source(landing: Row, refinement: Row) -> Source:
    return Source(
        source_file=landing["source_file"],
        table=BRONZE[landing["target"]].full_name,
        n_rows=landing["n_rows"],
        n_accepted=refinement["n_accepted"],
        n_duplicates=refinement["n_duplicates"],
        n_quarantined=refinement["n_quarantined"],
        n_dropped=(refinement["n_dropped"] or 0) + (refinement["n_erased"] or 0),
        landed_at=landing["landed_at"],
        run_key=RunKey.parse(landing["run_key"]),
    )


def _read(lake: Lake, table: Table, version: int) -> Version:
    commit = lake.commit(table, version)
    n_rows = lake.n_rows(table, version=version)
    return Version(table.full_name, version, n_rows, commit.at, commit.run_key)


def _written(lake: Lake, table: Table, retrain_id: str) -> Version:
    n_rows = lake.read(table, columns=["retrain_id"], equals={"retrain_id": retrain_id}).num_rows
    commits = lake.history(table, limit=SEARCHED_COMMITS)
    of_fit = (c for c in commits if c.run_key and c.run_key.retrain_id == retrain_id)
    newest = next(of_fit, None)
    if newest is None:  # older than the commits that were searched
        return Version(table.full_name, None, n_rows, None, None)
    return Version(table.full_name, newest.version, n_rows, newest.at, newest.run_key)
