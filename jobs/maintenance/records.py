"""Rows of gold.maintenance: what a step of `maintain` did, with figures before and after."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from warehouse.append import append
from warehouse.maintenance.files import Files
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_MAINTENANCE, TABLES, Table
from warehouse.tables.vocabulary import ALL_SUBJECTS

Step = Literal["compact", "vacuum", "prune", "clean_airflow"]


@dataclass
class Record:
    """What one step did, collected while it runs. It is written once per run key."""

    step: Step
    begun: float = field(default_factory=time.monotonic)
    rows: list[dict[str, Any]] = field(default_factory=list)
    before: Files = field(default_factory=Files)
    after: Files = field(default_factory=Files)

    def add(self, subject: str, n_done: int, seconds: float, **sizes: int) -> None:
        """Add what was done to one subject, if anything was."""
        if n_done:
            self.rows.append(self._row(subject, n_done, seconds, sizes))

    def write(self, root: str, run_key: RunKey, *, of_lake: bool = False) -> None:
        """Write the rows, and one for all of them."""
        seconds = time.monotonic() - self.begun
        sizes = _sizes(self.before, self.after) if of_lake else {}
        rows = [self._row(ALL_SUBJECTS, self.n_done, seconds, sizes), *self.rows]
        signed = {"ended_at": datetime.now(UTC), "run_key": str(run_key)}
        append(root, GOLD_MAINTENANCE, [row | signed for row in rows], run_key=run_key)

    @property
    def n_done(self) -> int:
        """The number of things that were done."""
        return sum(int(row["n_done"]) for row in self.rows)

    def _row(
        self, subject: str, n_done: int, seconds: float, sizes: Mapping[str, int]
    ) -> dict[str, Any]:
        unknown = dict.fromkeys(("files_before", "files_after", "bytes_before", "bytes_after"))
        about = {"step": self.step, "subject": subject, "n_done": n_done, "seconds": seconds}
        return {**about, **unknown, **sizes}


def of_tables(
    step: Step,
    root: str,
    work: Callable[[Table], int],
    measure: Callable[[str, Table], Files],
) -> Record:
    """Do the work on each table that exists, and return what it did.

    `work` returns the number of files that it replaced or removed, `measure` the files of a table
    that count.
    """
    record = Record(step)
    for table in filter(Lake(root).exists, TABLES):
        before, begun = measure(root, table), time.monotonic()
        n_done = work(table)
        after = measure(root, table) if n_done else before
        record.before, record.after = record.before + before, record.after + after
        seconds = time.monotonic() - begun
        record.add(table.full_name, n_done, seconds, **_sizes(before, after))
    return record


def _sizes(before: Files, after: Files) -> dict[str, int]:
    return {
        "files_before": before.n_files,
        "files_after": after.n_files,
        "bytes_before": before.n_bytes,
        "bytes_after": after.n_bytes,
    }
