"""Landings of rows in bronze, and which of them still have to be refined. No Spark."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from warehouse.query import Lake
from warehouse.tables import BRONZE_LANDINGS, SILVER_REFINEMENTS


@dataclass(frozen=True, slots=True)
class Landing:
    """One delivery of rows to bronze. `target` is the name of their bronze table."""

    landing_id: str
    target: str
    n_rows: int


def write_id(landing_ids: Iterable[str]) -> str:
    """Return a name for the writes of these landings; a retry with more landings gets another."""
    return hashlib.sha256("\n".join(sorted(landing_ids)).encode()).hexdigest()[:12]


def pending(lake: Lake) -> list[Landing]:
    """Return the landings that `silver.refinements` does not list, oldest first."""
    refined = {row["landing_id"] for row in lake.rows(SILVER_REFINEMENTS, columns=["landing_id"])}
    rows = [row for row in lake.rows(BRONZE_LANDINGS) if row["landing_id"] not in refined]
    rows.sort(key=lambda row: (row["landed_at"], row["source_file"]))
    return [Landing(row["landing_id"], row["target"], row["n_rows"]) for row in rows]
