import hashlib
import logging
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from jobs.ingestion import sources
from jobs.ingestion.delivery import archives
from jobs.runtime.errors import (
    ArchiveError,
    BudgetError,
    ChecksumError,
    JobError,
    NothingSentError,
    UnreachableError,
)
from tests.support.http_server import serving
from tests.support.jobs.product import product, send
from warehouse.datasets import Dataset

FILES = {
    "p/ratings.csv": b"user,item,value,time\nu,i,4,1\n" * 9000,
    "p/secret.txt": b"not in the manifest",
}


def from_zip(**source: object) -> Dataset:
    return product(
        source={"kind": "archive", **source},
        ratings={"file": "p/ratings.csv"},
        items=None,
        users=None,
    )


def zipped(path: Path, files: dict[str, bytes] = FILES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def delivered(dataset: Dataset, tmp_path: Path) -> list[str]:
    with sources.delivered(dataset, tmp_path / "inbox", str(tmp_path / "lake")) as files:
        assert all(Path(file.path).is_file() for file in files)
        return [file.name for file in files]


def files_left(tmp_path: Path) -> list[str]:
    """Return the names of all files below the lake and the inbox."""
    return [
        path.name
        for folder in ("lake", "inbox")
        for path in (tmp_path / folder).rglob("*")
        if path.is_file()
    ]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the folder on a loopback port."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the name in the base class
        pass


def test_only_the_named_members_are_extracted(tmp_path: Path) -> None:
    zipped(tmp_path / "inbox" / "any.zip", {"../../evil.csv": b"x", **FILES})

    assert delivered(from_zip(), tmp_path) == ["p/ratings.csv"]
    assert files_left(tmp_path) == ["any.zip"]
    assert not list(tmp_path.rglob("evil*"))


def test_an_archive_without_a_named_file_lists_its_members(tmp_path: Path) -> None:
    zipped(tmp_path / "inbox" / "any.zip", {"other/ratings.csv": b"x"})

    with pytest.raises(NothingSentError, match=r"lacks p/ratings\.csv; has other/ratings\.csv"):
        delivered(from_zip(), tmp_path)


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_archive_is_rejected_and_nothing_is_kept(tmp_path: Path, damage: str) -> None:
    path = zipped(tmp_path / "inbox" / "any.zip")
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content if damage == "flipped" else content[: len(content) // 2])

    with pytest.raises(ArchiveError, match="truncated or corrupt"):
        delivered(from_zip(), tmp_path)
    assert files_left(tmp_path) == ["any.zip"]


def test_a_link_in_an_archive_is_rejected(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("p/ratings.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    (tmp_path / "inbox").mkdir()
    with zipfile.ZipFile(tmp_path / "inbox" / "any.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")

    with pytest.raises(ArchiveError, match="is a link"):
        delivered(from_zip(), tmp_path)


def test_extraction_stops_at_the_size_limit(tmp_path: Path) -> None:
    zipped(tmp_path / "inbox" / "any.zip", {"p/ratings.csv": b"0" * 3_000_000})

    with pytest.raises(BudgetError, match="larger than the 1 MB"):
        delivered(from_zip(max_mb=1), tmp_path)
    assert files_left(tmp_path) == ["any.zip"]


def test_an_archive_in_the_inbox_is_used_with_any_digest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = zipped(tmp_path / "inbox" / "any.zip")

    assert delivered(from_zip(md5="0" * 32), tmp_path) == ["p/ratings.csv"]

    assert "not the published archive" in caplog.text
    assert archives.digest(path) in caplog.text


def test_an_archive_with_a_known_digest_is_downloaded_once(tmp_path: Path) -> None:
    path = zipped(tmp_path / "shop" / "p.zip")
    with served(path.parent) as address:
        dataset = from_zip(
            url=f"{address}/p.zip",
            md5=hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(),
        )
        assert delivered(dataset, tmp_path) == ["p/ratings.csv"]

    assert delivered(dataset, tmp_path) == ["p/ratings.csv"]  # the publisher no longer answers


def test_a_download_with_another_digest_is_rejected(tmp_path: Path) -> None:
    path = zipped(tmp_path / "shop" / "p.zip")
    actual, expected = archives.digest(path), "0" * 64
    with (
        served(path.parent) as address,
        pytest.raises(ChecksumError, match=f"{actual}, the manifest states {expected}"),
    ):
        delivered(from_zip(url=f"{address}/p.zip", sha256=expected), tmp_path)
    assert files_left(tmp_path) == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/p.zip", None])
def test_an_unreachable_publisher_is_an_error_with_a_next_step(
    tmp_path: Path, address: str | None
) -> None:
    (tmp_path / "shop").mkdir()
    with (
        served(tmp_path / "shop") as publisher,
        pytest.raises(UnreachableError, match=r"make demo ARCHIVE="),
    ):
        delivered(from_zip(url=address or f"{publisher}/missing.zip", sha256="0" * 64), tmp_path)
    assert files_left(tmp_path) == []


def test_without_an_archive_the_error_names_the_inbox(tmp_path: Path) -> None:
    with pytest.raises(NothingSentError, match=r"no archive in .*inbox"):
        delivered(from_zip(), tmp_path)


def test_a_link_out_of_the_inbox_is_not_followed(tmp_path: Path) -> None:
    outside = send(tmp_path, "elsewhere.csv", "user,item,stars,at")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "ratings.csv").symlink_to(outside)

    with pytest.raises(JobError, match="a link that leads out of"):
        delivered(product(), tmp_path)


def test_an_empty_inbox_is_an_error_that_names_the_expected_files(tmp_path: Path) -> None:
    with pytest.raises(NothingSentError, match=r"items\*\.csv, users\*\.csv, ratings\*\.csv"):
        delivered(product(), tmp_path)


def test_files_of_a_killed_run_are_removed_after_a_day(tmp_path: Path) -> None:
    import os
    import time

    zipped(tmp_path / "inbox" / "any.zip")
    old = tmp_path / "lake" / ".landing" / "old"
    old.mkdir(parents=True)
    os.utime(old, (time.time() - 2 * 86400,) * 2)

    delivered(from_zip(), tmp_path)

    assert not old.exists()


class Redirecting(BaseHTTPRequestHandler):
    """Redirects every request to the address in `target`."""

    target = ""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.target)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:9/p.zip", "https://127.0.0.1:9/p.zip", "https://169.254.169.254/latest",
     "http://example.org/p.zip", "https://[::1]/p.zip", "https://10.0.0.1/p.zip"],
)  # fmt: skip
def test_a_redirect_to_a_private_address_or_without_https_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setattr(Redirecting, "target", target)
    with (
        serving(Redirecting) as publisher,
        pytest.raises(UnreachableError, match="not a public address with https"),
    ):
        delivered(from_zip(url=f"{publisher}/p.zip", sha256="0" * 64), tmp_path)
    assert files_left(tmp_path) == []
