"""An S3 server of the tests on loopback: VersityGW over a temporary folder.

It checks signatures, honours conditional writes, and is one Go program that keeps objects as plain
files. The module proxy has it in a fixed version; Go checks it against its own database of sums.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ops.setup import caches
from tests.support.serving.server import free_port

VERSION = "1.8.0"
MODULE = f"github.com/versity/versitygw/cmd/versitygw@v{VERSION}"
BUCKET = "lake"
LOOPBACK = "127.0.0.1"
START_SECONDS = 30
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class S3Server:
    """A running server: its address, the folder with its buckets, the variables of clients."""

    host: str
    port: int
    folder: Path
    variables: dict[str, str]
    processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def root(self) -> str:
        """The root of a lake in the bucket of the tests."""
        return f"s3a://{BUCKET}"

    def start(self) -> None:
        """Start the server's process and wait until it listens."""
        variables = {
            "ROOT_ACCESS_KEY": self.variables["AWS_ACCESS_KEY_ID"],
            "ROOT_SECRET_KEY": self.variables["AWS_SECRET_ACCESS_KEY"],
            "PATH": os.environ["PATH"],
        }
        options = ["--port", f"{self.host}:{self.port}", "--quiet", "posix", str(self.folder)]
        log = self.folder.parent / "server.log"
        self.processes.append(_started(options, variables, log, self.host, self.port))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the server's process; what it stored stays."""
        process = self.processes.pop()
        process.send_signal(how)
        process.wait(timeout=30)


def program() -> Path:
    """Return the server's program; build it, if this user has none, or skip the test."""
    folder = caches.folder("bin") or Path(tempfile.gettempdir())
    kept = folder / f"versitygw-{VERSION}"
    if not kept.exists():
        _build(kept)
    return kept


@contextmanager
def running(folder: Path, host: str = LOOPBACK) -> Iterator[S3Server]:
    """Yield a server with one empty bucket whose objects are in the folder."""
    (folder / "data" / BUCKET).mkdir(parents=True)
    port = free_port()
    key, secret = secrets.token_hex(8), secrets.token_hex(16)
    variables = {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",  # ask no other address for keys
    }
    server = S3Server(host, port, folder / "data", variables)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def started(
    options: Sequence[str], variables: Mapping[str, str], log: Path, port: int
) -> Iterator[None]:
    """Run the server on loopback with these options for the length of the block."""
    process = _started(options, {"PATH": os.environ["PATH"], **variables}, log, LOOPBACK, port)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _started(
    options: Sequence[str], variables: Mapping[str, str], log: Path, host: str, port: int
) -> "subprocess.Popen[bytes]":
    """Start the server's process and wait until it listens."""
    with log.open("ab") as file:
        process = subprocess.Popen([program(), *options], env=variables, stdout=file, stderr=file)  # noqa: S603 # our own program
    deadline = time.monotonic() + START_SECONDS
    while not _listens(host, port):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(log.read_text())
        time.sleep(POLL_SECONDS)
    return process


def _build(target: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed, with which VersityGW, the S3 server, is built")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        variables = {**os.environ, "GOBIN": folder, "CGO_ENABLED": "0"}
        subprocess.run([go, "install", MODULE], env=variables, check=True, timeout=1200)  # noqa: S603
        Path(folder, "versitygw").replace(target)


def _listens(host: str, port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((host, port)) == 0
