"""Which landings wait to be refined, and which of them still count."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.errors import JobError
from warehouse.datasets import Dataset
from warehouse.tables import BRONZE_LANDINGS, SILVER_REFINEMENTS

if TYPE_CHECKING:
    from warehouse.delta import Warehouse


@dataclass(frozen=True, slots=True)
class Waiting:
    """The landings that wait, oldest first: their target and their number of rows."""

    targets: dict[str, str]
    n_rows: dict[str, int]
    replaces: bool
    refused: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """A name for the writes of just these landings: a retry that finds more has another."""
        known = "\n".join([*sorted(self.targets), *self.refused])
        return hashlib.sha256(known.encode()).hexdigest()[:12]

    def live(self, target: str) -> list[str]:
        """Return the landings that silver shall hold: of snapshots the last one alone."""
        mine = [one for one, of in self.targets.items() if of == target and one not in self.refused]
        return mine[-1:] if self.replaces else mine

    def read(self, target: str) -> list[str]:
        """Return the landings to read: the live ones, and the refused for the quarantine."""
        return self.live(target) + [one for one in self.refused if self.targets[one] == target]


def waiting(warehouse: "Warehouse", dataset: Dataset, refused: Sequence[str] = ()) -> Waiting:
    """Return what no row of silver.refinements speaks of.

    Raises:
        JobError: a landing to refuse does not wait.
    """
    landed = warehouse.read_or_empty(BRONZE_LANDINGS)
    done = warehouse.read_or_empty(SILVER_REFINEMENTS).select("landing_id")
    rows = landed.join(done, "landing_id", "left_anti").collect()  # a row per file
    in_order = sorted(rows, key=lambda row: (row["landed_at"], row["source_file"]))
    found = [(row["landing_id"], row["target"], row["n_rows"]) for row in in_order]
    targets = {landing_id: target for landing_id, target, _ in found}
    strangers = [one for one in refused if one not in targets]
    if strangers:
        raise JobError(
            f"{dataset.name}: {', '.join(strangers)} does not wait to be refined; there wait: "
            f"{', '.join(targets) or 'none'}"
        )
    n_rows = {landing_id: count for landing_id, _, count in found}
    return Waiting(targets, n_rows, dataset.source.delivery == "snapshots", tuple(refused))
