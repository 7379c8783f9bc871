"""How much of a table changed after a version, from its log alone."""

from collections.abc import Mapping
from typing import Any, Final

from deltalake import DeltaTable

from warehouse.query import Lake
from warehouse.tables import Table

_COUNTS: Final = ("numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted")


def n_changed(lake: Lake, table: Table, *, since: int) -> int | None:
    """Return the number of rows that merges inserted, updated or deleted after a version.

    Erasures and compactions do not count. None if rows were written otherwise, or if the log no
    longer has all commits since.
    """
    delta = DeltaTable(table.uri(lake.root))
    n_commits = delta.version() - since
    commits = delta.history(n_commits) if n_commits > 0 else []
    if len(commits) < n_commits or any(commit["operation"] == "WRITE" for commit in commits):
        return None
    return sum(_n_merged(commit.get("operationMetrics", {})) for commit in commits)


def _n_merged(metrics: Mapping[str, Any]) -> int:
    return sum(int(metrics.get(name, 0)) for name in _COUNTS)
