"""Decide whether enough new events arrived for a retrain. No Spark.

New events are those accepted since the newest freeze, and collected feedback that is not refined
yet: a retrain refines it first. Below the manifest's `retrain_after_events` the exit code is 99,
and the tasks that follow are skipped.

Run: python -m jobs.announce --dataset movielens_1m
"""

import logging
from collections.abc import Sequence

from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from warehouse import reconciliation
from warehouse.datasets import Dataset
from warehouse.maintenance import growth
from warehouse.query import Lake
from warehouse.tables import GOLD_FREEZES, SILVER_REFINEMENTS
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)


def n_new_events(lake: Lake) -> int:
    """Return the number of events since the newest freeze; without a freeze, of all events."""
    return growth.n_accepted(lake) - _n_frozen(lake) + reconciliation.n_waiting(lake)


def run(lake: Lake, dataset: Dataset) -> int:
    """Return 0 if a retrain is due, else 99."""
    n_new, n_needed = n_new_events(lake), dataset.schedule.retrain_after_events
    is_due = n_new >= n_needed
    name = "retrain_due" if is_due else "retrain_not_due"
    log.info(event(name, dataset=dataset.name, new_events=n_new, needed=n_needed))
    return 0 if is_due else NOTHING_TO_DO


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("announce", __doc__).parse_args(argv))
    return run(Lake(job.root), job.dataset)


def _n_frozen(lake: Lake) -> int:
    """Return the number of events that the newest freeze covers."""
    freezes = lake.rows(GOLD_FREEZES, columns=["versions", "frozen_at"])
    if not freezes:
        return 0
    newest = max(freezes, key=lambda freeze: freeze["frozen_at"])
    return growth.n_accepted(lake, version=newest["versions"][SILVER_REFINEMENTS.full_name])


if __name__ == "__main__":
    entrypoint.run(main)
