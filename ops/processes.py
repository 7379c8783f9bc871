"""The processes of one platform, known by a mark in their environment.

Everything that supervisord starts inherits OPS_STACK, the platform's folder. So `down` finds
workers and JVMs whose parents were killed, and never touches a process of somebody else.
"""

import logging
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK = "OPS_STACK"
PROGRAM = "OPS_PROGRAM"
POLL_SECONDS = 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Process:
    """One running process of a platform. `program` is what supervisord calls its ancestor."""

    pid: int
    program: str
    command: str


def of(stack: Path, *, program: str | None = None) -> list[Process]:
    """Return the platform's running processes but this one, all or those of one program."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        environment = _environment(folder)
        if environment.get(MARK) != str(stack):
            continue
        name = environment.get(PROGRAM, "supervisord")
        if program in {None, name} and _runs(folder):
            found.append(Process(int(folder.name), name, _command(folder)))
    return found


def end(processes: Iterable[Process], *, grace: float = 10) -> None:
    """Ask the processes to end, wait, and kill those that did not."""
    waiting = list(processes)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in waiting:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)
        waiting = _left(waiting, time.monotonic() + grace)
        if not waiting:
            return
    log.warning("still there: %s", ", ".join(f"{each.pid} {each.program}" for each in waiting))


def _left(waiting: list[Process], deadline: float) -> list[Process]:
    while waiting and time.monotonic() < deadline:
        waiting = [each for each in waiting if _runs(Path("/proc", str(each.pid)))]
        if waiting:
            time.sleep(POLL_SECONDS)
    return waiting


def _environment(folder: Path) -> dict[str, str]:
    with suppress(OSError):
        pairs = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    return {}


def _runs(folder: Path) -> bool:
    with suppress(OSError, IndexError):
        state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        return state not in {"Z", "X"}
    return False


def _command(folder: Path) -> str:
    with suppress(OSError):
        return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
