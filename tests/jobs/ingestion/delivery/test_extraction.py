import io
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.ingestion import sources
from jobs.ingestion.delivery.extraction import SUFFIXES, extract
from jobs.runtime.errors import (
    ArchiveError,
    BudgetError,
    NothingSentError,
    UnreadableFileError,
)
from tests.support.jobs.product import product

FILES = {"p/one.csv": b"1" * 5000, "p/two.csv": b"2" * 5000, "p/notes.txt": b"not named"}
COMPRESSIONS = {".tar": None, ".tar.gz": "gzip", ".tar.bz2": "bz2", ".tar.zst": "zstd"}
LIMIT = 1_000_000


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    info.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
    return info


def tarred(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Write a tar archive, compressed as the name says."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    compression = next(c for suffix, c in COMPRESSIONS.items() if path.name.endswith(suffix))
    with pa.output_stream(str(path), compression=compression) as file:
        file.write(plain.getvalue())
    return path


def packed(path: Path, files: dict[str, bytes] = FILES) -> Path:
    """Write an archive of the form that the name says."""
    if path.suffix != ".zip":
        return tarred(path, *((member(n, len(c)), c) for n, c in files.items()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("suffix", [".zip", *COMPRESSIONS])
def test_members_that_match_a_pattern_are_extracted(
    tmp_path: Path, into: Path, suffix: str
) -> None:
    files = extract(packed(tmp_path / f"a{suffix}"), ["p/*.csv"], into, max_bytes=LIMIT)

    assert {name: path.read_bytes() for name, path in files.items()} == {
        name: FILES[name] for name in ("p/one.csv", "p/two.csv")
    }
    assert sorted(into.iterdir()) == sorted(files.values())


def test_a_folder_mark_before_names_in_a_tar_file_is_no_part_of_them(
    tmp_path: Path, into: Path
) -> None:
    archive = tarred(
        tmp_path / "a.tar.gz", (member("./", kind=tarfile.DIRTYPE), b""), (member("./r.csv"), b"")
    )

    assert [*extract(archive, ["r.csv"], into, max_bytes=LIMIT)] == ["r.csv"]


@pytest.mark.parametrize(
    "info",
    [
        member("p/r.csv", kind=tarfile.SYMTYPE),
        member("p/r.csv", kind=tarfile.LNKTYPE),
        member("p/r.csv", kind=tarfile.FIFOTYPE),
        member("../r.csv"),
        member("/r.csv"),
    ],
)
def test_a_member_that_is_a_link_or_leads_out_is_refused(
    tmp_path: Path, into: Path, info: tarfile.TarInfo
) -> None:
    archive = tarred(tmp_path / "a.tar", (info, b""))

    with pytest.raises(ArchiveError, match=r"a\.tar: .*r\.csv .*\. Pack .*\. Nothing was kept"):
        extract(archive, [info.name], into, max_bytes=LIMIT)


def test_a_name_that_is_not_utf8_is_an_error(tmp_path: Path, into: Path) -> None:
    plain = packed(tmp_path / "a.tar", {"p/\udcff.csv": b"1", "notes\udcff.txt": b"not named"})
    named = packed(tmp_path / "b.tar").rename(tmp_path / "b\udcff.tar")

    with pytest.raises(UnreadableFileError, match=r"^p/\\udcff\.csv: a name that is not UTF-8"):
        extract(plain, ["p/*.csv"], into, max_bytes=LIMIT)
    with pytest.raises(UnreadableFileError, match=r"^b\\udcff\.tar: a name that is not UTF-8"):
        extract(named, ["p/*.csv"], into, max_bytes=LIMIT)


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz", ".tar.zst"])
def test_no_more_is_unpacked_than_the_manifest_allows(
    tmp_path: Path, into: Path, suffix: str
) -> None:
    archive = packed(tmp_path / f"a{suffix}", {"r.csv": b"0" * 9_000_000})

    with pytest.raises(BudgetError, match="larger than"):
        extract(archive, ["r.csv"], into, max_bytes=LIMIT)
    assert sum(path.stat().st_size for path in into.iterdir()) <= LIMIT


def test_members_that_nobody_named_count_in_a_tar_file(tmp_path: Path, into: Path) -> None:
    archive = packed(tmp_path / "a.tar.zst", {"bomb.bin": b"0" * 9_000_000, "r.csv": b"1"})

    with pytest.raises(BudgetError, match="unpacked, it is larger"):
        extract(archive, ["r.csv"], into, max_bytes=LIMIT)


@pytest.mark.parametrize("n_before", [0, 2])
def test_a_header_that_would_fill_the_memory_is_refused(
    tmp_path: Path, into: Path, n_before: int
) -> None:
    header = member("x", size=200_000_000, kind=tarfile.XHDTYPE)
    archive = tmp_path / "a.tar.gz"
    with pa.output_stream(str(archive), compression="gzip") as file:
        for number in range(n_before):
            file.write(member(f"{number}.csv", size=512).tobuf() + bytes(512))
        file.write(header.tobuf(tarfile.PAX_FORMAT))
        for _ in range(200):
            file.write(bytes(1_000_000))

    tracemalloc.start()
    with pytest.raises(ArchiveError, match=r"a header in it is larger than 1 MB.* Pack the files"):
        extract(archive, ["*.csv"], into, max_bytes=1000 * LIMIT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * LIMIT


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_an_archive_that_was_cut_short_is_an_error(tmp_path: Path, into: Path, suffix: str) -> None:
    archive = packed(tmp_path / f"a{suffix}", {"r.csv": bytes(range(256)) * 2000})
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])

    with pytest.raises(ArchiveError, match=r"nothing was kept"):
        extract(archive, ["r.csv"], into, max_bytes=LIMIT)


def test_a_file_that_is_no_archive_is_named_as_such(tmp_path: Path, into: Path) -> None:
    text, single = tmp_path / "a.zip", tmp_path / "r.tar.gz"
    text.write_bytes(b"<html>not found</html>")
    with pa.output_stream(str(single), compression="gzip") as file:
        file.write(b"user,item\n" * 200)

    with pytest.raises(ArchiveError, match=r"neither a zip nor a tar file .*<html>"):
        extract(text, ["r.csv"], into, max_bytes=LIMIT)
    with pytest.raises(ArchiveError, match=r'no tar file is in it.* `kind = "inbox"`'):
        extract(single, ["r.csv"], into, max_bytes=LIMIT)


def test_a_pattern_without_a_member_is_an_error(tmp_path: Path, into: Path) -> None:
    with pytest.raises(NothingSentError, match=r"lacks q/\*\.csv; has p/one\.csv, p/two\.csv"):
        extract(packed(tmp_path / "a.tar"), ["p/*.csv", "q/*.csv"], into, max_bytes=LIMIT)


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_one_member_serves_several_sections(tmp_path: Path, suffix: str) -> None:
    assert f".zip {suffix}".split()[-1] in SUFFIXES
    packed(tmp_path / f"a{suffix}", {"all.csv": b"user,item,value,time,title\nu,i,4,1,Heat\n"})
    dataset = product(
        source={"kind": "archive"},
        ratings={"file": "all.csv"},
        items={"file": "all.csv"},
        users=None,
    )

    with sources.delivered(dataset, tmp_path, str(tmp_path / "lake")) as files:
        assert [(file.target, file.name) for file in files] == [
            ("items", "all.csv"),
            ("ratings", "all.csv"),
        ]
        assert len({file.path for file in files}) == 1
