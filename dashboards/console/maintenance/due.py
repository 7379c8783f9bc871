"""What the next run of `maintain` has to do: small files, old files, erasures."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.console.badges import Badge
from dashboards.console.maintenance.records import ErasureRecord, TableFiles
from dashboards.text import age, bytes_text, esc, plural
from serving.schemas import OpenErasures, Release
from warehouse.maintenance.compaction import MIN_SMALL_FILES
from warehouse.maintenance.files import Files
from warehouse.maintenance.retention import RETENTION_HOURS

SHOWN_TABLES = 8


def show_files(tables: Sequence[TableFiles]) -> None:
    """Show the tables with small or old files."""
    old = sum((table.old for table in tables), Files())
    n_due = sum(table.is_due for table in tables)
    badge = Badge("warning", f"{plural('table', n_due)} to compact") if n_due else None
    ui.heading("Files of the lake", (badge or Badge("ok", "No table to compact")).markdown)
    if not tables:
        st.caption("No data yet. Start an ingest on the page Data.")
        return
    total = sum((table.stored for table in tables), Files())
    st.caption(
        f"{plural('data file', total.n_files)}, {bytes_text(total.n_bytes)}; of these "
        f"{plural('file', old.n_files)} ({bytes_text(old.n_bytes)}) of old versions or of writes "
        f"that did not end. They are removed {RETENTION_HOURS // 24} days after they were "
        "replaced, unless a kept release was fitted on them. A table is compacted from "
        f"{MIN_SMALL_FILES} small files on."
    )
    shown = [table for table in tables if table.old.n_files or table.is_due][:SHOWN_TABLES]
    if shown:
        components.table([_row(table) for table in shown], "Tables with old or small files")


def show_erasures(open_erasures: OpenErasures, record: ErasureRecord) -> None:
    """Show the erasures that are not complete, and what was deleted so far."""
    n_open = max(open_erasures.n_with_rows, open_erasures.n_with_files)
    ui.heading("Erasures", _erasures_badge(open_erasures).markdown)
    if not n_open and not record.n_users:
        st.caption("No user was erased. Requests for erasure are counted here.")
        return
    with st.grid(2, min_column_width=150):
        st.metric("With rows in the lake", f"{open_erasures.n_with_rows:,}", border=True)
        st.metric("With old files", f"{open_erasures.n_with_files:,}", border=True)
    oldest = open_erasures.oldest_with_files_at
    due = f"The oldest open request is {age(oldest)} old. " if oldest else ""
    deleted = f", the last {age(record.erased_at)} ago" if record.erased_at else ""
    purged = f", the last {age(record.purged_at)} ago" if record.purged_at else ""
    st.caption(
        f"{due}Done so far: {plural('user', record.n_users)} erased; "
        f"{plural('row', record.n_rows)} deleted{deleted}; "
        f"{plural('old file', record.n_files)} deleted{purged}."
    )


def show_releases(kept: Sequence[Release]) -> None:
    """Show how many releases are kept."""
    ui.heading("Releases")
    if not kept:
        st.caption("No release yet.")
        return
    oldest, newest = kept[-1].release_id, kept[0].release_id
    which = f"from {oldest} to {newest}" if newest > oldest else f"number {newest}"
    st.caption(
        f"{plural('release', len(kept))} kept, {which}. "
        "Each publication deletes the lists of all but the newest 5 and the live one."
    )


def _erasures_badge(open_erasures: OpenErasures) -> Badge:
    if open_erasures.n_with_rows:
        return Badge("warning", f"{open_erasures.n_with_rows:,} due")
    if open_erasures.n_with_files:
        return Badge("idle", "Old files left")
    return Badge("ok", "None due")


def _row(table: TableFiles) -> dict[str, str]:
    small = (
        Badge("warning", f"{table.n_small:,}").markdown if table.is_due else f"{table.n_small:,}"
    )
    return {
        "Table": esc(table.name),
        "Files": f"{table.current.n_files:,}",
        "Size": bytes_text(table.current.n_bytes),
        "Small files": small,
        "Old files": f"{table.old.n_files:,} ({bytes_text(table.old.n_bytes)})",
    }
