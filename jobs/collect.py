"""Copy the product's events and its changes of items and users from Postgres into bronze. No Spark.

Each row is copied once. The commit that adds a batch of events also records, in the log of
bronze.feedback, how far the outbox was read. The next run completes a killed one: after the events
it writes a row of bronze.collections, a row of bronze.landings, and a copy of the cursor in
Postgres, for pages only. Changes of items and of users are copied likewise, to bronze.item_changes
and bronze.user_changes.

Exit code 99: nothing was waiting, or the data set takes no feedback.

Run: python -m jobs.collect --dataset movielens_1m
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow.compute as pc
from sqlalchemy import Engine

from faults import faultpoint
from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from serving.catalogue_changes import outbox as item_changes
from serving.errors import ServingError
from serving.storage import database
from serving.storage.outboxes import Batch, Outbox
from serving.user_attributes import outbox as user_changes
from serving.users import outbox
from warehouse import reconciliation
from warehouse.append import Mark, append
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_COLLECTIONS,
    BRONZE_FEEDBACK,
    BRONZE_ITEM_CHANGES,
    BRONZE_LANDINGS,
    BRONZE_USER_CHANGES,
    Table,
)
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)

CURSOR = "outbox"
BATCH_SIZE = 50_000  # events in memory at the same time


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes that the product made, from their outbox to their table in bronze."""

    table: Table
    outbox: Outbox

    @property
    def name(self) -> str:
        """The name of the mark in the table's log, and of the source of its landings."""
        return self.table.name


OF_ITEMS = Changes(BRONZE_ITEM_CHANGES, item_changes.OUTBOX)
OF_USERS = Changes(BRONZE_USER_CHANGES, user_changes.OUTBOX)


def run(
    root: str, dataset: Dataset, engine: Engine, *, run_key: RunKey, size: int = BATCH_SIZE
) -> int:
    """Collect all complete transactions; return 0 if anything was copied, else 99.

    Raises:
        OutboxRestoredError: this Postgres is behind the lake.
    """
    if not dataset.takes_feedback:
        log.info("%s takes no feedback: each delivery replaces all rows", dataset.name)
        return NOTHING_TO_DO
    moved = [
        _collect_changes(of, root, dataset, engine, run_key, size=size)
        for of in (OF_ITEMS, OF_USERS)
    ]
    until = cursor(root)
    has_moved = _complete(root, engine, until, run_key)
    while (batch := outbox.read(engine, since=until, size=size)) is not None:
        if _write(root, batch, run_key):
            log.info(event("collected", dataset=dataset.name, events=len(batch.rows)))
        until = cursor(root)
        has_moved = _complete(root, engine, until, run_key) or has_moved
    if not has_moved:
        log.info("%s: no event is waiting to be collected", dataset.name)
        return 0 if any(moved) else NOTHING_TO_DO
    counts = reconciliation.reconcile(Lake(root)).fields()
    log.info(event("reconciled", dataset=dataset.name, **counts))
    return 0


def cursor(root: str) -> int:
    """Return the first Postgres transaction that is not in the lake; 0 before the first copy."""
    return Lake(root).mark(BRONZE_FEEDBACK, CURSOR) or 0


def landing_id_of(until: int, name: str = CURSOR, table: Table = BRONZE_FEEDBACK) -> str:
    """Return the landing of the batch of an outbox that ends before this transaction."""
    return f"{_digest(until, name)[:16]}-{table.name}"


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("collect", __doc__).parse_args(argv))
    engine = engine or database.engine(job.dataset.name)
    return run(job.root, job.dataset, engine, run_key=job.run_key)


def _write(root: str, batch: Batch, run_key: RunKey) -> bool:
    """Write events and cursor in one commit, unless another run has written them."""
    landed = {"landing_id": landing_id_of(batch.until), "run_key": str(run_key)}
    numbered = enumerate(batch.rows, start=1)
    rows = [columns | landed | {"source_line": line} for line, columns in numbered]
    mark = Mark(CURSOR, batch.until, after=batch.since or None)
    return append(root, BRONZE_FEEDBACK, rows, run_key=run_key, mark=mark)


