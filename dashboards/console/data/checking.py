"""The check of a file before it is taken, by the reader that `land` uses.

Pages do not import jobs. The check is a program, which the app runs as Airflow's tasks run jobs:
in a process of its own, without the app's secrets, with limits of time and memory.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from dashboards.console.data.inbox import UploadRefusedError

MAX_SECONDS = 90
WAIT_SECONDS = 20.0  # for the check of another file: each may take 2 GB of memory
_TURN = Lock()
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "DATASETS_MANIFESTS", "PYTHONPATH")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """A sentence on the file. A file with a finding of the level `error` is not taken."""

    level: str
    about: str
    text: str


def findings(dataset: str, path: Path, name: str) -> list[Finding]:
    """Return the findings on the file at `path`, worst first.

    Raises:
        UploadRefusedError: another file is being checked, or the check cannot be started, did not
            end, or failed.
    """
    with _turn():
        return _findings(dataset, path, name)


@contextmanager
def _turn() -> Iterator[None]:
    if not _TURN.acquire(timeout=WAIT_SECONDS):
        raise UploadRefusedError("Another file is being checked. Try again in a minute.")
    try:
        yield
    finally:
        _TURN.release()


def _findings(dataset: str, path: Path, name: str) -> list[Finding]:
    command = [sys.executable, "-P", "-m", "jobs.ingestion.check_file", f"--dataset={dataset}"]
    command += [f"--file={path}", f"--name={name}"]
    try:
        done = subprocess.run(  # noqa: S603 # a list, no shell
            command,
            env={key: os.environ[key] for key in _PASSED_ON if key in os.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UploadRefusedError(
            f"The check took longer than {MAX_SECONDS} s. Split the file, or copy it into the "
            "inbox on the machine itself."
        ) from error
    except OSError as error:
        raise UploadRefusedError(f"The check cannot be started: {error.strerror}.") from error
    if done.returncode < 0:
        raise UploadRefusedError(
            "The check crashed: the file is damaged, or needs too much memory. Send it again, or "
            "split it."
        )
    if done.returncode:
        log.error("check of an upload failed code=%d %r", done.returncode, done.stderr[-2000:])
        raise UploadRefusedError("The check failed. The app's log has the reason.")
    return [Finding(**fields) for fields in json.loads(done.stdout)]
