"""The landings that one refinement reads: all pending ones except those replaced."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.runtime.errors import JobError
from warehouse import landings
from warehouse.datasets import Dataset
from warehouse.landings import Landing
from warehouse.query import Lake


@dataclass(frozen=True, slots=True)
class Batch:
    """The landings of one refinement, oldest first.

    `replaces`: the source sends snapshots, so each one replaces all rows before it. `refused` are
    the ids of landings whose rows all go to the quarantine.
    """

    landings: tuple[Landing, ...]
    replaces: bool
    refused: tuple[str, ...] = ()

    @property
    def write_id(self) -> str:
        """A name for the writes of these landings; refusing one of them gives another name."""
        return landings.write_id([*(x.landing_id for x in self.landings), *self.refused])

    def loaded(self, target: str) -> list[str]:
        """Return the ids of the target's landings whose rows enter silver.

        Of increments all that are not refused; of snapshots only the newest, and no feedback.
        """
        ids = [i for i in self._ids(target) if i not in self.refused]
        if not self.replaces:
            return ids
        return [] if target == "feedback" else ids[-1:]

    @property
    def event_landings(self) -> list[str]:
        """The ids of the landings whose rows become events, oldest first."""
        loaded = {*self.loaded("ratings"), *self.loaded("feedback")}
        return [i for i in self._ids("ratings", "feedback") if i in loaded]

    def checked(self, target: str) -> list[str]:
        """Return the ids of the target's landings to read: those loaded, and those refused."""
        return self.loaded(target) + [i for i in self._ids(target) if i in self.refused]

    def _ids(self, *targets: str) -> list[str]:
        return [landing.landing_id for landing in self.landings if landing.target in targets]


def pending_batch(lake: Lake, dataset: Dataset, refused: Sequence[str] = ()) -> Batch:
    """Return all pending landings.

    Raises:
        JobError: a landing to refuse is not pending.
    """
    pending = tuple(landings.pending(lake))
    ids = [landing.landing_id for landing in pending]
    unknown = [landing_id for landing_id in refused if landing_id not in ids]
    if unknown:
        raise JobError(
            f"{dataset.name}: not pending: {', '.join(unknown)}. Pending landings: "
            f"{', '.join(ids) or 'none'}"
        )
    return Batch(pending, dataset.source.delivery == "snapshots", tuple(refused))
