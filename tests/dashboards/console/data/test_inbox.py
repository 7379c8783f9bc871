"""Names of uploaded files, and how a file gets into the inbox."""

import errno
import os
import stat
from pathlib import Path

import pytest

from dashboards.console.data import inbox
from dashboards.console.data.inbox import UploadRefusedError


def entries(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    "name", ["ratings.csv", "orders (2).csv.gz", "Bestellungen_März-2026+1.csv", "1,2=3@x.json"]
)
def test_names_of_exports_are_allowed(name: str) -> None:
    assert inbox.checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", ".hidden.csv", "_SUCCESS", "../ratings.csv", "a/../../b.csv", "/etc/passwd",
        "a\\b.csv", "a\x00.csv", "a\n.csv", "a..csv", "ratings.csv ", "ratings.csv.", "-rf.csv",
        "a*.csv", "a?.csv", "a[1].csv", "a:b.csv", "~a.csv", "\u202egpj.csv", "a" * 201,
        "<b>.csv", "a\ud800.csv",
    ],
)  # fmt: skip
def test_paths_hidden_files_and_patterns_are_refused(name: str) -> None:
    with pytest.raises(UploadRefusedError, match="not allowed"):
        inbox.checked_name(name)


def test_a_name_that_is_taken_is_refused_however_it_is_composed(tmp_path: Path) -> None:
    composed, decomposed = "M\u00e4rz.csv", "Ma\u0308rz.csv"
    assert inbox.checked_name(decomposed) == composed

    (tmp_path / "link.csv").symlink_to("nowhere")
    for name, landed in ((composed, {composed}), ("link.csv", set[str]())):
        with pytest.raises(UploadRefusedError, match="landed before"):
            inbox.require_new(tmp_path, name, landed)
    inbox.require_new(tmp_path, "other.csv", {composed})


@pytest.mark.parametrize(
    ("patterns", "folders"),
    [
        (["ratings*.csv"], [""]),
        (["ratings/*.csv", "items/*.csv"], ["items", "ratings"]),
        (["ratings/*.parquet", "ratings.csv"], [""]),
        (["**/ratings.csv", "a*/ratings.csv"], []),
        (["clicks*.csv"], []),
    ],
)
def test_a_file_goes_to_the_folder_that_the_manifest_names(
    patterns: list[str], folders: list[str]
) -> None:
    assert inbox.folders("ratings.csv", patterns) == folders


def test_a_file_appears_as_a_whole_for_its_owner_only(tmp_path: Path) -> None:
    root, seen = tmp_path / "shop", list[list[str]]()
    old = os.umask(0)
    try:
        inbox.take(root, "in/a.csv", b"x", approve=lambda: seen.append(entries(root)))
    finally:
        os.umask(old)

    assert (root / "in/a.csv").read_bytes() == b"x"
    modes = [mode(path) for path in (root / "in/a.csv", root / "in", root / ".uploads")]
    assert modes == [0o600, 0o700, 0o700]
    assert seen == [[".uploads"]]  # before the approval there is no such file
    assert list((root / ".uploads").iterdir()) == []


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    def add() -> None:
        (tmp_path / "a.csv").write_bytes(b"first")

    with pytest.raises(UploadRefusedError, match="meanwhile"):
        inbox.take(tmp_path, "a.csv", b"second", approve=add)
    with pytest.raises(UploadRefusedError, match="in the inbox"):
        inbox.take(tmp_path, "a.csv", b"second", approve=pytest.fail)

    assert (tmp_path / "a.csv").read_bytes() == b"first"
    assert list((tmp_path / ".uploads").iterdir()) == []


def test_without_an_approval_nothing_is_added(tmp_path: Path) -> None:
    def refuse() -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        inbox.take(tmp_path, "a.csv", b"x", approve=refuse)

    assert entries(tmp_path) == [".uploads"]


def test_leftovers_of_a_killed_process_are_removed_after_a_day(tmp_path: Path) -> None:
    old, new = tmp_path / ".uploads/old", tmp_path / ".uploads/new"
    for path in (old, new):
        path.mkdir(parents=True)
    os.utime(old, (0, 0))

    with inbox.staged(tmp_path, b"x"):
        assert not old.exists()
        assert new.exists()


def test_a_failure_after_the_audit_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)

    with pytest.raises(UploadRefusedError, match=r"activity log has the upload: No space left"):
        inbox.take(tmp_path, "a.csv", b"x", approve=lambda: None)


def test_an_error_of_the_block_is_none_of_the_inbox(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the check's own"), inbox.staged(tmp_path, b"x"):
        raise OSError(errno.EIO, "the check's own")


def test_a_leftover_that_another_process_removes_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = tmp_path / ".uploads"
    staging.mkdir()
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([staging / "gone"]))

    with inbox.staged(tmp_path, b"x") as path:
        assert path.read_bytes() == b"x"
