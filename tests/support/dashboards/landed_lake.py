"""A small lake after two ingests: files of ratings and items, and rows in the quarantine."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.dashboards import shop
from warehouse.append import append
from warehouse.landings import Landing
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_LANDINGS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
    Table,
)

Row = dict[str, Any]
FIRST, SECOND = "playground__ingest/first", "playground__ingest/second"
HOSTILE_FILE = "ratings <b>*2*.csv"
DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)
COUNTS = ("n_accepted", "n_duplicates", "n_quarantined", "n_dropped", "n_erased")


def landings() -> list[Landing]:
    """Return the landings of files of two days, one of another target."""
    return [
        Landing("one", "ratings", 100, "ratings-1.csv", landed_at=DAY),
        Landing("two", "ratings", 50, HOSTILE_FILE, landed_at=DAY + timedelta(days=1)),
        Landing("items", "items", 20, "items.csv", landed_at=DAY),
    ]


def write(root: str) -> None:
    """Write two ingests, an hour apart. The second has a file that is not refined yet."""
    _landed(root, FIRST, "one", "ratings-1.csv", 100, 90, 4, 6, 0, 0, hours=2)
    _landed(root, FIRST, "items", "items.csv", 20, 20, 0, 0, 0, 0, hours=2, target="items")
    _landed(root, SECOND, "two", HOSTILE_FILE, 50, 43, 2, 3, 1, 1, hours=1)
    _landed(root, SECOND, "new", "ratings-3.csv", 8, hours=1)
    rows = [
        *(_rejected("one", "ratings-1.csv", line, ["rating_off_scale"]) for line in range(1, 6)),
        _rejected("one", "ratings-1.csv", 9, ["rating_off_scale", "item_missing"]),
        *(_rejected("two", HOSTILE_FILE, line, ["rating_off_scale"]) for line in (7, 8)),
        _rejected("two", HOSTILE_FILE, 9, ["user_missing"]),
    ]
    _append(root, SILVER_QUARANTINE, FIRST, "quarantine", rows)
    users = [{"user_id": f"u{n}", "user_index": n} for n in range(3)]
    for number, new in enumerate((users[:2], users[2:])):
        _append(root, SILVER_USER_INDEX, (FIRST, SECOND)[number], f"users-{number}", new)


def _landed(
    root: str,
    run: str,
    landing_id: str,
    file: str,
    *rows: int,
    hours: int,
    target: str = "ratings",
) -> None:
    """Write a landing of `rows`: all, then the counts of its refinement, if it is refined."""
    at, (n_rows, *counts) = shop.NOW - timedelta(hours=hours), rows
    about: Row = {"landing_id": landing_id, "target": target, "n_rows": n_rows}
    landed = about | {"source_file": file, "sha256": landing_id, "landed_at": at}
    _append(root, BRONZE_LANDINGS, run, landing_id, [landed | {"run_key": f"{run}/land"}])
    if not counts:
        return
    refined = about | dict(zip(COUNTS, counts, strict=True)) | {"n_unknown_items": 0}
    refined |= {"refined_at": at, "run_key": f"{run}/refine", "manifest": "m"}
    _append(root, SILVER_REFINEMENTS, run, landing_id, [refined])


def _rejected(landing_id: str, file: str, line: int, checks: list[str]) -> Row:
    sent = f'{{"user_id":"u{line}","item_id":"<i>{line}</i>","rating":"11","rated_at":"100"}}'
    row: Row = {"target": "ratings", "sent": sent, "failed_checks": checks, "source_file": file}
    row |= {"landing_id": landing_id, "source_line": line, "first_seen_at": shop.NOW}
    return row | {"run_key": f"{FIRST}/refine"}


def _append(root: str, table: Table, run: str, write_id: str, rows: list[Row]) -> None:
    dag, _, run_id = run.partition("/")
    append(root, table, rows, run_key=RunKey(dag, run_id, table.name), write_id=write_id)
