"""Keep one JVM warm for the Spark jobs of this machine.

Run: python -m jobs.runtime.warm_jvm_server SOCKET [--idle-seconds 120]

The JVM starts with the first job that asks. It serves one job at a time, and ends when no job used
it for the idle time, after `MOST_JOBS` jobs, as objects of earlier jobs stay in its memory, or when
a job failed, was killed, or wants other settings. `jobs.runtime.warm_jvm` describes the protocol.
"""

import argparse
import json
import logging
import os
import shutil
import signal
import socketserver
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from jobs.runtime import logs
from jobs.runtime.logs import event
from jobs.runtime.warm_jvm import RETURNED

if TYPE_CHECKING:
    from subprocess import Popen

log = logging.getLogger(__name__)

IDLE_SECONDS = 120.0
MOST_JOBS = 40
END_SECONDS = 10
SCRATCH = "spark-jvm-"  # first letters of the folder of a JVM
PRIVATE = 0o177  # umask of the socket


class WarmJvm:
    """The JVM, and what it was started with. Not for several threads at once.

    Rows that Spark writes beside its memory are in a folder of their own below `folder`. It is
    deleted with the JVM, and at the start, if a server was killed: the rows are users'.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scratch: Path | None = None
        for left in folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)
        self._settings: dict[str, str | None] = {}
        self._process: Popen[bytes] | None = None
        self._gateway: dict[str, Any] = {}
        self._n_jobs = 0
        self._used_at = 0.0

    def gateway(self, settings: dict[str, str | None]) -> dict[str, Any]:
        """Return the port and the secret of a JVM with these settings, started if necessary."""
        if not self.is_running() or settings != self._settings or self._n_jobs >= MOST_JOBS:
            self.end()
            self._start(settings)
        self._n_jobs += 1
        return self._gateway

    def is_running(self) -> bool:
        """Return whether there is a JVM."""
        return self._process is not None and self._process.poll() is None

    def used(self) -> None:
        """Note the time at which a job returned it."""
        self._used_at = time.monotonic()

    def idle_seconds(self) -> float:
        """Return for how long no job has used it."""
        return time.monotonic() - self._used_at

    def end(self) -> None:
        """End the JVM and forget it."""
        process, self._process, self._n_jobs = self._process, None, 0
        if process is None:
            return
        process.kill()  # it holds nothing that has to be written
        process.wait(END_SECONDS)
        if process.stdin is not None:
            process.stdin.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        log.info(event("jvm_ended", pid=process.pid))

    def _start(self, settings: dict[str, str | None]) -> None:
        for name in self._settings:
            os.environ.pop(name, None)
        for name, value in settings.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        from pyspark.java_gateway import launch_gateway

        self._scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=self._folder))
        os.environ["SPARK_LOCAL_DIRS"] = str(self._scratch)
        os.environ["SPARK_SUBMIT_OPTS"] = f'-Djava.io.tmpdir="{self._scratch}"'

        started = time.monotonic()
        client: Any = launch_gateway()  # type: ignore[no-untyped-call]
        parameters = client.java_parameters
        self._process, self._settings = client.proc, settings
        self._gateway = {"port": parameters.port, "secret": parameters.auth_token}
        client.close()
        seconds = round(time.monotonic() - started, 1)
        log.info(event("jvm_started", pid=client.proc.pid, seconds=seconds))


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Lends the JVM to one connection at a time."""

    daemon_threads = True

    def __init__(self, path: Path, idle_seconds: float) -> None:
        path.unlink(missing_ok=True)
        before = os.umask(PRIVATE)
        try:
            super().__init__(str(path), Loan)
        finally:
            os.umask(before)
        self.jvm = WarmJvm(path.parent)
        self.is_lent = threading.Lock()
        self._idle_seconds = idle_seconds

    def service_actions(self) -> None:
        """End a JVM that was idle for too long. `serve_forever` calls this twice a second."""
        if self.jvm.idle_seconds() > self._idle_seconds and self.is_lent.acquire(blocking=False):
            try:
                self.jvm.end()
            finally:
                self.is_lent.release()


class Loan(socketserver.StreamRequestHandler):
    """One job's connection: it gets the JVM, or an empty answer while another job has it."""

    server: Server

    def handle(self) -> None:
        """Lend the JVM until the job returns it or ends."""
        line = self.rfile.readline()
        if not line:  # a check of health
            return
        settings = json.loads(line)
        if not self.server.is_lent.acquire(blocking=False):
            self._answer({})
            return
        try:
            self._lend(settings)
        finally:
            self.server.is_lent.release()

    def _lend(self, settings: dict[str, str | None]) -> None:
        jvm = self.server.jvm
        is_usable = False
        try:
            self._answer(jvm.gateway(settings))
            is_usable = self.rfile.readline() == RETURNED
        except OSError as error:
            log.warning("no JVM: %s", error)
        finally:
            if is_usable:
                jvm.used()
            else:
                jvm.end()

    def _answer(self, fields: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(fields).encode() + b"\n")
        self.wfile.flush()


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until a signal ends this process; the JVM ends with it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("socket", type=Path)
    parser.add_argument("--idle-seconds", type=float, default=IDLE_SECONDS)
    options = parser.parse_args(argv)
    logs.configure()
    signal.signal(signal.SIGTERM, _stop)
    with Server(options.socket, options.idle_seconds) as server:
        try:
            server.serve_forever()
        finally:
            server.jvm.end()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
