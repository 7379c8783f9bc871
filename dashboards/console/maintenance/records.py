"""What the page Maintenance reads from the lake: records of steps, files, erasures.

Every function raises WarehouseError if a table cannot be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import streamlit as st

from dashboards.console import lake_data
from warehouse.maintenance import compaction, files
from warehouse.maintenance.files import Files
from warehouse.tables import (
    BRONZE_ERASURES,
    GOLD_ERASED_ROWS,
    GOLD_MAINTENANCE,
    GOLD_PURGES,
    TABLES,
)
from warehouse.tables.vocabulary import ALL_SUBJECTS


@dataclass(frozen=True)
class Done:
    """What a step did to one subject, or to all; sizes are None if it is not about the lake."""

    step: str
    subject: str
    n_done: int
    files_before: int | None
    files_after: int | None
    bytes_before: int | None
    bytes_after: int | None
    seconds: float
    ended_at: datetime
    run_key: str


@dataclass(frozen=True)
class TableFiles:
    """The data files of a table: those of the newest version, all stored ones, small ones."""

    name: str
    current: Files
    stored: Files
    n_small: int

    @property
    def is_due(self) -> bool:
        """Whether the next run compacts it."""
        return self.n_small >= compaction.MIN_SMALL_FILES

    @property
    def old(self) -> Files:
        """Files of old versions, and of writes that did not end."""
        return Files(
            max(self.stored.n_files - self.current.n_files, 0),
            max(self.stored.n_bytes - self.current.n_bytes, 0),
        )


@dataclass(frozen=True)
class ErasureRecord:
    """What the lake knows of erasures: users on its list, deleted rows, and the last purge."""

    n_users: int
    n_rows: int
    erased_at: datetime | None
    n_files: int
    purged_at: datetime | None


@st.cache_data(ttl="30s", show_spinner=False)
def last_steps(dataset: str) -> list[Done]:
    """Return the rows of each step's last run, the row about all of it first."""
    names = [field.name for field in fields(Done)]
    rows = [Done(**row) for row in lake_data.of(dataset).rows(GOLD_MAINTENANCE, columns=names)]
    newest: dict[str, Done] = {}
    for row in sorted(rows, key=lambda row: row.ended_at):
        newest[row.step] = row
    last = [row for row in rows if row.run_key == newest[row.step].run_key]
    return sorted(last, key=lambda row: (row.step, row.subject != ALL_SUBJECTS, -row.n_done))


@st.cache_data(ttl="2m", show_spinner=False)
def table_files(dataset: str) -> list[TableFiles]:
    """Return the files of each table, the table with most old bytes first."""
    lake = lake_data.of(dataset)
    tables = [
        TableFiles(
            name=table.full_name,
            current=files.current(lake.root, table),
            stored=files.stored(lake.root, table),
            n_small=files.n_small(lake.root, table),
        )
        for table in TABLES
        if lake.exists(table)
    ]
    return sorted(tables, key=lambda table: -table.old.n_bytes)


@st.cache_data(ttl="30s", show_spinner=False)
def erasures(dataset: str) -> ErasureRecord:
    """Return what the lake knows of erasures."""
    lake = lake_data.of(dataset)
    deleted = lake.rows(GOLD_ERASED_ROWS, columns=["n_rows", "erased_at"])
    purges = lake.rows(GOLD_PURGES, columns=["n_files", "n_log_files", "purged_at"])
    return ErasureRecord(
        n_users=lake.n_rows(BRONZE_ERASURES) if lake.exists(BRONZE_ERASURES) else 0,
        n_rows=sum(row["n_rows"] for row in deleted),
        erased_at=_newest([row["erased_at"] for row in deleted]),
        n_files=sum(row["n_files"] + row["n_log_files"] for row in purges),
        purged_at=_newest([row["purged_at"] for row in purges]),
    )


def _newest(times: Sequence[datetime]) -> datetime | None:
    return max(times, default=None)
