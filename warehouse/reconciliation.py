"""Reconciliation of feedback: is every event of Postgres accounted for in the lake? No Spark.

    Postgres = bronze + deleted = accepted + duplicates + quarantined + erased + waiting

`bronze.collections` has the number of events that Postgres held, `bronze.feedback` the events that
were written, `gold.erased_rows` how many of them `erase` has deleted, and `silver.refinements` how
many were accepted, or belonged to users who were erased before.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from warehouse import landings
from warehouse.query import Equals, Lake
from warehouse.tables import (
    BRONZE_COLLECTIONS,
    BRONZE_FEEDBACK,
    GOLD_ERASED_ROWS,
    SILVER_REFINEMENTS,
    Table,
)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Numbers of events since the first one."""

    n_outbox: int = 0
    n_bronze: int = 0
    n_accepted: int = 0
    n_duplicates: int = 0
    n_quarantined: int = 0
    n_waiting: int = 0
    n_deleted: int = 0
    n_erased: int = 0

    @property
    def balances(self) -> bool:
        """Whether no event is missing and none was written twice."""
        refined = self.n_accepted + self.n_duplicates + self.n_quarantined + self.n_erased
        return self.n_outbox == self.n_bronze + self.n_deleted == refined + self.n_waiting

    def fields(self) -> dict[str, int]:
        """Return the verdict and the numbers, for a log line."""
        return {"balances": self.balances, **asdict(self)}


def reconcile(lake: Lake) -> Reconciliation:
    """Return the numbers of a data set; all are 0 before its first event."""
    counts = ("n_accepted", "n_duplicates", "n_quarantined", "n_erased")
    deleted = {"table_name": BRONZE_FEEDBACK.full_name}
    return Reconciliation(
        n_outbox=_sums(lake, BRONZE_COLLECTIONS, ["n_outbox"])["n_outbox"],
        n_bronze=lake.n_rows(BRONZE_FEEDBACK) if lake.exists(BRONZE_FEEDBACK) else 0,
        n_deleted=_sums(lake, GOLD_ERASED_ROWS, ["n_rows"], deleted)["n_rows"],
        n_waiting=n_waiting(lake),
        **_sums(lake, SILVER_REFINEMENTS, counts, {"target": BRONZE_FEEDBACK.name}),
    )


def n_waiting(lake: Lake) -> int:
    """Return the number of events that are collected and not refined yet."""
    return sum(x.n_rows for x in landings.pending(lake) if x.target == BRONZE_FEEDBACK.name)


def _sums(
    lake: Lake, table: Table, columns: Sequence[str], equals: Equals | None = None
) -> dict[str, int]:
    rows = lake.rows(table, columns=columns, equals=equals)
    return {name: sum(row[name] or 0 for row in rows) for name in columns}
