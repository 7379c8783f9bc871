"""The balances of refined landings in silver.refinements; with them a landing is not pending."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jobs.refinement.balances import Balance
from jobs.refinement.pending import RECORDED, Batch
from jobs.runtime.logs import event
from warehouse.append import Mark, append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import BRONZE, SILVER_REFINEMENTS

log = logging.getLogger(__name__)


def record(
    warehouse: Warehouse,
    dataset: Dataset,
    batch: Batch,
    balances: Mapping[str, Balance],
    counted: Mapping[str, tuple[int, int]],
    *,
    now: datetime,
) -> bool:
    """Write the balances, unless a refinement was recorded since the batch was read.

    Returns:
        Whether they were written: from then on the landings are no longer pending.
    """
    rows = _rows(warehouse, batch, balances, counted, now=now)
    if not (_replace if batch.rebuilds else _add)(warehouse, batch, rows):
        return False
    for row in rows:
        counts = {name: number for name, number in row.items() if name.startswith("n_")}
        log.info(event("refined", dataset=dataset.name, landing=row["landing_id"], **counts))
    return True


def _rows(
    warehouse: Warehouse,
    batch: Batch,
    balances: Mapping[str, Balance],
    counted: Mapping[str, tuple[int, int]],
    *,
    now: datetime,
) -> list[dict[str, Any]]:
    rows = []
    read_ids = {x.landing_id for target in BRONZE for x in batch.checked(target)}
    for landing in batch.landings:
        n_accepted, n_unknown = counted.get(landing.landing_id, (0, 0))
        balance = balances.get(landing.target, Balance())
        n_quarantined = balance.n_quarantined[landing.landing_id]
        n_dropped = balance.n_dropped[landing.landing_id]
        is_read = landing.landing_id in read_ids
        n_read = balance.n_rows[landing.landing_id] if is_read else landing.n_rows
        n_erased = landing.n_rows - n_read + balance.n_erased[landing.landing_id]
        n_known = n_accepted + n_quarantined + n_dropped + n_erased
        rows.append(
            {
                "landing_id": landing.landing_id,
                "target": landing.target,
                "n_rows": landing.n_rows,
                "n_accepted": n_accepted,
                "n_duplicates": landing.n_rows - n_known,
                "n_quarantined": n_quarantined,
                "n_unknown_items": n_unknown,
                "run_key": str(warehouse.run_key),
                "refined_at": now,
                "manifest": batch.digest_of(landing.landing_id),
                "n_dropped": n_dropped,
                "n_erased": n_erased,
            }
        )
    return rows


def _add(warehouse: Warehouse, batch: Batch, rows: list[dict[str, Any]]) -> bool:
    """Append the rows of landings that no refinement recorded before; there may be none."""
    new = [row for row in rows if row["landing_id"] not in batch.refined]
    mark = Mark(RECORDED, batch.n_recorded + 1, after=batch.n_recorded or None)
    key, write_id = warehouse.run_key, batch.write_id
    return append(
        warehouse.root, SILVER_REFINEMENTS, new, run_key=key, write_id=write_id, mark=mark
    )


def _replace(warehouse: Warehouse, batch: Batch, rows: list[dict[str, Any]]) -> bool:
    """Merge the rows into those of earlier refinements."""
    lake, table = Lake(warehouse.root), SILVER_REFINEMENTS
    before = lake.version(table) if lake.exists(table) else -1
    values = [tuple(row[name] for name in table.names) for row in rows]
    frame = warehouse.spark.createDataFrame(values, table.ddl)
    mark = Mark(RECORDED, batch.n_recorded + 1)
    warehouse.merge(table, frame, write_id=batch.write_id, mark=mark)
    return warehouse.has_written(table, since=before)
