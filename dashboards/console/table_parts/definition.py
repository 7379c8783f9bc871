"""A table in words: its columns, checks and versions, and the meaning of its layer."""

from collections.abc import Sequence

import streamlit as st

from dashboards.console import components
from dashboards.console.table_parts.stored import Version
from dashboards.text import esc, moment
from warehouse.query import StoredDefinition
from warehouse.tables import Table
from warehouse.tables.base import Column

LAYERS = {
    "silver": "typed and checked",
    "gold": "evaluations, models and lists",
    "bronze": "as it was sent",
}
ON_EVERY_WRITE = "the table, on every write"


def show_columns(table: Table, stored: StoredDefinition | None = None) -> None:
    """Show the columns. `stored` is the definition of the table if it exists."""
    rows = [
        {"Column": f"**{esc(column.name)}**", "What it is": _meaning(column, stored)}
        for column in table.columns
    ]
    components.table(rows, f"Columns of {table.full_name}")


def show_checks(table: Table, stored: StoredDefinition) -> None:
    """Show the conditions that every row meets, and what enforces them."""
    never_null = [column.name for column in table.columns if not column.nullable]
    rows = [
        *(
            _check(
                esc(name),
                f"`{condition}`",
                ON_EVERY_WRITE if name in stored.checks else "not enforced: the table is older",
            )
            for name, condition in table.checks
        ),
        _check("never null", esc(", ".join(never_null)), ON_EVERY_WRITE),
        _check("key", f"one row per {esc(', '.join(table.key))}", "the jobs that write it"),
    ]
    components.table(rows, f"Checks of {table.full_name}")
    st.caption("Rows of sources that fail a check are in silver.quarantine, with its name.")


def show_versions(table: Table, versions: Sequence[Version]) -> None:
    """Show the last versions, newest first: what was done, by whom and why."""
    rows = [
        {
            "Version": str(version.number),
            "When": moment(version.at),
            "What": esc(version.what),
            "Who": version.who,
            "Why": esc(version.why),
        }
        for version in versions
    ]
    components.table(rows, f"Versions of {table.full_name}, newest first")


def _meaning(column: Column, stored: StoredDefinition | None) -> str:
    notes = [", may be null"] if column.nullable else []
    if stored is not None and column.name not in stored.columns:
        notes.append(", added by the next write")
    return f"{column.doc} `{column.type}`{''.join(notes)}"


def _check(name: str, condition: str, enforced_by: str) -> dict[str, str]:
    return {"Check": name, "Condition of every row": condition, "Enforced by": enforced_by}
