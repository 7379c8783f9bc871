"""Facts about a data set from its lake, read without Spark.

Only small tables are read: records of landings, refinements, collections and fits; and the
quarantine, once an operator has decided on its rows. Rows of others are counted from their log.
"""

import shutil
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitoring.facts import Data, Disk, Quarantine
from warehouse import landings, quarantine, reconciliation
from warehouse.landings import Landing
from warehouse.maintenance import growth
from warehouse.maintenance.growth import Growth
from warehouse.query import Lake
from warehouse.tables import (
    BRONZE_LANDINGS,
    GOLD_FITS,
    OF_API,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
)

RECENT = timedelta(days=7)
FEWEST_ROWS = 100  # refined recently, from which only recent rows count for the quarantine


def data(lake: Lake, live_retrain_id: str | None, now: datetime) -> Data:
    """Return what the lake knows. The live release's retrain gives the versions of its fit.

    Rows in quarantine that an operator rejected do not count: they need no decision.

    Raises:
        WarehouseError: a table cannot be read.
    """
    recorded = landings.recorded(lake)
    refined = lake.rows(
        SILVER_REFINEMENTS,
        columns=["landing_id", "target", "n_rows", "n_quarantined", "refined_at"],
    )
    in_force = {landing.landing_id for landing in landings.not_replaced(recorded)}
    rejected = quarantine.rejected(lake, recorded)
    records = [
        row | {"n_quarantined": (row["n_quarantined"] or 0) - rejected[row["landing_id"]]}
        for row in refined
        if row["landing_id"] in in_force
    ]
    return Data(
        is_loaded=is_loaded(lake),
        newest_file_at=_newest_file_at(recorded),
        oldest_pending_at=_oldest_pending_at(recorded, {row["landing_id"] for row in refined}),
        quarantine=tuple(_quarantine(records, now)),
        n_quarantined=lake.n_rows(SILVER_QUARANTINE) if lake.exists(SILVER_QUARANTINE) else 0,
        balances=reconciliation.reconcile(lake).balances,
        growth=growth_since(lake, live_retrain_id),
    )


def is_loaded(lake: Lake) -> bool:
    """Return whether any file or event of the data set was ever landed."""
    return lake.exists(BRONZE_LANDINGS)


def disk(root: str) -> Disk | None:
    """Return the space on the disk of a folder; None for a URL of an object store."""
    if "://" in root:
        return None
    folder = Path(root)
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    usage = shutil.disk_usage(existing)
    return Disk(str(existing), usage.free, usage.total)


def _newest_file_at(recorded: Iterable[Landing]) -> datetime | None:
    of_files = [landing for landing in recorded if landing.target not in OF_API]
    times = [landing.landed_at for landing in of_files if landing.landed_at is not None]
    return max(times, default=None)


def _oldest_pending_at(recorded: list[Landing], refined: set[str]) -> datetime | None:
    pending = [x for x in landings.not_replaced(recorded) if x.landing_id not in refined]
    times = [landing.landed_at for landing in pending if landing.landed_at is not None]
    return min(times, default=None)


def _quarantine(records: list[dict[str, Any]], now: datetime) -> list[Quarantine]:
    """Return each target's rows: those refined recently, or all if these are few."""
    by_target = defaultdict[str, list[dict[str, Any]]](list)
    for record in records:
        by_target[record["target"]].append(record)
    return [_of_target(target, of_target, now) for target, of_target in sorted(by_target.items())]


def _of_target(target: str, records: list[dict[str, Any]], now: datetime) -> Quarantine:
    recent = [record for record in records if now - record["refined_at"] <= RECENT]
    counted = recent if sum(row["n_rows"] for row in recent) >= FEWEST_ROWS else records
    n_rows, n_quarantined = (
        sum(row[name] or 0 for row in counted) for name in ("n_rows", "n_quarantined")
    )
    return Quarantine(target, n_rows, n_quarantined)


def growth_since(lake: Lake, live_retrain_id: str | None) -> Growth | None:
    """Return what arrived since the fit of the live release; None if that is not known."""
    if live_retrain_id is None:
        return None
    fits = lake.rows(GOLD_FITS, columns=["versions"], equals={"retrain_id": live_retrain_id})
    return growth.since(lake, fits[0]["versions"]) if fits else None
