"""What the lake knows about one table: sample rows, versions and checks.

Answers are cached by the table's newest version, so they change when the table does.
"""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import streamlit as st

from dashboards.console import lake_data, runs
from dashboards.text import NO_VALUE
from warehouse.maintenance.inventory import RowCount, row_counts
from warehouse.query import Commit, StoredDefinition
from warehouse.tables import TABLES

SAMPLE_ROWS, SHOWN_VERSIONS = 5, 10
COMMITS = 30  # newest commits that are read of a table's log
_BY_NAME = {table.full_name: table for table in TABLES}
_OPERATIONS = {
    "CREATE TABLE": "Created", "WRITE": "Rows added", "MERGE": "Rows merged",
    "DELETE": "Rows deleted", "ADD CONSTRAINT": "Check added", "OPTIMIZE": "Files merged",
    "VACUUM START": "Old files deleted", "VACUUM END": "Old files deleted",
    "SET TBLPROPERTIES": "Properties set", "ADD COLUMNS": "Columns added",
}  # fmt: skip
_REASONS = {
    "ingest": "New files",
    "collect": "New feedback from the API",
    "retrain": "Retrain",
    "maintain": "Maintenance: erasures, small files merged, old files deleted",
    "backtest": "Backtest",
    "by-hand": "By hand",
}


@dataclass(frozen=True)
class Version:
    """One version of a table: what was done, by which run (Markdown), and why."""

    number: int
    at: datetime
    what: str
    who: str
    why: str


@dataclass(frozen=True)
class Details:
    """A table as it is stored. Commits are newest first, rows oldest first."""

    definition: StoredDefinition
    commits: tuple[Commit, ...]
    row_counts: tuple[RowCount, ...]


@st.cache_data(ttl="10m", max_entries=100, show_spinner=False)
def details(dataset: str, full_name: str, version: int) -> Details:  # noqa: ARG001 # of the cache
    """Return what the log of a table says. Another newest version is read again."""
    lake = lake_data.of(dataset)
    table = _BY_NAME[full_name]
    return Details(
        lake.definition(table),
        tuple(lake.history(table, limit=COMMITS)),
        tuple(row_counts(lake, table, limit=COMMITS)),
    )


@st.cache_data(ttl="10m", max_entries=200, show_spinner=False)
def sample(dataset: str, name: str, version: int) -> pa.Table:
    """Return a few rows of a version."""
    rows = lake_data.of(dataset).dataset(_BY_NAME[name], version)
    return rows.head(SAMPLE_ROWS, batch_size=64, batch_readahead=0, fragment_readahead=1)


def history(dataset: str, name: str, version: int) -> list[Version]:
    """Return the last versions, newest first."""
    reasons = {each.retrain_id: each.reason for each in lake_data.retrains(dataset)}
    commits = details(dataset, name, version).commits
    return [_version(commit, reasons) for commit in commits[:SHOWN_VERSIONS]]


def _version(commit: Commit, reasons: dict[str, str]) -> Version:
    what = _OPERATIONS.get(commit.operation, commit.operation.capitalize())
    key = commit.run_key
    if key is None:
        return Version(commit.version, commit.at, what, "Another program", NO_VALUE)
    kind = key.dag.rpartition("__")[2]
    why = reasons.get(key.retrain_id) or _REASONS.get(kind, kind.capitalize())
    return Version(commit.version, commit.at, what, runs.actor(str(key)), why)
