"""Where the OpenLineage events of a test go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.runtime import entrypoint
from tests.support.jobs.product import product
from warehouse import datasets


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that the events of this test are sent to; no job sends after the test."""
    file = tmp_path / "log" / "events of jobs.jsonl"
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path / "lake"))
    monkeypatch.setenv("LAKE_INBOX", str(tmp_path / "inbox"))
    monkeypatch.setenv("LINEAGE_URL", file.as_uri())
    monkeypatch.setattr(datasets, "load_named", lambda name: product(name=name))
    monkeypatch.setattr(entrypoint, "_STARTED", [])
    yield file
    entrypoint._STARTED.clear()  # noqa: SLF001
