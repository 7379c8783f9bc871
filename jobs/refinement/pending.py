"""Which landings wait to be refined, and which of them still count. Read without Spark."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobs.runtime.errors import JobError
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.tables import BRONZE_LANDINGS, SILVER_REFINEMENTS, Table

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
        """Return the landings that silver shall hold: of snapshots the last one, no feedback."""
        mine = [one for one, of in self.targets.items() if of == target and one not in self.refused]
        if not self.replaces:
            return mine
        return [] if target == "feedback" else mine[-1:]

    @property
    def history(self) -> list[str]:
        """The landings that bring events which silver shall hold, oldest first."""
        bring = {*self.live("ratings"), *self.live("feedback")}
        return [one for one in self.targets if one in bring]

    def read(self, target: str) -> list[str]:
        """Return the landings to read: the live ones, and the refused for the quarantine."""
        return self.live(target) + [one for one in self.refused if self.targets[one] == target]


def waiting(warehouse: "Warehouse", dataset: Dataset, refused: Sequence[str] = ()) -> Waiting:
    """Return what no row of silver.refinements speaks of.

    Raises:
        JobError: a landing to refuse does not wait.
    """
    lake = Lake(warehouse.root)
    landed = _rows(
        lake, BRONZE_LANDINGS, "landing_id", "target", "n_rows", "landed_at", "source_file"
    )
    done = {row["landing_id"] for row in _rows(lake, SILVER_REFINEMENTS, "landing_id")}
    rows = [row for row in landed if row["landing_id"] not in done]
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


def _rows(lake: Lake, table: Table, *columns: str) -> list[dict[str, Any]]:
    """Return the rows of a table with a row per file; none before its first commit."""
    return lake.read(table, columns=columns).to_pylist() if lake.exists(table) else []
