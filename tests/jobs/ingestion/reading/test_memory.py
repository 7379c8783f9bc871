"""Programs that read files of others do it in bounded memory."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.ingestion import check, check_file, parsing
from jobs.ingestion.proposals import propose
from jobs.ingestion.reading import memory
from jobs.ingestion.sources import SentFile
from jobs.runtime.errors import UnreadableFileError
from tests.jobs.ingestion.reading.hostile import bomb
from tests.support.jobs.product import install, product
from warehouse.manifests.sources import Ratings

MB = 1 << 20
UNPACKED = 100 * MB  # of each of four columns
FIELDS = {"user": "user", "item": "item", "value": "stars", "time": "at", "format": "parquet"}
SECTION = Ratings.model_validate({"file": "*.parquet", **FIELDS})
MANIFEST = """
title = "Shop"
licence = "Invented."
source = {kind = "inbox"}
scale = {lowest = 1, highest = 5, step = 1, relevant_from = 4}
[ratings]
file = "*.parquet"
format = "parquet"
user = "user"
item = "item"
value = "stars"
time = "at"
"""


@pytest.fixture(scope="module")
def content() -> bytes:
    return bomb(UNPACKED)


@pytest.fixture
def inbox(tmp_path: Path, content: bytes) -> Path:
    """A folder with a small file that unpacks to 400 MB, and a manifest that describes it."""
    assert len(content) < MB
    (tmp_path / "ratings.parquet").write_bytes(content)
    (tmp_path / "shop.toml").write_text(MANIFEST)
    return tmp_path


@pytest.fixture
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LIMIT_BYTES", 128 * MB)


@pytest.mark.usefixtures("_little")
def test_check_reports_a_file_that_does_not_fit(
    inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main([str(inbox / "shop.toml"), "--inbox", str(inbox)]) == 1
    assert "ratings.parquet: unpacked, it does not fit into memory" in capsys.readouterr().out


@pytest.mark.usefixtures("_little")
def test_the_check_of_an_upload_reports_a_file_that_does_not_fit(
    inbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ratings = {**FIELDS, "file": "*.parquet"}
    install(monkeypatch, product(ratings=ratings), str(inbox))
    monkeypatch.setattr(check_file, "CPU_SECONDS", resource.RLIM_INFINITY)  # of the tests' process
    monkeypatch.setattr(check_file, "OOM_SCORE", inbox / "score")
    path = inbox / "ratings.parquet"

    assert check_file.main(["--dataset=product", f"--file={path}", "--name=a.parquet"]) == 0

    [finding, *_] = json.loads(capsys.readouterr().out)
    assert finding["level"] == "error"
    assert "a.parquet: unpacked, it does not fit into memory" in finding["text"]


@pytest.mark.usefixtures("_little")
def test_propose_reports_a_file_that_does_not_fit(
    inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert propose.main([str(inbox / "ratings.parquet"), "--name", "shop"]) == 1
    assert "unpacked, it does not fit into memory" in capsys.readouterr().err


@pytest.mark.usefixtures("_little")
def test_land_reports_a_file_that_does_not_fit(inbox: Path) -> None:
    path = inbox / "ratings.parquet"
    file = SentFile("ratings", path.name, str(path), "x" * 16, SECTION)

    with pytest.raises(UnreadableFileError, match=r"ratings\.parquet: unpacked, it does not fit"):
        parsing.samples_of(None, [file])


@pytest.mark.parametrize("read_rows", [parsing.of_local, parsing.of_content])
def test_the_workers_of_land_read_each_file_in_bounded_memory(
    read_rows: parsing.OfFiles, content: bytes
) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    file = SentFile("ratings", "f", "/f", "x" * 16, SECTION)
    limits: list[int] = []

    def read(_: Path | bytes, __: SentFile) -> Iterator[pa.RecordBatch]:
        limits.append(resource.getrlimit(resource.RLIMIT_DATA)[0])
        yield pa.record_batch({"n": [1]})

    sent = pa.record_batch({"path": [0], "content": [b""]})
    if read_rows is parsing.of_content:
        sent = pa.record_batch({"path": ["/f"], "content": [content]})
    batches = read_rows(iter([sent]), files=[file], read=read)

    assert sum(batch.num_rows for batch in batches) == 1
    [limit] = limits
    assert memory.LIMIT_BYTES < limit < 8 * memory.LIMIT_BYTES
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_rows_for_which_there_is_no_memory_are_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("user,item,stars,at\nu,i,1,1\n")

    def fail(*_: object) -> Iterator[pa.RecordBatch]:
        raise MemoryError
        yield

    reads = "jobs.ingestion.reading.delimited.records.DelimitedReader._batches"
    monkeypatch.setattr(reads, fail)
    file = SentFile("ratings", "a.csv", str(tmp_path / "a.csv"), "x" * 16, Ratings(file="a.csv"))

    with pytest.raises(UnreadableFileError, match=r"a\.csv: reading needs more than 2,048 MB of"):
        parsing.samples_of(None, [file])


def test_a_limit_that_is_lower_stays() -> None:
    """Of another process: the hard limit of this one could not be raised again."""
    program = f"""
import resource
from jobs.ingestion.reading import memory
resource.setrlimit(resource.RLIMIT_DATA, ({700 * MB}, {900 * MB}))
with memory.bounded():
    print(resource.getrlimit(resource.RLIMIT_DATA))
print(resource.getrlimit(resource.RLIMIT_DATA))
"""
    done = subprocess.run(  # noqa: S603 # our own Python
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.splitlines() == [f"({700 * MB}, {900 * MB})"] * 2
