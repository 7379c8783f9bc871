"""Which landings a refinement reads, and when silver is written anew."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.refinement import manifest_digest
from jobs.refinement.pending import Batch, pending_batch
from tests.support.jobs.deciding import decide
from tests.support.jobs.product import NOW, deliver, product, shop
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_EVENTS, BRONZE_ITEMS, SILVER_QUARANTINE, SILVER_REFINEMENTS

KEY = RunKey("dag", "run", "test")
CLICKS, ORDERS = "clicks*.csv", "orders*.csv"
TWO_FILES = [{"file": CLICKS, "kind": "view"}, {"file": ORDERS, "kind": "buy"}]


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path)


def event(section: str = CLICKS) -> dict[str, Any]:
    return {"user_id": "u", "item_id": "a", "section": section}


def refined(root: str, dataset: Dataset, *landing_ids: str, n_accepted: int = 1) -> None:
    """Record the landings as `refine` does."""
    counts = {"n_rows": 1, "n_accepted": n_accepted, "n_duplicates": 0, "n_quarantined": 0}
    row = counts | {"target": "events", "n_unknown_items": 0, "run_key": "k", "refined_at": NOW}
    row["manifest"] = manifest_digest.of(dataset)
    rows = [row | {"landing_id": landing_id} for landing_id in landing_ids]
    key = RunKey("dag", "-".join(landing_ids), "refine")
    append(root, SILVER_REFINEMENTS, rows, run_key=key)


def ids(batch: Batch, *targets: str) -> list[str]:
    return [landing.landing_id for landing in batch.loaded(*targets or ("events",))]


def test_only_new_landings_are_read_until_the_manifest_changes(root: str) -> None:
    before = shop(events=TWO_FILES)
    for landing in ("one", "two"):
        deliver(root, BRONZE_EVENTS, landing, event())
    refined(root, before, "one")

    assert ids(pending_batch(Lake(root), before)) == ["two"]

    after = shop(events=TWO_FILES, kinds={"buy": {"value": "share"}, "view": {}})
    rebuilt = pending_batch(Lake(root), after)
    assert (ids(rebuilt), rebuilt.rebuilds) == (["one", "two"], True)
    assert [landing.landing_id for landing in rebuilt.landings] == ["one", "two"]


@pytest.mark.parametrize(
    "served_only",
    [
        {"title": "Other"},
        {"floors": {"min_coverage": 0.5}},
        {"kinds": {"buy": {"weight": 9}, "view": {}}},
    ],
)
def test_fields_that_do_not_change_rows_change_no_digest(served_only: dict[str, Any]) -> None:
    assert manifest_digest.of(shop(**served_only)) == manifest_digest.of(shop())


def test_a_lake_of_before_the_digest_counts_as_unchanged(root: str) -> None:
    dataset = shop(events=TWO_FILES)
    deliver(root, BRONZE_EVENTS, "one", event())
    row = {"landing_id": "one", "target": "events", "n_rows": 1, "n_accepted": 1, "run_key": "k"}
    row |= {"n_duplicates": 0, "n_quarantined": 0, "n_unknown_items": 0, "refined_at": NOW}
    append(root, SILVER_REFINEMENTS, [row], run_key=KEY)

    batch = pending_batch(Lake(root), dataset)
    expected = Batch((), batch.in_force, manifest_digest.of(dataset), refined=frozenset({"one"}))
    assert batch == expected


def test_a_landing_that_replaces_a_refined_one_rebuilds_silver(root: str) -> None:
    dataset = shop(events=TWO_FILES)
    deliver(root, BRONZE_EVENTS, "one", event())
    refined(root, dataset, "one")
    deliver(root, BRONZE_EVENTS, "again", event(), replaces=["one"])

    batch = pending_batch(Lake(root), dataset)

    assert (ids(batch), batch.rebuilds) == (["again"], True)
    assert {landing.landing_id for landing in batch.landings} == {"one", "again"}


def test_a_snapshot_of_one_file_keeps_the_newest_of_the_others(root: str) -> None:
    dataset = shop(events=TWO_FILES, source={"kind": "inbox", "delivery": "snapshots"})
    deliver(root, BRONZE_EVENTS, "monday", event())
    deliver(root, BRONZE_EVENTS, "orders", event(ORDERS))
    deliver(root, BRONZE_ITEMS, "items", {"item_id": "a"})
    refined(root, dataset, "monday", "orders", "items")
    deliver(root, BRONZE_EVENTS, "tuesday", event())

    batch = pending_batch(Lake(root), dataset)

    assert (ids(batch), ids(batch, "items"), batch.rebuilds) == (["orders", "tuesday"], [], False)
    refused = pending_batch(Lake(root), dataset, ["tuesday"])
    assert ids(refused) == ["monday", "orders"]


def test_feedback_is_not_loaded_for_a_data_set_of_snapshots(root: str) -> None:
    snapshots = product(source={"kind": "inbox", "delivery": "snapshots"})
    deliver(root, BRONZE_ITEMS, "items", {"item_id": "a"})

    assert pending_batch(Lake(root), snapshots).loaded("feedback") == []


def test_rows_of_a_renamed_entry_are_found_by_the_files_name_and_of_a_removed_one_left_out(
    root: str,
) -> None:
    deliver(root, BRONZE_EVENTS, "clicks-1", event())
    deliver(root, BRONZE_EVENTS, "orders-1", event(ORDERS))

    renamed = shop(events=[{"file": "*-1.csv", "kind": "view"}])
    removed = shop(events=[TWO_FILES[1]])
    assert ids(pending_batch(Lake(root), renamed)) == ["clicks-1", "orders-1"]
    assert ids(pending_batch(Lake(root), removed)) == ["orders-1"]


def test_a_landing_that_was_refused_stays_refused(root: str) -> None:
    before, after = (
        shop(events=TWO_FILES),
        shop(events=TWO_FILES, kinds={"buy": {}, "view": {}, "x": {}}),
    )
    for landing in ("one", "two"):
        deliver(root, BRONZE_EVENTS, landing, event())
    refined(root, before, "one", "two")
    row: dict[str, Any] = {"target": "events", "sent": "{}", "failed_checks": ["landing_refused"]}
    row |= {"run_key": "k"}
    row |= {"landing_id": "one", "source_file": "f", "source_line": 1, "first_seen_at": NOW}
    append(root, SILVER_QUARANTINE, [row], run_key=KEY)

    batch = pending_batch(Lake(root), after)

    assert (batch.refused, ids(batch)) == (("one",), ["two"])
    assert [landing.landing_id for landing in batch.checked("events")] == ["two", "one"]


def test_a_release_rebuilds_silver_and_a_rejection_does_not(root: str) -> None:
    dataset = shop(events=TWO_FILES)
    for landing in ("one", "two"):
        deliver(root, BRONZE_EVENTS, landing, event())
    refined(root, dataset, "one", "two")
    decide(root, "reject", target="events", checks=("value_negative",))
    decide(root, "release", target="events", checks=("user_missing", "line_malformed"))
    decide(root, "release", target="ratings", checks=("value_negative",))
    assert pending_batch(Lake(root), dataset).landings == ()

    decide(root, "release", target="events", checks=("value_negative",), landing_id="two")
    batch = pending_batch(Lake(root), dataset)

    assert (batch.rebuilds, ids(batch)) == (True, ["one", "two"])
    assert batch.released == {"two": ("value_negative",)}
    assert batch.digest_of("one") == manifest_digest.of(dataset) != batch.digest_of("two")
    assert batch.write_id != replace(batch, released={}).write_id


def test_a_release_of_all_is_none_of_what_landed_later(root: str) -> None:
    dataset = shop(events=TWO_FILES)
    for landing in ("one", "two"):
        deliver(root, BRONZE_EVENTS, landing, event())  # the second lands a second later
    decide(root, "release", target="events", checks=("value_negative",), landed_until=NOW)

    assert pending_batch(Lake(root), dataset).released == {"one": ("value_negative",)}


def test_an_overtaken_batch_is_repeated_with_what_was_recorded_since(root: str) -> None:
    dataset = shop(events=TWO_FILES)
    deliver(root, BRONZE_EVENTS, "zero", event())
    refined(root, dataset, "zero")
    deliver(root, BRONZE_EVENTS, "one", event())
    overtaken = pending_batch(Lake(root), dataset)
    deliver(root, BRONZE_EVENTS, "two", event())
    refined(root, dataset, "one", "two")

    batch = pending_batch(Lake(root), dataset, overtaken=overtaken)

    assert ids(batch) == ["one", "two"]
    assert batch.refined == {"zero", "one", "two"}
    again = pending_batch(Lake(root), dataset, overtaken=batch)
    assert (ids(again), batch.rebuilds) == (["one", "two"], False)
    assert len({overtaken.write_id, batch.write_id, again.write_id}) == 3


def test_silver_is_written_anew_if_a_landing_of_an_overtaken_batch_was_withdrawn(root: str) -> None:
    dataset = shop(events=TWO_FILES)
    deliver(root, BRONZE_EVENTS, "one", event())
    overtaken = pending_batch(Lake(root), dataset)
    deliver(root, BRONZE_EVENTS, "again", event(), replaces=["one"])
    refined(root, dataset, "again")

    batch = pending_batch(Lake(root), dataset, overtaken=overtaken)

    assert (ids(batch), batch.rebuilds) == (["again"], True)
