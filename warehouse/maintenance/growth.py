"""What arrived in the lake since some versions of its tables, such as those of a fit. No Spark."""

from collections.abc import Mapping
from dataclasses import dataclass

from deltalake.exceptions import DeltaError

from warehouse import reconciliation
from warehouse.query import Lake
from warehouse.tables import SILVER_ITEM_INDEX, SILVER_REFINEMENTS, SILVER_USER_INDEX, Table

EVENT_TARGETS = ("ratings", "events", "feedback")


@dataclass(frozen=True, slots=True)
class Growth:
    """Numbers of new rows. Of users and items None: the old version was purged."""

    n_events: int
    n_users: int | None
    n_items: int | None


def since(lake: Lake, versions: Mapping[str, int]) -> Growth:
    """Return what arrived since these versions, which are by full table name.

    A table without a version counts from its beginning. New events are accepted ones, and those
    that are collected and not refined yet.
    """
    frozen = versions.get(SILVER_REFINEMENTS.full_name)
    n_before = 0 if frozen is None else n_accepted(lake, version=frozen)
    n_events = n_accepted(lake) - n_before + reconciliation.n_waiting(lake)
    return Growth(
        n_events=max(n_events, 0),  # a landing may have been withdrawn
        n_users=_n_new(lake, SILVER_USER_INDEX, versions),
        n_items=_n_new(lake, SILVER_ITEM_INDEX, versions),
    )


def n_accepted(lake: Lake, *, version: int | None = None) -> int:
    """Return the number of events that `refine` accepted, up to a version of its records."""
    targets = {"target": EVENT_TARGETS}
    rows = lake.rows(SILVER_REFINEMENTS, columns=["n_accepted"], equals=targets, version=version)
    return sum(row["n_accepted"] for row in rows)


def _n_new(lake: Lake, table: Table, versions: Mapping[str, int]) -> int | None:
    if not lake.exists(table):
        return 0
    version = versions.get(table.full_name)
    try:
        n_before = 0 if version is None else lake.n_rows(table, version=version)
    except DeltaError:  # a purge removed the log before it
        return None
    return max(lake.n_rows(table) - n_before, 0)  # users may have been erased since
