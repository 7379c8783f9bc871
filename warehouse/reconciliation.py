"""The balance sheet of feedback: is every event that Postgres gave where it belongs? No Spark.

    Postgres = bronze = accepted + duplicates + quarantined + waiting

`bronze.collections` says what Postgres held when it was read, `bronze.feedback` what was written,
`silver.refinements` what became of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow.compute as pc

from warehouse.query import Equals, Lake
from warehouse.tables import (
    BRONZE_COLLECTIONS,
    BRONZE_FEEDBACK,
    BRONZE_LANDINGS,
    SILVER_REFINEMENTS,
    Table,
)

_FEEDBACK = {"target": "feedback"}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Numbers of events, since the beginning."""

    n_outbox: int = 0
    n_bronze: int = 0
    n_accepted: int = 0
    n_duplicates: int = 0
    n_quarantined: int = 0
    n_waiting: int = 0

    @property
    def balances(self) -> bool:
        """Whether no event is missing, and none is there twice."""
        told = self.n_accepted + self.n_duplicates + self.n_quarantined + self.n_waiting
        return self.n_outbox == self.n_bronze == told

    def __str__(self) -> str:
        """One line for a log."""
        return (
            f"feedback {'closes' if self.balances else 'DOES NOT CLOSE'}: outbox={self.n_outbox} "
            f"bronze={self.n_bronze} accepted={self.n_accepted} duplicates={self.n_duplicates} "
            f"quarantined={self.n_quarantined} waiting={self.n_waiting}"
        )


def reconcile(lake: Lake) -> Reconciliation:
    """Return the sheet of a data set; all noughts before its first event."""
    counts = ("n_accepted", "n_duplicates", "n_quarantined")
    refined = _sums(lake, SILVER_REFINEMENTS, counts, _FEEDBACK)
    return Reconciliation(
        n_outbox=_sums(lake, BRONZE_COLLECTIONS, ["n_outbox"])["n_outbox"],
        n_bronze=lake.n_rows(BRONZE_FEEDBACK) if lake.exists(BRONZE_FEEDBACK) else 0,
        n_waiting=n_waiting(lake),
        **refined,
    )


def n_waiting(lake: Lake) -> int:
    """Return the events that were collected and not yet refined."""
    if not lake.exists(BRONZE_LANDINGS):
        return 0
    landed = lake.read(BRONZE_LANDINGS, columns=["landing_id", "n_rows"], equals=_FEEDBACK)
    done: set[str] = set()
    if lake.exists(SILVER_REFINEMENTS):
        refined = lake.read(SILVER_REFINEMENTS, columns=["landing_id"], equals=_FEEDBACK)
        done.update(refined["landing_id"].to_pylist())
    return sum(row["n_rows"] for row in landed.to_pylist() if row["landing_id"] not in done)


def _sums(
    lake: Lake, table: Table, columns: Iterable[str], equals: Equals | None = None
) -> dict[str, int]:
    names = list(columns)
    if not lake.exists(table):
        return dict.fromkeys(names, 0)
    rows = lake.read(table, columns=[*names], equals=equals)
    return {name: int(pc.sum(rows[name]).as_py() or 0) for name in names}
