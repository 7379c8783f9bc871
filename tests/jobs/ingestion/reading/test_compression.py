import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.ingestion.reading import json_records, lines
from jobs.ingestion.reading.compression import readable
from jobs.runtime.errors import UnreadableFileError
from tests.jobs.ingestion.reading.reads import opened, rows

TEXT = b"user,item\nu1,i1\n" + b"".join(b"u%d,i%d\n" % (n, n * n) for n in range(2, 60_000))


def tar() -> bytes:
    sent = io.BytesIO()
    with tarfile.open(fileobj=sent, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("ratings.csv"), io.BytesIO())
    return sent.getvalue()


def zipped(member: str) -> bytes:
    sent = io.BytesIO()
    with zipfile.ZipFile(sent, "w") as archive:
        archive.writestr(member, "user,item\n")
    return sent.getvalue()


PACKED = {
    "gzip": gzip.compress(TEXT),
    "gzip in parts": gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
    "bzip2": bz2.compress(TEXT),
    "zstd": pa.compress(TEXT, codec="zstd", asbytes=True),
}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
def test_compressed_files_are_read_as_they_are(packed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_bytes(packed)

    for source in (packed, path):
        read = rows(opened(source))
        assert len(read) == 59_999
        assert read[-1] == ("u59999", f"i{59_999**2}")


def test_compressed_json_is_read() -> None:
    assert rows(opened(gzip.compress(b'{"a": 1}'), format="jsonl")) == [("1",)]
    assert rows(opened(gzip.compress(b'[{"a": 1}]'), format="json")) == [("1",)]


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
def test_a_compressed_file_that_was_cut_short_is_named(packed: bytes) -> None:
    with pytest.raises(UnreadableFileError, match=r"^f: the compressed file ends too early"):
        rows(opened(packed[:-5]))


def test_a_damaged_file_is_named() -> None:
    with pytest.raises(UnreadableFileError, match=r"^f: the file is damaged or cannot be read"):
        rows(opened(PACKED["gzip"] + b"\0\0\0\0and more"))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (zipped("ratings.csv"), 'a zip archive. Unpack it first, or write `kind = "archive"`'),
        (zipped("xl/workbook.xml"), "an Excel workbook. Save the sheet as CSV UTF-8"),
        (tar(), "a tar archive. Unpack it first"),
        (gzip.compress(tar()), "a tar archive. Unpack it first"),
        (lzma.compress(TEXT), "compressed with xz. Unpack it first"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file. Save the sheet as"),
        (b"SQLite format 3\0" + bytes(50), "an SQLite database. Export the table as csv"),
        (b"\n<!DOCTYPE html><html>", "a web page. Download the file itself"),
    ],
    ids=["zip", "xlsx", "tar", "tar.gz", "xz", "xls", "sqlite", "html"],  # gzip writes the time
)
@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet"])
def test_other_formats_are_named(content: bytes, what: str, form: str) -> None:
    with pytest.raises(UnreadableFileError) as error:
        opened(content, format=form)

    if form != "parquet" or not content.startswith(b"\x1f\x8b"):
        assert str(error.value).startswith(f"f: this is {what}")


def test_parquet_in_other_hands_is_named() -> None:
    sent = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), sent)

    with pytest.raises(UnreadableFileError, match=r'this is a Parquet file. Write `format = "parq'):
        opened(sent.getvalue())
    with pytest.raises(UnreadableFileError, match=r"a compressed file around Parquet. Unpack it"):
        opened(gzip.compress(sent.getvalue()), format="parquet")


def test_words_that_begin_like_another_format_are_text() -> None:
    assert opened(b"PK,ORC\n1,2\n").columns == ("PK", "ORC")
    assert opened(b"ORCID,b\n1,2\n").columns == ("ORCID", "b")
    assert opened(b"BZh,b\n1,2\n").columns == ("BZh", "b")


def test_files_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"^f: the file is gone"):
        opened(tmp_path / "none")
    with pytest.raises(UnreadableFileError, match=r"^f: this is a folder"):
        opened(tmp_path)
    with (
        pytest.raises(UnreadableFileError, match=r"^f: the file is there, but may not be read"),
        readable("f"),
    ):
        raise PermissionError


@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_batches_come_before_the_end_of_the_file_is_read(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (lines, json_records):
        monkeypatch.setattr(module, "BLOCK_CHARS", 10_000)
    objects = [b'{"user": "u%d", "item": %d}' % (n, n * n) for n in range(1, 60_000)]
    content = {"csv": TEXT, "jsonl": b"\n".join(objects), "json": b"[" + b",".join(objects) + b"]"}
    file = opened(gzip.compress(content[form])[:-5], format=form)

    first = next(file.batches(["user"]))

    assert first.num_rows < 2000
    assert first["user"][0].as_py() == "u1"
