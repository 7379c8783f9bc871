"""Small files become large ones; no row changes, and readers and writers go on."""

from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from warehouse import locks
from warehouse.append import append
from warehouse.maintenance import compaction, files, retention
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import SILVER_INTERACTIONS, SILVER_USER_INDEX

KEY = RunKey("shop__maintain", "1", "compact")
N_FILES = 6


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A lake whose table has six files of one row."""
    for number in range(N_FILES):
        row = {"user_id": f"u{number}", "user_index": number}
        append(str(tmp_path), SILVER_USER_INDEX, [row], run_key=RunKey("d", str(number), "t"))
    return str(tmp_path)


def users(root: str, version: int | None = None) -> list[str]:
    rows = Lake(root).rows(SILVER_USER_INDEX, version=version)
    return sorted(row["user_id"] for row in rows)


def compact(root: str) -> int:
    return compaction.compact(root, SILVER_USER_INDEX, run_key=KEY, min_files=N_FILES)


def test_small_files_become_one_and_no_row_changes(root: str) -> None:
    before = users(root)
    assert files.n_small(root, SILVER_USER_INDEX) == N_FILES

    assert compact(root) == N_FILES

    assert users(root) == before
    assert files.current(root, SILVER_USER_INDEX).n_files == 1
    assert files.stored(root, SILVER_USER_INDEX).n_files == N_FILES + 1
    assert Lake(root).n_rows(SILVER_USER_INDEX) == N_FILES
    [commit] = Lake(root).history(SILVER_USER_INDEX, limit=1)
    assert (commit.operation, commit.run_key) == ("OPTIMIZE", KEY)


def test_a_second_run_and_few_files_change_nothing(root: str) -> None:
    assert compaction.compact(root, SILVER_USER_INDEX, run_key=KEY) == 0
    compact(root)
    version = Lake(root).version(SILVER_USER_INDEX)

    assert compact(root) == 0
    assert Lake(root).version(SILVER_USER_INDEX) == version


def test_a_reader_and_a_kept_version_keep_their_files(root: str) -> None:
    opened, version = DeltaTable(SILVER_USER_INDEX.uri(root)), Lake(root).version(SILVER_USER_INDEX)
    compact(root)

    retention.vacuum(root, SILVER_USER_INDEX, keep=[version], run_key=KEY, retention_hours=0)

    assert opened.to_pyarrow_table().num_rows == N_FILES
    assert users(root, version) == users(root)
    retention.require_complete(root, SILVER_USER_INDEX, version)


def test_a_row_is_appended_after_a_compaction_and_written_once(root: str) -> None:
    compact(root)
    for _ in range(2):
        row = {"user_id": "new", "user_index": N_FILES}
        append(root, SILVER_USER_INDEX, [row], run_key=RunKey("d", "new", "t"))

    assert users(root).count("new") == 1
    first = {"user_id": "u0", "user_index": 0}
    assert not append(root, SILVER_USER_INDEX, [first], run_key=RunKey("d", "0", "t"))


def test_a_table_that_is_being_written_is_left_for_the_next_run(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> bool:
        return False

    monkeypatch.setattr(locks, "LOCK_TIMEOUT_S", 0.0)
    monkeypatch.setattr(locks, "_locked", busy)

    assert compact(root) == 0
    assert files.current(root, SILVER_USER_INDEX).n_files == N_FILES


def test_maps_and_checks_of_a_table_are_kept(tmp_path: Path) -> None:
    root = str(tmp_path)
    for number in range(N_FILES):
        kinds = [("buy", {"n": 1, "amount": 2.0, "last_at": None})]
        row: dict[str, Any] = {"user_id": f"u{number}", "item_id": "a", "kinds": kinds}
        row |= {"rating": None, "rated_at": 0, "event_id": str(number)}
        append(root, SILVER_INTERACTIONS, [row], run_key=RunKey("d", str(number), "t"))
    before = Lake(root).definition(SILVER_INTERACTIONS)

    n_files = compaction.compact(root, SILVER_INTERACTIONS, run_key=KEY, min_files=N_FILES)

    assert n_files == N_FILES
    assert Lake(root).definition(SILVER_INTERACTIONS) == before
    rows = Lake(root).rows(SILVER_INTERACTIONS)
    assert {row["kinds"]["buy"]["n"] for row in rows} == {1}
