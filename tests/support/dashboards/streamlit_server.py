"""The app in its own process, on a free port of loopback."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import streamlit as st

from dashboards.server import asgi
from tests.support.dashboards.demo_pages import SECRET

ROOT = Path(__file__).parents[3]
APP = ROOT / "dashboards/app.py"
MAX_START_SECONDS = 60
SCRIPT = "TEST_SCRIPT"


def create_app() -> st.App:
    """Return the app with the script of this process's environment; the server calls it."""
    return asgi.create_app(script=Path(os.environ[SCRIPT]))


@contextmanager
def served(settings: Mapping[str, str], log: Path, script: Path = APP) -> Iterator[str]:
    """Serve a script while the block runs; yield its base URL."""
    port = _free_port()
    command = [sys.executable, "-m", "edge.serve", f"{__name__}:create_app", "--websockets"]
    with log.open("wb") as lines:
        process = subprocess.Popen(  # noqa: S603 # a list, no input
            [*command, f"--port={port}"],
            cwd=ROOT,
            env={**os.environ, "VISITOR_SECRET": SECRET, **settings, SCRIPT: str(script)},
            stdout=lines,
            stderr=lines,
        )
    try:
        _wait(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + MAX_START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the app did not start: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
