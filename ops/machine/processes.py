"""The processes of one platform, known by a mark in their environment.

Everything that supervisord starts inherits OPS_STACK, the platform's folder. So `down` finds
workers and JVMs whose parents were killed, and never touches a process of somebody else.
"""

import logging
import os
import signal
import time
from collections.abc import Iterable, Mapping
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
    """Return the platform's running processes but this one, all or those of one program.

    Those are the marked ones and whatever descends from them: Postgres' children write their title
    over their environment.
    """
    alive = {each.pid: each for each in map(_Alive, Path("/proc").glob("[0-9]*")) if each.runs}
    programs = {pid: name for pid, each in alive.items() if (name := each.program(str(stack)))}
    found = []
    for pid, each in alive.items():
        name = programs.get(_marked_ancestor(pid, alive, programs))
        if pid != os.getpid() and name is not None and program in {None, name}:
            found.append(Process(pid, name, each.command))
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
        waiting = [each for each in waiting if _Alive(Path("/proc", str(each.pid))).runs]
        if waiting:
            time.sleep(POLL_SECONDS)
    return waiting


class _Alive:
    """What /proc says of a process. It may end at any moment: then it says little."""

    def __init__(self, folder: Path) -> None:
        self.pid = int(folder.name)
        self.folder = folder
        self.state, self.parent = self._stat()

    @property
    def runs(self) -> bool:
        return self.state not in {"Z", "X"}

    @property
    def command(self) -> str:
        return self._read("cmdline").replace("\0", " ").strip()

    def program(self, stack: str) -> str | None:
        pairs = self._read("environ").split("\0")
        environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        if environment.get(MARK) != stack:
            return None
        return environment.get(PROGRAM, "supervisord")

    def _stat(self) -> tuple[str, int]:
        fields = self._read("stat").rpartition(")")[2].split()
        return (fields[0], int(fields[1])) if fields else ("X", 0)

    def _read(self, name: str) -> str:
        with suppress(OSError):
            return (self.folder / name).read_bytes().decode(errors="replace")
        return ""


def _marked_ancestor(pid: int, alive: Mapping[int, _Alive], marked: Mapping[int, str]) -> int:
    """Return the process itself or its nearest ancestor that is marked, 0 if there is none."""
    while pid in alive and pid not in marked:
        pid = alive[pid].parent
    return pid if pid in marked else 0
