"""What the page reads of the lake: small tables, and the logs of tables.

Every function raises WarehouseError if a table cannot be read.
"""

from dataclasses import dataclass

import streamlit as st

from dashboards.console import lake_data
from dashboards.console.lake.landed import LandedFile, landed_files
from warehouse.inventory import RowCount, row_counts
from warehouse.query import Commit, StoredDefinition
from warehouse.tables import BRONZE_LANDINGS, SILVER_REFINEMENTS, TABLES

COMMITS = 30  # that are read of a table's log


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
    table = next(table for table in TABLES if table.full_name == full_name)
    return Details(
        lake.definition(table),
        tuple(lake.history(table, limit=COMMITS)),
        tuple(row_counts(lake, table, limit=COMMITS)),
    )


@st.cache_data(ttl="5s", show_spinner=False)
def files(dataset: str) -> list[LandedFile]:
    """Return all files that were landed, newest first, with what became of their rows."""
    lake = lake_data.of(dataset)
    return landed_files(lake.rows(BRONZE_LANDINGS), lake.rows(SILVER_REFINEMENTS))


def clear() -> None:
    """Let the next calls read what an ingest has changed."""
    for question in (files, lake_data.tables, lake_data.feedback):
        question.clear()
