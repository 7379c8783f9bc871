"""A copy of a lake that is written meanwhile."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from ops.backup import archive, lake_copy
from ops.backup.archive import About, BackupError


def table(n: int) -> pa.Table:
    return pa.table({"user_id": [f"u{i}" for i in range(n)]})


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    """A table with three versions in a lake, beside a folder that is no table."""
    path = tmp_path / "lake/shop/silver/ratings"
    for n in (1, 2, 3):
        write_deltalake(str(path), table(n), mode="overwrite")
    (tmp_path / "lake/shop/.landing").mkdir()
    (tmp_path / "lake/shop/silver/.ratings.lock").touch()
    return path


def copied(lake: Path, folder: Path) -> dict[str, int]:
    with archive.written(folder / "backup.tar") as writer:
        versions = lake_copy.add(writer, lake)
        archive.finish(writer, About("", 18, versions))
    archive.extract(folder / "backup.tar", folder / "to")
    return versions


@pytest.mark.usefixtures("ratings")
def test_all_versions_are_copied(tmp_path: Path) -> None:
    versions = copied(tmp_path / "lake", tmp_path)

    assert versions == {"shop/silver/ratings": 2}
    for version in (0, 1, 2):
        of_copy = DeltaTable(str(tmp_path / "to/lake/shop/silver/ratings"), version=version)
        assert of_copy.to_pyarrow_table().num_rows == version + 1
    assert {path.name for path in (tmp_path / "to/lake/shop").iterdir()} == {"silver"}


@pytest.mark.usefixtures("ratings")
def test_a_commit_during_the_copy_is_in_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = lake_copy.needed

    def commits_first(path: Path, version: int) -> set[str]:
        write_deltalake(str(path), table(9), mode="overwrite")
        DeltaTable(str(path)).create_checkpoint()
        return needed(path, version)

    monkeypatch.setattr(lake_copy, "needed", commits_first)

    assert copied(tmp_path / "lake", tmp_path) == {"shop/silver/ratings": 2}
    of_copy = DeltaTable(str(tmp_path / "to/lake/shop/silver/ratings"))
    assert of_copy.to_pyarrow_table().num_rows == 3


def test_a_table_with_a_checkpoint_is_read_from_its_copy(tmp_path: Path, ratings: Path) -> None:
    DeltaTable(str(ratings)).create_checkpoint()
    write_deltalake(str(ratings), table(1), mode="append")

    copied(tmp_path / "lake", tmp_path)

    of_copy = tmp_path / "to/lake/shop/silver/ratings"
    assert (of_copy / "_delta_log/_last_checkpoint").exists()
    assert DeltaTable(str(of_copy)).to_pyarrow_table().num_rows == 4


def test_a_hint_of_a_later_checkpoint_is_left_out(tmp_path: Path, ratings: Path) -> None:
    hint = ratings / "_delta_log/_last_checkpoint"
    hint.write_text('{"version":3,"size":1}')

    copied(tmp_path / "lake", tmp_path)

    of_copy = tmp_path / "to/lake/shop/silver/ratings"
    assert DeltaTable(str(of_copy)).to_pyarrow_table().num_rows == 3


def test_a_file_that_is_vacuumed_meanwhile_is_left_out_unless_it_is_needed(
    tmp_path: Path, ratings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_now = {Path(uri).name for uri in DeltaTable(str(ratings)).file_uris()}
    old = next(path for path in ratings.glob("*.parquet") if path.name not in of_now)
    listed = lake_copy.data_files
    monkeypatch.setattr(lake_copy, "data_files", lambda path: iter([*listed(path), old]))
    old.unlink()

    copied(tmp_path / "lake", tmp_path)

    next(path for path in ratings.glob("*.parquet") if path.name in of_now).unlink()
    with pytest.raises(BackupError, match="was deleted while the backup was made"):
        copied(tmp_path / "lake", tmp_path / "lake")
