"""Facts read from a lake without Spark."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.facts import Data, Quarantine
from monitoring.reading import lake as lake_facts
from tests.support.jobs.deciding import decide
from tests.support.jobs.product import collect, write_collection
from warehouse.append import append
from warehouse.maintenance.growth import Growth, since
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_LANDINGS,
    GOLD_FITS,
    SILVER_ITEM_INDEX,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
    Table,
)

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def write(root: str, table: Table, run: str, *rows: dict[str, object]) -> None:
    append(root, table, list(rows), run_key=RunKey("shop__ingest", run, "test"))


def land(root: str, name: str, at: datetime, n_rows: int = 10) -> None:
    row = {"landing_id": name, "target": "ratings", "source_file": f"{name}.csv", "sha256": name}
    write(root, BRONZE_LANDINGS, name, row | {"n_rows": n_rows, "run_key": "x", "landed_at": at})


def refine(root: str, name: str, at: datetime, accepted: int, quarantined: int) -> None:
    counts = {"n_rows": accepted + quarantined, "n_accepted": accepted, "n_duplicates": 0}
    row = {"landing_id": name, "target": "ratings", "n_quarantined": quarantined, "run_key": "x"}
    row |= counts | {"n_unknown_items": 0, "refined_at": at}
    write(root, SILVER_REFINEMENTS, name, row)


def number(root: str, run: str, *names: str) -> None:
    users = [{"user_id": f"u{name}", "user_index": int(name)} for name in names]
    items = [{"item_id": f"i{name}", "item_index": int(name)} for name in names[:1]]
    write(root, SILVER_USER_INDEX, run, *users)
    write(root, SILVER_ITEM_INDEX, run, *items)


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A lake with two refined landings, the first one part of a fit, and one that is pending."""
    root = str(tmp_path)
    land(root, "old", NOW - 20 * DAY)
    refine(root, "old", NOW - 20 * DAY, accepted=900, quarantined=100)
    number(root, "old", "0", "1")
    lake = Lake(root)
    tables = (SILVER_REFINEMENTS, SILVER_USER_INDEX, SILVER_ITEM_INDEX)
    versions = [(table.full_name, lake.version(table)) for table in tables]
    fit: dict[str, object] = {
        "retrain_id": "r",
        "recipe": "als",
        "recipe_json": "{}",
        "constants": "{}",
    }
    fit |= dict.fromkeys(("n_users", "n_items", "n_ratings"), 1) | {"fit_seconds": 1.0}
    fit |= {"code_commit": "x", "versions": versions, "fitted_at": NOW, "run_key": "x"}
    write(root, GOLD_FITS, "fit", fit)
    land(root, "new", NOW - DAY)
    refine(root, "new", NOW - DAY, accepted=200, quarantined=1)
    number(root, "new", "2", "3", "4")
    land(root, "pending", NOW - DAY / 24)
    return root


def test_an_empty_lake_has_no_facts(tmp_path: Path) -> None:
    assert lake_facts.data(Lake(str(tmp_path)), None, NOW) == Data()
    assert not lake_facts.is_loaded(Lake(str(tmp_path)))


def test_a_lake_says_what_is_pending_and_what_is_new_since_the_fit(root: str) -> None:
    data = lake_facts.data(Lake(root), "r", NOW)

    assert data.is_loaded
    assert data.newest_file_at == data.oldest_pending_at == NOW - DAY / 24
    assert data.growth == Growth(n_events=200, n_users=3, n_items=1)
    assert data.balances
    assert lake_facts.data(Lake(root), "unknown", NOW).growth is None


def test_the_quarantine_counts_recent_rows_or_all_if_these_are_few(root: str) -> None:
    recent = lake_facts.data(Lake(root), None, NOW).quarantine
    later = lake_facts.data(Lake(root), None, NOW + 9 * DAY).quarantine

    assert recent == (Quarantine("ratings", 201, 1),)
    assert later == (Quarantine("ratings", 1201, 101),)


def test_rows_that_an_operator_rejected_need_no_attention(root: str) -> None:
    row: dict[str, object] = {"target": "ratings", "sent": "{}", "landing_id": "old"}
    row |= {"source_file": "old.csv", "first_seen_at": NOW, "run_key": "x"}
    failed = [["rating_off_scale"]] * 60 + [["user_missing"]] * 40
    rows = [row | {"source_line": n, "failed_checks": names} for n, names in enumerate(failed)]
    write(root, SILVER_QUARANTINE, "old", *rows)
    decide(root, "release", checks=("rating_off_scale",), landed_until=NOW)
    decide(root, "reject", checks=("rating_off_scale",), landing_id="old")
    decide(root, "reject", checks=("user_missing",), landed_until=NOW - 21 * DAY)

    data = lake_facts.data(Lake(root), None, NOW + 9 * DAY)

    assert data.quarantine == (Quarantine("ratings", 1201, 41),)
    assert data.n_quarantined == 100


def test_collected_events_are_pending_and_new(root: str) -> None:
    collect(root, "batch", *[("rate", "u", "a", 3.0, 100)] * 7)
    write_collection(root, "batch", 7)

    growth = lake_facts.data(Lake(root), "r", NOW).growth

    assert growth is not None
    assert growth.n_events == 207
    assert since(Lake(root), {}).n_events == 1107


def test_the_disk_of_a_folder_that_does_not_exist_yet_is_known(tmp_path: Path) -> None:
    disk = lake_facts.disk(str(tmp_path / "none" / "lake"))

    assert disk is not None
    assert disk.folder == str(tmp_path)
    assert 0 < disk.n_free <= disk.n_total
    assert lake_facts.disk("s3a://bucket/lake") is None
