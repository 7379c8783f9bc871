from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable

from warehouse.append import append
from warehouse.errors import VersionGoneError
from warehouse.maintenance import erasure, retention
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_NOMINATIONS as TABLE

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A table of four versions: created, two rows added one by one, both compacted into a file."""
    for at in (1, 2):
        row = dict.fromkeys(TABLE.names, "x") | {"retrain_id": f"d/{at}", "nominated_at": NOW}
        key = RunKey("d", str(at), "nominate")
        append(str(tmp_path), TABLE, [row | {"champion_release_id": at}], run_key=key)
    DeltaTable(f"{tmp_path}/gold/nominations").optimize.compact()
    return str(tmp_path)


def rows(root: str, version: int | None = None) -> list[str]:
    rows = Lake(root).rows(TABLE, columns=["retrain_id"], version=version)
    return sorted(row["retrain_id"] for row in rows)


def vacuum(root: str, *, keep: set[int]) -> int:
    return retention.vacuum(
        root, TABLE, keep=keep, run_key=RunKey("d", "3", "vacuum"), retention_hours=0
    )


def test_files_of_kept_versions_stay(root: str) -> None:
    assert vacuum(root, keep={1}) == 1  # the second row's own file
    assert rows(root, version=1) == ["d/1"]
    assert rows(root) == ["d/1", "d/2"]
    retention.require_complete(root, TABLE, 1)
    with pytest.raises(VersionGoneError, match=r"version 2: 1 of its 2 files were vacuumed"):
        retention.require_complete(root, TABLE, 2)


def test_recent_files_stay_for_running_readers(root: str) -> None:
    assert retention.vacuum(root, TABLE, keep=set(), run_key=RunKey("d", "3", "vacuum")) == 0
    retention.require_complete(root, TABLE, 2)


def test_nothing_is_removed_if_a_kept_version_is_incomplete(root: str) -> None:
    assert vacuum(root, keep=set()) == 2
    before = Lake(root).version(TABLE)
    with pytest.raises(VersionGoneError):
        vacuum(root, keep={1})
    assert Lake(root).version(TABLE) == before


def test_an_erasure_makes_all_earlier_versions_unreadable(root: str) -> None:
    erasure.delete(root, TABLE, "retrain_id = 'd/1'", {}, run_key=RunKey("d", "4", "erase"))
    with pytest.raises(VersionGoneError, match="users were erased since, at version 4"):
        retention.require_complete(root, TABLE, 3)
    retention.require_complete(root, TABLE, 4)


def test_a_version_that_does_not_exist_is_an_error(root: str) -> None:
    with pytest.raises(VersionGoneError, match="its log was removed"):
        retention.require_complete(root, TABLE, 99)
