"""What the OpenLineage events say that a job read."""

from pathlib import Path

import pytest

from tests.support.jobs import filled
from tests.support.jobs.lineage import run, sent, versions
from tests.support.jobs.product import product
from warehouse import datasets
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_LANDINGS,
    BRONZE_RATINGS,
    GOLD_BACKTEST_PLANS,
    GOLD_RECOMMENDATIONS,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    Table,
)


def land(lake: Lake, *files: str) -> None:
    key = RunKey("product__ingest", "one", "land")
    for file in files:
        row = {"run_key": str(key), "source_file": file, "replaces": []}
        landing = filled.row(BRONZE_LANDINGS, "u", 1) | row
        append(lake.root, BRONZE_LANDINGS, [landing], run_key=key, write_id=file)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"kind": "folder", "url": "/exports/"}, [("file", "/exports/a"), ("file", "/exports/b")]),
        (
            {"kind": "folder", "url": "s3a://bucket/day"},
            [("s3a://bucket", "day/a"), ("s3a://bucket", "day/b")],
        ),
        (
            {"kind": "archive", "url": "https://example.org/x/all.zip", "md5": "0" * 32},
            [("https://example.org", "x/all.zip")],
        ),
        ({"kind": "archive"}, [("file", "{inbox}/mine.zip")]),
    ],
)
def test_a_landing_names_the_source_that_was_read(
    events: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: dict[str, str],
    expected: list[tuple[str, str]],
) -> None:
    inbox = events.parents[1] / "inbox" / "product"
    inbox.mkdir(parents=True)
    (inbox / "mine.zip").touch()
    monkeypatch.setattr(datasets, "load_named", lambda name: product(name=name, source=source))
    land(run("freeze"), "a", "b")

    run("land")

    inputs = [(each["namespace"], each["name"]) for each in sent(events)[-1]["inputs"]]
    assert inputs == [(space, name.format(inbox=inbox)) for space, name in expected]


@pytest.mark.parametrize(
    ("task", "tables", "in_postgres"),
    [
        ("settle", [], ["quarantine_decisions"]),
        ("nominate", [], ["releases"]),
        ("freeze", [BRONZE_RATINGS, SILVER_EVENTS, SILVER_INTERACTIONS], []),
        ("plan", [SILVER_EVENTS], ["releases"]),
        ("backtest", [GOLD_BACKTEST_PLANS, SILVER_EVENTS, SILVER_INTERACTIONS], []),
        (
            "erase",
            [BRONZE_RATINGS, SILVER_EVENTS, SILVER_INTERACTIONS, GOLD_RECOMMENDATIONS],
            ["erasures"],
        ),
    ],
)
def test_a_job_names_the_tables_that_it_reads(
    events: Path, task: str, tables: list[Table], in_postgres: list[str]
) -> None:
    lake, key = run("evaluate"), RunKey("product__ingest", "one", "fill")
    for table in (
        BRONZE_RATINGS, SILVER_EVENTS, SILVER_INTERACTIONS, GOLD_BACKTEST_PLANS,
        GOLD_RECOMMENDATIONS,
    ):  # fmt: skip
        append(lake.root, table, [filled.row(table, "u", 1)], run_key=key)

    run(task)

    inputs = sent(events)[-1]["inputs"]
    assert {*versions(inputs)} == {table.full_name.replace(".", "/") for table in tables}
    names = [each["name"] for each in inputs if each["namespace"] == "postgres"]
    assert names == [f"product.{name}" for name in in_postgres]
