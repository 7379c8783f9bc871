"""Jobs that send OpenLineage events to a file, and what they sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.runtime import entrypoint
from tests.support.jobs import filled
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import Table


def run(task: str, run_id: str = "one", *, failure: Exception | None = None) -> Lake:
    """Run a job that does nothing, or fails; nothing else fails it."""
    dag = "product__ingest" if task == "land" else "product__retrain"
    options = ["--dataset", "product", "--run-key", f"{dag}/{run_id}/{task}"]
    lake = Lake("")

    def main() -> None:
        nonlocal lake
        lake = Lake(entrypoint.job(entrypoint.parser(task, "A job.").parse_args(options)).root)
        if failure:
            raise failure

    with pytest.raises(SystemExit) as ended:
        entrypoint.run(main)
    assert ended.value.code == (1 if failure else 0)
    entrypoint._STARTED.clear()  # noqa: SLF001 # the next job is in a process of its own
    return lake


def sent(file: Path) -> list[dict[str, Any]]:
    """Return the events in a file, oldest first."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def versions(found: list[dict[str, Any]]) -> dict[str, str]:
    """Return the version of each data set by the end of its name."""
    return {
        "/".join(one["name"].split("/")[-2:]): one["facets"]["version"]["datasetVersion"]
        for one in found
        if "version" in one["facets"]
    }


def write(lake: Lake, table: Table, key: RunKey, **values: Any) -> int:
    """Write a row with these values; return the version of the table."""
    append(lake.root, table, [filled.row(table, "u", 1) | values], run_key=key)
    return lake.version(table)
