"""Carry the product's events from Postgres' outbox into bronze.feedback, each once. No Spark.

How far the outbox was read stands in the log of bronze.feedback, in the very commit that brought
the events: a run that dies anywhere is made good by the next one. After the events come a row of
bronze.collections, one of bronze.landings, and Postgres' own cursor, which only tells.

Exit code 99 where nothing waited, or the data set takes no feedback.

Run: python -m jobs.collect --dataset movielens_1m
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Unpack

import pyarrow.compute as pc
from sqlalchemy import Engine

from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Given
from jobs.runtime.errors import JobError
from jobs.runtime.logs import event
from serving.errors import ServingError
from serving.storage import database
from serving.users import outbox
from serving.users.outbox import OutboxBatch
from warehouse import reconciliation
from warehouse.append import Mark, append
from warehouse.datasets import Dataset
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_COLLECTIONS, BRONZE_FEEDBACK, BRONZE_LANDINGS
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)

CURSOR = "outbox"
PART = 50_000  # events in memory at once


def run(root: str, dataset: Dataset, engine: Engine, *, run_key: RunKey, size: int = PART) -> int:
    """Collect what is complete; return 0 if anything was carried on, else 99.

    Raises:
        OutboxRestoredError: this Postgres has not come as far as the lake.
    """
    if not dataset.takes_feedback:
        log.info("%s: each delivery replaces everything: it takes no feedback", dataset.name)
        return NOTHING_TO_DO
    until = cursor(root)
    moved = _settle(root, engine, until, run_key)
    while (part := outbox.read(engine, since=until, size=size)) is not None:
        if _write(root, part, run_key):
            log.info("%s: collected events=%d", dataset.name, len(part.events))
        until = cursor(root)
        moved = _settle(root, engine, until, run_key) or moved
    if not moved:
        log.info("%s: no event waits to be collected", dataset.name)
        return NOTHING_TO_DO
    counts = reconciliation.reconcile(Lake(root)).fields()
    log.info(event("reconciled", dataset=dataset.name, **counts))
    return 0


def cursor(root: str) -> int:
    """Return up to which Postgres transaction the lake holds the outbox; nought at first."""
    return Lake(root).mark(BRONZE_FEEDBACK, CURSOR) or 0


def landing_of(until: int) -> str:
    """Return the landing of the part that ends at this transaction."""
    return f"{_digest(until)[:16]}-{BRONZE_FEEDBACK.name}"


def main(argv: Sequence[str] | None = None, **given: Unpack[Given]) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("collect", __doc__).parse_args(argv), **given)
    return run(job.root, job.dataset, database.engine(job.dataset.name), run_key=job.run_key)


def _write(root: str, part: OutboxBatch, run_key: RunKey) -> bool:
    """Write events and cursor in one commit, unless another run was quicker."""
    landed = {"landing_id": landing_of(part.until), "run_key": str(run_key)}
    rows = [
        event | landed | {"source_line": place} for place, event in enumerate(part.events, start=1)
    ]
    mark = Mark(CURSOR, part.until, after=part.since or None)
    return append(root, BRONZE_FEEDBACK, rows, run_key=run_key, mark=mark)


def _settle(root: str, engine: Engine, until: int, run_key: RunKey) -> bool:
    """Bring all that speaks of the newest part up to date; return False where it was."""
    if not until:
        return False
    lake, landing_id = Lake(root), landing_of(until)
    if lake.mark(BRONZE_LANDINGS, landing_id) is None:
        _record(lake, engine, until, run_key)
    return outbox.move_cursor(engine, until=until, n_events=lake.n_rows(BRONZE_FEEDBACK))


def _record(lake: Lake, engine: Engine, until: int, run_key: RunKey) -> None:
    """Write the part's balance, then its landing: from here on `refine` sees it."""
    landing_id = landing_of(until)
    written = lake.read(BRONZE_FEEDBACK, columns=["received_at"], equals={"landing_id": landing_id})
    now, n_rows = datetime.now(UTC), written.num_rows
    signed = {"landing_id": landing_id, "run_key": str(run_key)}
    since = _since(lake, landing_id)
    balance = {
        "since": since,
        "until": until,
        "n_outbox": outbox.count(engine, since=since, until=until),
        "n_written": n_rows,
        "lag_seconds": (now - pc.min(written["received_at"]).as_py()).total_seconds(),
        "collected_at": now,
    }
    landing = {
        "target": BRONZE_FEEDBACK.name,
        "source_file": CURSOR,
        "sha256": _digest(until),
        "n_rows": n_rows,
        "landed_at": now,
    }
    mark = Mark(landing_id)
    append(lake.root, BRONZE_COLLECTIONS, [signed | balance], run_key=run_key, mark=mark)
    append(lake.root, BRONZE_LANDINGS, [signed | landing], run_key=run_key, mark=mark)


def _since(lake: Lake, landing_id: str) -> int:
    """Return where the newest part begins: where the one before it ended."""
    if not lake.exists(BRONZE_COLLECTIONS):
        return 0
    columns = ["landing_id", "until"]
    rows = lake.read(BRONZE_COLLECTIONS, columns=columns).to_pylist()
    return max((row["until"] for row in rows if row["landing_id"] != landing_id), default=0)


def _digest(until: int) -> str:
    return hashlib.sha256(f"{CURSOR} {until}".encode()).hexdigest()


if __name__ == "__main__":
    entrypoint.run(main, JobError, ServingError, WarehouseError)
