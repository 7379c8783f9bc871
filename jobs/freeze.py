"""Refine pending landings, then record the table versions that a retrain reads.

Spark starts only if a landing is pending, if the manifest changed, or if silver.interactions lacks
events.

Run: python -m jobs.freeze --dataset movielens_1m
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from jobs.refinement.checking import unknown_items
from jobs.refinement.pending import Batch, pending_batch
from jobs.refinement.silver import lag
from jobs.retraining.handover import Freeze
from jobs.runtime import entrypoint, session
from jobs.runtime.errors import NothingSentError
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.lineage import FROZEN
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_COLLECTIONS,
    BRONZE_FEEDBACK,
    BRONZE_USER_CHANGES,
    GOLD_FREEZES,
    SILVER_INTERACTIONS,
    SILVER_REFINEMENTS,
    Table,
)

log = logging.getLogger(__name__)


def run(root: str, dataset: Dataset, *, run_key: RunKey) -> None:
    """Refine pending landings and write the versions. A second run changes nothing.

    Raises:
        NothingSentError: the data set has no events yet.
        UnknownItemsError: the catalogue has none of the items with events.
    """
    lake = Lake(root)
    if Freeze.find(root, run_key.retrain_id) is not None:
        log.info("%s: already frozen in %s", dataset.name, run_key.retrain_id)
        return
    batch = pending_batch(lake, dataset)
    if batch.landings or lag.are_behind(lake):
        _refine(root, dataset, batch, run_key=run_key)
    if not lake.exists(SILVER_INTERACTIONS):
        raise NothingSentError(f"{dataset.name}: it has no events; run its ingest first")
    if dataset.items is not None:
        unknown_items.require_known(lake, dataset)
    # before the versions: an event may count twice, but is not lost
    until, of_users = outbox_until(lake), users_until(lake)
    row = {
        "retrain_id": run_key.retrain_id,
        "versions": [(t.full_name, lake.version(t)) for t in FROZEN if lake.exists(t)],
        "outbox_until": until,
        "users_until": of_users,
        "n_interactions": lake.n_rows(SILVER_INTERACTIONS),
        "quarantine_share": quarantine_share(lake),
        "frozen_at": datetime.now(UTC),
        "run_key": str(run_key),
    }
    append(root, GOLD_FREEZES, [row], run_key=run_key)
    log.info("%s: froze %d interactions", dataset.name, row["n_interactions"])


def _refine(root: str, dataset: Dataset, batch: Batch, *, run_key: RunKey) -> None:
    """Refine pending landings; compute silver.interactions if it lacks events."""
    from jobs import refine  # only here, as they import Spark
    from jobs.engine.interactions import Meanings
    from jobs.refinement.silver import interactions
    from warehouse.delta import Warehouse

    warehouse = Warehouse(session.start("freeze"), root, run_key=run_key)
    if batch.landings:
        refine.refine(warehouse, dataset, batch, now=datetime.now(UTC))
    if lag.are_behind(Lake(root)):
        interactions.write(warehouse, Meanings.of(dataset))


def outbox_until(lake: Lake) -> int:
    """Return the first transaction of Postgres whose events were not refined; 0 before any was."""
    refined = _refined(lake, BRONZE_FEEDBACK)
    collected = lake.rows(BRONZE_COLLECTIONS, columns=["landing_id", "until"])
    return max((row["until"] for row in collected if row["landing_id"] in refined), default=0)


def users_until(lake: Lake) -> int:
    """Return the first transaction of Postgres whose changes of users were not refined, or 0.

    It may be an earlier one: after an erasure, nothing says how far a batch went.
    """
    refined, until = _refined(lake, BRONZE_USER_CHANGES), 0
    if not lake.exists(BRONZE_USER_CHANGES):
        return until
    for batch in lake.batches(BRONZE_USER_CHANGES, columns=["landing_id", "xact"]):
        rows = batch.to_pylist()
        until = max([until, *(row["xact"] + 1 for row in rows if row["landing_id"] in refined)])
    return until


def _refined(lake: Lake, table: Table) -> set[str]:
    """Return the refined landings of a table of bronze."""
    equals = {"target": table.name}
    rows = lake.rows(SILVER_REFINEMENTS, columns=["landing_id"], equals=equals)
    return {row["landing_id"] for row in rows}


def quarantine_share(lake: Lake) -> float:
    """Return the share of rows of ratings and other events in quarantine, 0 to 1."""
    targets = [{"target": target} for target in ("ratings", "events")]
    refinements = [row for of in targets for row in lake.rows(SILVER_REFINEMENTS, equals=of)]
    n_rows = sum(row["n_rows"] for row in refinements)
    return sum(row["n_quarantined"] for row in refinements) / n_rows if n_rows else 0.0


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("freeze", __doc__).parse_args(argv))
    run(job.root, job.dataset, run_key=job.run_key)


if __name__ == "__main__":
    entrypoint.run(main)
