"""Whether the live release used the newest rows of a table."""

from collections.abc import Sequence

from dashboards.console.badges import Badge
from dashboards.console.lake_data import TableState

NEWER = Badge("warning", "Newer than live")


def newer_than_live(states: Sequence[TableState]) -> list[str]:
    """Return the names of the tables that changed since the live release read them."""
    return [state.table.full_name for state in states if freshness(state) == NEWER]


def freshness(state: TableState) -> Badge | None:
    """Return a badge: whether the live release used these rows. None: it uses no such table.

    Versions that only removed old files do not count.
    """
    if state.version_served is None:
        return None
    changed = state.stored.changed
    version = state.stored.version if changed is None else changed.version
    return NEWER if version > state.version_served else Badge("ok", "Live")
