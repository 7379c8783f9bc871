"""The limits of one data set: from its manifest, and from the lake's settings."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from croniter import croniter

from monitoring.facts import DagKind
from warehouse.datasets import Dataset
from warehouse.manifests.sections import Promises, Schedule
from warehouse.settings import LakeSettings

GRACE = timedelta(minutes=30)  # a scheduled run may begin this much later


@dataclass(frozen=True, slots=True)
class Limits:
    """What is promised about a data set.

    `erase_within_days` is the deadline from an erasure to the deletion of the last old file.
    """

    promises: Promises = field(default_factory=Promises)
    schedule: Schedule = field(default_factory=Schedule)
    max_quarantine_share: float = 0.05
    erase_within_days: float = 30

    @classmethod
    def of(cls, dataset: Dataset, lake: LakeSettings) -> Self:
        """Return the limits of a data set."""
        return cls(
            promises=dataset.promises,
            schedule=dataset.schedule,
            max_quarantine_share=dataset.floors.max_quarantine_share,
            erase_within_days=lake.erase_within_days,
        )

    def due_since(self, kind: DagKind, now: datetime) -> datetime | None:
        """Return the newest scheduled time after which a run should have begun by now.

        None for a DAG without a schedule.
        """
        cron: str | None = getattr(self.schedule, kind)
        if cron is None:
            return None
        due: datetime = croniter(cron, now - GRACE).get_prev(datetime)
        return due
