"""Say whether enough new events came in for a retrain; without Spark.

What counts is what was accepted after the newest freeze, and feedback that waits to be refined: a
retrain refines it first, and learns from everything before its freeze. Below the manifest's
`retrain_after_events` the job ends with code 99, and what follows is skipped.

Run: python -m jobs.announce --dataset movielens_1m
"""

import logging
from collections.abc import Sequence
from typing import Unpack

import pyarrow.compute as pc

from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Given
from jobs.runtime.errors import JobError
from warehouse import reconciliation
from warehouse.datasets import Dataset
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.tables import GOLD_FREEZES, SILVER_REFINEMENTS
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)


def n_new_events(lake: Lake) -> int:
    """Return the events that came since the newest freeze; all of them before a first one."""
    return _n_accepted(lake) - _n_frozen(lake) + reconciliation.n_waiting(lake)


def run(lake: Lake, dataset: Dataset) -> int:
    """Return 0 if a retrain is due, else 99."""
    n_new, enough = n_new_events(lake), dataset.schedule.retrain_after_events
    since = "the newest retrain" if lake.exists(GOLD_FREEZES) else "the beginning"
    if n_new < enough:
        log.info(
            "%s: %d new events since %s, a retrain takes %d: none is due",
            *(dataset.name, n_new, since, enough),
        )
        return NOTHING_TO_DO
    log.info(
        "%s: %d new events since %s, a retrain takes %d: announced",
        *(dataset.name, n_new, since, enough),
    )
    return 0


def main(argv: Sequence[str] | None = None, **given: Unpack[Given]) -> int:
    """Parse the command line, read the lake, answer by the exit code."""
    job = entrypoint.job(entrypoint.parser("announce", __doc__).parse_args(argv), **given)
    return run(Lake(job.root), job.dataset)


def _n_accepted(lake: Lake, *, version: int | None = None) -> int:
    if not lake.exists(SILVER_REFINEMENTS):
        return 0
    events = {"target": ("ratings", "feedback")}
    rows = lake.read(SILVER_REFINEMENTS, columns=["n_accepted"], equals=events, version=version)
    return int(pc.sum(rows["n_accepted"]).as_py() or 0)


def _n_frozen(lake: Lake) -> int:
    """Return the events that the newest freeze covers."""
    if not lake.exists(GOLD_FREEZES):
        return 0
    freezes = lake.read(GOLD_FREEZES, columns=["versions", "frozen_at"]).to_pylist()
    if not freezes:
        return 0
    newest = max(freezes, key=lambda freeze: freeze["frozen_at"])
    version = dict(newest["versions"])[SILVER_REFINEMENTS.full_name]
    return _n_accepted(lake, version=version)


if __name__ == "__main__":
    entrypoint.run(main, JobError, WarehouseError)
