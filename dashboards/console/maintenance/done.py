"""What the last runs of `maintain` did, with figures before and after."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.console.maintenance.records import Done
from dashboards.text import NO_VALUE, age, bytes_text, esc, plural
from warehouse.tables.vocabulary import ALL_SUBJECTS

STEPS = {  # label, and what is counted
    "compact": ("Compact small files", "file"),
    "vacuum": ("Delete old files", "file"),
    "prune": ("Delete old records", "row"),
    "clean_airflow": ("Clean Airflow", "log file"),
}


def show(rows: Sequence[Done]) -> None:
    """Show a row per step, and what each step changed."""
    ui.heading("Last run of each step")
    totals = [row for row in rows if row.subject == ALL_SUBJECTS]
    if not totals:
        st.caption("No run is recorded yet. The DAG maintain runs daily.")
        return
    components.table([_step(row) for row in totals], "Steps with time, result and duration")
    by_subject = [row for row in rows if row.subject != ALL_SUBJECTS]
    if by_subject:
        with st.expander(f"By table and kind of record ({len(by_subject)})"):
            components.table([_of_subject(row) for row in by_subject], "What each step changed")


def _step(row: Done) -> dict[str, str]:
    name, noun = STEPS.get(row.step, (row.step, "file"))
    result = plural(noun, row.n_done) if row.n_done else "nothing to do"
    return {
        "Step": esc(name),
        "Ended": f"{age(row.ended_at)} ago",
        "Done": result,
        "Files before → after": _files(row),
        "Size before → after": _sizes(row),
        "Duration": f"{row.seconds:,.1f} s",
    }


def _of_subject(row: Done) -> dict[str, str]:
    name, noun = STEPS.get(row.step, (row.step, "file"))
    return {
        "Step": esc(name),
        "What": esc(row.subject.replace("_", " ") if row.files_before is None else row.subject),
        "Done": plural(noun, row.n_done),
        "Files before → after": _files(row),
        "Size before → after": _sizes(row),
    }


def _files(row: Done) -> str:
    if row.files_before is None or row.files_after is None:
        return NO_VALUE
    return f"{row.files_before:,} → {row.files_after:,}"


def _sizes(row: Done) -> str:
    if row.bytes_before is None or row.bytes_after is None:
        return NO_VALUE
    return f"{bytes_text(row.bytes_before)} → {bytes_text(row.bytes_after)}"
