"""Storage: free space on the lake's disk, and the largest tables in Postgres."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.console.acts.client import BY_TOKEN, as_account
from dashboards.console.overview import status
from dashboards.console.sources import Account
from dashboards.text import bytes_text, esc
from monitoring.checks import platform
from monitoring.facts import Disk
from serving.schemas import TableSize

SHOWN_TABLES = 5


@st.cache_data(ttl="60s", show_spinner=False, hash_funcs=BY_TOKEN)
def tables(account: Account, dataset: str) -> list[TableSize]:
    """Return the sizes of the data set's tables in Postgres, largest first."""
    with as_account(account, dataset) as client:
        return client.storage()


def show_disk(disk: Disk | None) -> None:
    """Show the space on the disk."""
    line = next(platform.disk(disk), None)
    ui.heading("Storage", status.badge(line).markdown if line else "")
    if disk is not None:
        used = 1 - disk.n_free / max(disk.n_total, 1)
        text = f"{bytes_text(disk.n_free)} free of {bytes_text(disk.n_total)}"
        st.progress(min(max(used, 0.0), 1.0), text=f"Disk of {esc(disk.folder)}: {text}")


def show_tables(sizes: Sequence[TableSize]) -> None:
    """Show the largest tables in Postgres."""
    total = sum(size.n_bytes for size in sizes)
    st.caption(f"Tables in Postgres: {bytes_text(total)}")
    rows = [
        {
            "Table": esc(size.name),
            "Size": bytes_text(size.n_bytes),
            "Rows (estimate)": f"{size.n_rows:,}",
        }
        for size in sizes[:SHOWN_TABLES]
    ]
    if rows:
        components.table(rows, "The largest tables in Postgres with size and rows")
