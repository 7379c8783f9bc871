"""Decide whether enough new events arrived for a retrain, and enough time passed. No Spark.

New events are those accepted since the newest freeze, and collected feedback that is not refined
yet: a retrain refines it first. Below the manifest's `retrain_after_events`, or before
`retrain_after_hours` since that freeze, the exit code is 99, and the tasks that follow are skipped.
Anyone whose events are taken could otherwise keep the machine busy with retrains.

Run: python -m jobs.announce --dataset movielens_1m
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from warehouse import reconciliation
from warehouse.datasets import Dataset
from warehouse.maintenance import growth
from warehouse.query import Lake
from warehouse.tables import GOLD_FREEZES, SILVER_REFINEMENTS
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)

Freeze = dict[str, Any]


def n_new_events(lake: Lake) -> int:
    """Return the number of events since the newest freeze; without a freeze, of all events."""
    n_frozen = _n_frozen(lake, _newest_freeze(lake))
    return growth.n_accepted(lake) - n_frozen + reconciliation.n_waiting(lake)


def run(lake: Lake, dataset: Dataset, *, now: datetime) -> int:
    """Return 0 if a retrain is due, else 99."""
    schedule, freeze = dataset.schedule, _newest_freeze(lake)
    n_new, n_needed = n_new_events(lake), schedule.retrain_after_events
    earliest = _earliest(freeze, timedelta(hours=schedule.retrain_after_hours))
    is_due = n_new >= n_needed and now >= earliest
    fields: dict[str, str | int] = {
        "dataset": dataset.name,
        "new_events": n_new,
        "needed": n_needed,
    }
    if freeze is not None:
        fields["not_before"] = earliest.isoformat(timespec="seconds")
    log.info(event("retrain_due" if is_due else "retrain_not_due", **fields))
    return 0 if is_due else NOTHING_TO_DO


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("announce", __doc__).parse_args(argv))
    return run(Lake(job.root), job.dataset, now=datetime.now(UTC))


def _newest_freeze(lake: Lake) -> Freeze | None:
    freezes = lake.rows(GOLD_FREEZES, columns=["versions", "frozen_at"])
    return max(freezes, key=lambda freeze: freeze["frozen_at"], default=None)


def _n_frozen(lake: Lake, freeze: Freeze | None) -> int:
    """Return the number of events that a freeze covers."""
    if freeze is None:
        return 0
    return growth.n_accepted(lake, version=freeze["versions"][SILVER_REFINEMENTS.full_name])


def _earliest(freeze: Freeze | None, after: timedelta) -> datetime:
    """Return the time from which new events may start a retrain."""
    return datetime.min.replace(tzinfo=UTC) if freeze is None else freeze["frozen_at"] + after


if __name__ == "__main__":
    entrypoint.run(main)
