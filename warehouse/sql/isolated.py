"""Runs a query in a process of its own, which can be stopped and whose memory is bounded.

The page Explore uses it, so that no query can slow down or end the app.
"""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import pyarrow as pa

from warehouse.errors import QueryRefusedError
from warehouse.sql.engine import Limits

log = logging.getLogger(__name__)

WORKER = "warehouse.sql.worker"
REFUSED = 3  # exit code of the worker: its output is a reason
IS_CUT = b"is_cut"  # metadata of the result's schema
STARTING_SECONDS = 10.0  # seconds added to the query's limit for starting the process
MAX_BYTES = 16_000_000  # largest result, in bytes
# How variables with secrets of the app begin. The worker needs only those of the lake's storage.
_WITHHELD = ("AIRFLOW", "API_", "CONSOLE_", "DEMO_", "KEY_", "SERVING_", "VISITOR_")


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of a query, whether a limit left rows out, and the seconds that it took."""

    table: pa.Table
    is_cut: bool
    seconds: float


class Running:
    """A query that runs in its own process."""

    def __init__(self, process: subprocess.Popen[bytes], request: bytes, limits: Limits) -> None:
        self._process, self._limits = process, limits
        self._request: bytes | None = request
        self._begun = time.monotonic()

    def result(self, seconds: float) -> Result | None:
        """Wait for the result; None if it is not there after these seconds.

        Raises:
            QueryRefusedError: the query was refused, failed, or reached a limit.
        """
        request, self._request = self._request, None  # it is sent once
        try:
            output, errors = self._process.communicate(request, timeout=seconds)
        except subprocess.TimeoutExpired:
            if time.monotonic() - self._begun > self._limits.seconds + STARTING_SECONDS:
                raise QueryRefusedError(
                    f"the query took longer than {self._limits.seconds:g} s and was stopped"
                ) from None
            return None
        if self._process.returncode == REFUSED:
            raise QueryRefusedError(output.decode())
        if self._process.returncode:
            log.error("query failed code=%d %s", self._process.returncode, errors.decode()[-2000:])
            raise QueryRefusedError(
                f"the query ended its process. It may need more than {self._limits.memory_mb:,} MB "
                "of memory: read fewer rows or columns, or aggregate"
            )
        table = pa.ipc.open_stream(output).read_all()
        is_cut = bool((table.schema.metadata or {}).get(IS_CUT))
        return Result(table.replace_schema_metadata(), is_cut, time.monotonic() - self._begun)


@contextmanager
def started(root: str, text: str, limits: Limits) -> Iterator[Running]:
    """Start a query on the lake at `root`; it is stopped at the end of the block."""
    request = {"root": root, "text": text, "limits": asdict(limits), "n_bytes": MAX_BYTES}
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_WITHHELD)}
    process = subprocess.Popen(  # noqa: S603 # our own program
        [sys.executable, "-P", "-m", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    try:
        yield Running(process, json.dumps(request).encode(), limits)
    finally:
        process.kill()
        process.communicate()