def _complete(root: str, engine: Engine, until: int, run_key: RunKey) -> bool:
    """Record the newest batch wherever it is missing; return whether Postgres' cursor moved."""
    if not until:
        return False
    lake, landing_id = Lake(root), landing_id_of(until)
    if lake.mark(BRONZE_LANDINGS, landing_id) is None:
        _record(lake, engine, until, run_key)
    faultpoint("collect.before_cursor")
    return outbox.move_cursor(engine, until=until, n_events=lake.n_rows(BRONZE_FEEDBACK))


def _record(lake: Lake, engine: Engine, until: int, run_key: RunKey) -> None:
    """Write the batch's balance, then its landing, with which it is pending for `refine`."""
    landing_id, now = landing_id_of(until), datetime.now(UTC)
    columns, equals = ["received_at"], {"landing_id": landing_id}
    written = lake.read(BRONZE_FEEDBACK, columns=columns, equals=equals)
    signed = {"landing_id": landing_id, "run_key": str(run_key)}
    since = _since(lake, landing_id)
    oldest = pc.min(written["received_at"]).as_py()  # None if all its users were erased since
    balance = {
        "since": since,
        "until": until,
        "n_outbox": outbox.count(engine, since=since, until=until),
        "n_written": written.num_rows,
        "lag_seconds": (now - (oldest or now)).total_seconds(),
        "collected_at": now,
    }
    landing = {
        "target": BRONZE_FEEDBACK.name,
        "source_file": CURSOR,
        "sha256": _digest(until, CURSOR),
        "n_rows": written.num_rows,
        "landed_at": now,
    }
    mark = Mark(landing_id)
    append(lake.root, BRONZE_COLLECTIONS, [signed | balance], run_key=run_key, mark=mark)
    append(lake.root, BRONZE_LANDINGS, [signed | landing], run_key=run_key, mark=mark)


def _since(lake: Lake, landing_id: str) -> int:
    """Return where the newest batch begins: where the one before it ends."""
    rows = lake.rows(BRONZE_COLLECTIONS, columns=["landing_id", "until"])
    return max((row["until"] for row in rows if row["landing_id"] != landing_id), default=0)


def _collect_changes(
    of: Changes, root: str, dataset: Dataset, engine: Engine, run_key: RunKey, *, size: int
) -> bool:
    """Collect the product's changes; return whether Postgres' cursor moved."""
    lake = Lake(root)
    until = lake.mark(of.table, of.name) or 0
    has_moved = _complete_changes(of, lake, engine, until, run_key)
    while (batch := of.outbox.read(engine, since=until, size=size)) is not None:
        landed = {"landing_id": _landing_of_changes(of, batch.until), "run_key": str(run_key)}
        rows = [
            row | landed | {"source_line": line, "attributes": [*row["attributes"].items()]}
            for line, row in enumerate(batch.rows, start=1)
        ]
        mark = Mark(of.name, batch.until, after=batch.since or None)
        if append(root, of.table, rows, run_key=run_key, mark=mark):
            log.info(event("collected", dataset=dataset.name, table=of.name, changes=len(rows)))
        until = lake.mark(of.table, of.name) or 0
        has_moved = _complete_changes(of, lake, engine, until, run_key) or has_moved
    return has_moved


def _complete_changes(of: Changes, lake: Lake, engine: Engine, until: int, run_key: RunKey) -> bool:
    """Record the newest batch of changes wherever it is missing, as `_complete` does."""
    if not until:
        return False
    landing_id = _landing_of_changes(of, until)
    if lake.mark(BRONZE_LANDINGS, landing_id) is None:
        equals = {"landing_id": landing_id}
        landing = {
            "landing_id": landing_id,
            "target": of.name,
            "source_file": of.name,
            "sha256": _digest(until, of.name),
            "n_rows": lake.read(of.table, columns=["landing_id"], equals=equals).num_rows,
            "landed_at": datetime.now(UTC),
            "run_key": str(run_key),
        }
        append(lake.root, BRONZE_LANDINGS, [landing], run_key=run_key, mark=Mark(landing_id))
    faultpoint("collect.before_cursor_of_changes")
    return of.outbox.move_cursor(engine, until=until, n_rows=lake.n_rows(of.table))


def _landing_of_changes(of: Changes, until: int) -> str:
    return landing_id_of(until, of.name, of.table)


def _digest(until: int, name: str) -> str:
    return hashlib.sha256(f"{name} {until}".encode()).hexdigest()


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
