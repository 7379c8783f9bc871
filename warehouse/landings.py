"""Landings of rows in bronze: which are in force, and which still have to be refined. No Spark.

A landing is in force unless a later landing names it in `replaces`. That happens when the manifest
was corrected in a field that says how a file is read: the file is landed again, and its rows of
before are withdrawn. Of snapshots, only the newest landing in force of each target (of events: of
each entry of `[[events]]`) counts.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warehouse.query import Lake
from warehouse.tables import BRONZE_LANDINGS, SILVER_REFINEMENTS


@dataclass(frozen=True, slots=True)
class Landing:
    """One delivery of rows to bronze. `target` is the name of their bronze table.

    `sha256` is the digest of the file, `reading` that of the manifest's fields by which it was
    read; None in landings of older versions. `landed_at` is in UTC.
    """

    landing_id: str
    target: str
    n_rows: int
    source_file: str = ""
    sha256: str = ""
    reading: str | None = None
    section: str | None = None
    replaces: tuple[str, ...] = ()
    landed_at: datetime | None = None


def write_id(landing_ids: Iterable[str]) -> str:
    """Return a name for the writes of these landings; a retry with more landings gets another."""
    return hashlib.sha256("\n".join(sorted(landing_ids)).encode()).hexdigest()[:12]


def recorded(lake: Lake) -> list[Landing]:
    """Return all landings, oldest first."""
    return of_rows(lake.rows(BRONZE_LANDINGS))


def of_rows(rows: Iterable[dict[str, Any]]) -> list[Landing]:
    """Return the landings of rows of `bronze.landings`, oldest first."""
    by_age = sorted(rows, key=lambda row: (row["landed_at"], row["source_file"]))
    return [
        Landing(
            landing_id=row["landing_id"],
            target=row["target"],
            n_rows=row["n_rows"],
            source_file=row["source_file"],
            sha256=row["sha256"],
            reading=row["reading"],
            section=row["section"],
            replaces=tuple(row["replaces"] or ()),
            landed_at=row["landed_at"],
        )
        for row in by_age
    ]


def replaced(landings: Iterable[Landing]) -> set[str]:
    """Return the ids of the landings that another one replaces: their rows are withdrawn."""
    return {landing_id for landing in landings for landing_id in landing.replaces}


def in_force(lake: Lake) -> list[Landing]:
    """Return the landings that no other one replaces, oldest first."""
    return not_replaced(recorded(lake))


def not_replaced(landings: Sequence[Landing]) -> list[Landing]:
    """Return the landings that no other one replaces, in their order."""
    withdrawn = replaced(landings)
    return [landing for landing in landings if landing.landing_id not in withdrawn]


def newest_snapshots(landings: Sequence[Landing]) -> list[Landing]:
    """Return the last landing of each target and section, in their order."""
    newest = {(landing.target, landing.section): landing for landing in landings}
    return [landing for landing in landings if newest[landing.target, landing.section] is landing]


def pending(lake: Lake) -> list[Landing]:
    """Return the landings in force that `silver.refinements` does not list, oldest first."""
    of_refined = refined(lake)
    return [landing for landing in in_force(lake) if landing.landing_id not in of_refined]


def refined(lake: Lake) -> frozenset[str]:
    """Return the ids of the landings that `silver.refinements` lists."""
    rows = lake.rows(SILVER_REFINEMENTS, columns=["landing_id"])
    return frozenset(row["landing_id"] for row in rows)
