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
from serving.users import outbox as events
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
# Rows in memory at the same time. An item may have 32 kB, and the attributes of a user too.
EVENTS_AT_ONCE, CHANGES_AT_ONCE = 50_000, 5000


@dataclass(frozen=True, slots=True)
class Source:
    """Events or changes that the product sent, from their outbox to their table in bronze.

    `name` names the mark in the table's log and the source of the landings. `size` is the number of
    rows of a batch.
    """

    name: str
    table: Table
    outbox: Outbox
    size: int

    def landing_id(self, until: int) -> str:
        """Return the landing of the batch that ends before this transaction."""
        return f"{self.digest(until)[:16]}-{self.table.name}"

    def digest(self, until: int) -> str:
        """Return the SHA-256 of the name of the batch that ends before this transaction."""
        return hashlib.sha256(f"{self.name} {until}".encode()).hexdigest()


EVENTS = Source(CURSOR, BRONZE_FEEDBACK, events.OUTBOX, EVENTS_AT_ONCE)
OF_ITEMS = Source(
    BRONZE_ITEM_CHANGES.name, BRONZE_ITEM_CHANGES, item_changes.OUTBOX, CHANGES_AT_ONCE
)
OF_USERS = Source(
    BRONZE_USER_CHANGES.name, BRONZE_USER_CHANGES, user_changes.OUTBOX, CHANGES_AT_ONCE
)


def run(
    root: str, dataset: Dataset, engine: Engine, *, run_key: RunKey, size: int | None = None
) -> int:
    """Collect all transactions that are complete now; return 0 if anything was copied, else 99.

    `size` is the number of rows of a batch, by default that of each source.

    Raises:
        OutboxRestoredError: this Postgres is behind the lake.
    """
    if not dataset.takes_feedback:
        log.info("%s takes no feedback: each delivery replaces all rows", dataset.name)
        return NOTHING_TO_DO
    *changes_moved, events_moved = [
        _collect(source, root, dataset, engine, run_key, size=size or source.size)
        for source in (OF_ITEMS, OF_USERS, EVENTS)
    ]
    if not events_moved:
        log.info("%s: no event is waiting to be collected", dataset.name)
        return 0 if any(changes_moved) else NOTHING_TO_DO
    counts = reconciliation.reconcile(Lake(root)).fields()
    log.info(event("reconciled", dataset=dataset.name, **counts))
    return 0


def cursor(root: str, source: Source = EVENTS) -> int:
    """Return the first Postgres transaction that is not in the lake; 0 before the first copy."""
    return Lake(root).mark(source.table, source.name) or 0


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("collect", __doc__).parse_args(argv))
    engine = engine or database.engine(job.dataset.name)
    return run(job.root, job.dataset, engine, run_key=job.run_key)


def _collect(
    source: Source, root: str, dataset: Dataset, engine: Engine, run_key: RunKey, *, size: int
) -> bool:
    """Collect the transactions that are complete now; return whether Postgres' cursor moved.

    Later transactions are left for the next run, so this one ends even if the product keeps
    sending.
    """
    end = source.outbox.end(engine)
    until = cursor(root, source)
    has_moved = _complete(source, root, engine, until, run_key)
    while (batch := source.outbox.read(engine, since=until, end=end, size=size)) is not None:
        if _write(source, root, batch, run_key):
            n = len(batch.rows)
            fields = {"events": n} if source is EVENTS else {"table": source.name, "changes": n}
            log.info(event("collected", dataset=dataset.name, **fields))
        until = cursor(root, source)
        has_moved = _complete(source, root, engine, until, run_key) or has_moved
    return has_moved


def _write(source: Source, root: str, batch: Batch, run_key: RunKey) -> bool:
    """Write rows and cursor in one commit, unless another run has written them."""
    landed = {"landing_id": source.landing_id(batch.until), "run_key": str(run_key)}
    numbered = enumerate(batch.rows, start=1)
    rows = [columns | landed | {"source_line": line} for line, columns in numbered]
    mark = Mark(source.name, batch.until, after=batch.since or None)
    return append(root, source.table, rows, run_key=run_key, mark=mark)


def _complete(source: Source, root: str, engine: Engine, until: int, run_key: RunKey) -> bool:
    """Record the newest batch wherever it is missing; return whether Postgres' cursor moved."""
    if not until:
        return False
    lake = Lake(root)
    if lake.mark(BRONZE_LANDINGS, source.landing_id(until)) is None:
        _record(source, lake, engine, until, run_key)
    if source is EVENTS:
        faultpoint("collect.before_cursor")
    else:
        faultpoint("collect.before_cursor_of_changes")
    return source.outbox.move_cursor(engine, until=until, n_rows=lake.n_rows(source.table))


def _record(source: Source, lake: Lake, engine: Engine, until: int, run_key: RunKey) -> None:
    """Write the batch's landing, with which it is pending for `refine`; of events, a balance first.

    The balance compares the batch with the outbox.
    """
    landing_id, now = source.landing_id(until), datetime.now(UTC)
    columns = ["received_at"] if source is EVENTS else ["landing_id"]
    written = lake.read(source.table, columns=columns, equals={"landing_id": landing_id})
    signed, mark = {"landing_id": landing_id, "run_key": str(run_key)}, Mark(landing_id)
    if source is EVENTS:
        since = _since(lake, landing_id)
        oldest = pc.min(written["received_at"]).as_py()  # None if all its users were erased since
        balance = {
            "since": since,
            "until": until,
            "n_outbox": source.outbox.count(engine, since=since, until=until),
            "n_written": written.num_rows,
            "lag_seconds": (now - (oldest or now)).total_seconds(),
            "collected_at": now,
        }
        append(lake.root, BRONZE_COLLECTIONS, [signed | balance], run_key=run_key, mark=mark)
    landing = {
        "target": source.table.name,
        "source_file": source.name,
        "sha256": source.digest(until),
        "n_rows": written.num_rows,
        "landed_at": now,
    }
    append(lake.root, BRONZE_LANDINGS, [signed | landing], run_key=run_key, mark=mark)


def _since(lake: Lake, landing_id: str) -> int:
    """Return where the newest batch begins: where the one before it ends."""
    rows = lake.rows(BRONZE_COLLECTIONS, columns=["landing_id", "until"])
    return max((row["until"] for row in rows if row["landing_id"] != landing_id), default=0)


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
