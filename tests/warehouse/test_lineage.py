"""Tests of the lineage of a release, on tables that are written without Spark."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from tests.support.jobs import filled
from tests.support.jobs.filled import NOW
from warehouse import lineage
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_LANDINGS,
    GOLD_FITS,
    GOLD_RECOMMENDATIONS,
    SILVER_INTERACTIONS,
    SILVER_REFINEMENTS,
    Table,
)

INGEST, RETRAIN = RunKey("p__ingest", "one", "refine"), RunKey("p__retrain", "two", "fit")


def write(lake: Lake, table: Table, run_key: RunKey, *rows: dict[str, Any], of: str = "") -> int:
    """Write rows in one commit and return its version; values that are not given are any."""
    complete = [
        filled.row(table, str(row.get("user_id", "u")), line) | row
        for line, row in enumerate(rows, start=1)
    ]
    append(lake.root, table, complete, run_key=run_key, write_id=of)
    return lake.version(table)


def land(lake: Lake, landing_id: str, minute: int, **columns: Any) -> None:
    landing = {
        "landing_id": landing_id,
        "target": "ratings",
        "source_file": f"{landing_id}.csv",
        "n_rows": 10,
        "run_key": f"p__ingest/{landing_id}/land",
        "landed_at": NOW + timedelta(minutes=minute),
        "replaces": [],
        "section": None,
    }
    write(lake, BRONZE_LANDINGS, RunKey("p__ingest", landing_id, "land"), landing | columns)


def refined(landing_id: str) -> dict[str, Any]:
    counts = {"n_accepted": 6, "n_duplicates": 1, "n_quarantined": 1, "n_dropped": 1, "n_erased": 1}
    return {"landing_id": landing_id, "target": "ratings", "n_rows": 10, **counts}


def fitted(lake: Lake, versions: dict[str, int]) -> None:
    lists = [{"retrain_id": RETRAIN.retrain_id, "user_id": user} for user in ("a", "b", "c")]
    write(lake, GOLD_RECOMMENDATIONS, RETRAIN, *lists)
    fit = {
        "retrain_id": RETRAIN.retrain_id,
        "recipe": "als_1",
        "versions": list(versions.items()),
        "run_key": str(RETRAIN),
    }
    write(lake, GOLD_FITS, RETRAIN, fit)


def of_a_retrain(lake: Lake, *, snapshots: bool = False) -> lineage.Lineage:
    found = lineage.of_retrain(lake, RETRAIN.retrain_id, snapshots=snapshots)
    assert found is not None
    return found


def test_lists_are_traced_to_files_versions_and_runs(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    land(lake, "first", 1)
    land(lake, "second", 2)
    interactions = write(lake, SILVER_INTERACTIONS, INGEST, {}, {"user_id": "v"})
    refinements = write(lake, SILVER_REFINEMENTS, INGEST, refined("first"), refined("second"))
    fitted(lake, {"silver.interactions": interactions, "silver.refinements": refinements})

    # what comes after the freeze is not in the lineage
    land(lake, "third", 3)
    later = RunKey("p__ingest", "later", "refine")
    write(lake, SILVER_REFINEMENTS, later, refined("third"))
    write(lake, SILVER_INTERACTIONS, later, {"user_id": "w"})
    other = RunKey("p__retrain", "three", "fit")
    write(lake, GOLD_RECOMMENDATIONS, other, {"retrain_id": other.retrain_id, "user_id": "a"})

    found = of_a_retrain(lake)

    assert found.is_exact
    assert [source.source_file for source in found.sources] == ["first.csv", "second.csv"]
    [first, _] = found.sources
    assert (first.table, first.run_key) == ("bronze.ratings", RunKey("p__ingest", "first", "land"))
    assert (first.n_accepted, first.n_duplicates, first.n_quarantined) == (6, 1, 1)
    assert first.n_dropped == 2  # one by the manifest, one of an erased user
    [read] = found.read
    assert (read.table, read.version, read.n_rows) == ("silver.interactions", interactions, 2)
    assert read.run_key == INGEST
    [lists] = found.written
    assert (lists.table, lists.n_rows, lists.run_key) == ("gold.recommendations", 3, RETRAIN)
    assert lists.version == lake.version(GOLD_RECOMMENDATIONS) - 1  # one more retrain came later


def test_a_landing_that_was_replaced_or_an_older_snapshot_does_not_count(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    land(lake, "wrong", 1)
    land(lake, "corrected", 2, replaces=["wrong"])
    land(lake, "newest", 3)
    rows = [refined(name) for name in ("wrong", "corrected", "newest")]
    version = write(lake, SILVER_REFINEMENTS, INGEST, *rows)
    fitted(lake, {"silver.refinements": version})

    files = [source.source_file for source in of_a_retrain(lake).sources]
    assert files == ["corrected.csv", "newest.csv"]
    of_snapshots = [source.source_file for source in of_a_retrain(lake, snapshots=True).sources]
    assert of_snapshots == ["newest.csv"]


def test_counts_of_a_version_that_is_gone_are_those_of_now(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    land(lake, "first", 1)
    land(lake, "second", 2)
    rows = [refined(name) for name in ("first", "second")]
    version = write(lake, SILVER_REFINEMENTS, INGEST, *rows)
    fitted(lake, {"silver.refinements": version})
    files = set((tmp_path / "silver" / "refinements").glob("*.parquet"))
    DeltaTable(SILVER_REFINEMENTS.uri(lake.root)).delete("landing_id = 'second'")
    for path in files:
        path.unlink()

    found = of_a_retrain(lake)

    assert not found.is_exact
    assert [source.source_file for source in found.sources] == ["first.csv"]


def test_counts_of_a_fit_that_recorded_no_landings_are_those_of_now(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    land(lake, "first", 1)
    write(lake, SILVER_REFINEMENTS, INGEST, refined("first"))
    fitted(lake, {})

    found = of_a_retrain(lake)

    assert not found.is_exact
    assert [source.source_file for source in found.sources] == ["first.csv"]


def test_a_retrain_without_a_fit_has_no_lineage(tmp_path: Path) -> None:
    assert lineage.of_retrain(Lake(str(tmp_path)), RETRAIN.retrain_id) is None
