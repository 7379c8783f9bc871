"""The processes of one platform, found by a mark in their environment.

Everything that supervisord starts inherits OPS_STACK, the platform's folder. So `down` finds
workers and JVMs whose parents were killed, and never ends a process of another platform.
"""

import logging
import os
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

MARK = "OPS_STACK"
PROGRAM = "OPS_PROGRAM"
POLL_SECONDS = 0.1
ENDED = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Process:
    """One running process of a platform. `program` is the supervised program it belongs to."""

    pid: int
    program: str


def of(stack: Path, *, program: str | None = None) -> list[Process]:
    """Return the platform's running processes except this one: all, or those of one program.

    A process belongs to the platform if it or an ancestor is marked: Postgres' children overwrite
    their environment with their title.
    """
    psutil.process_iter.cache_clear()  # the cache would skip a process that reuses an old id
    parents: dict[int, int] = {}
    marked: dict[int, str] = {}
    for process in psutil.process_iter(["ppid", "status", "environ"]):
        environment = process.info["environ"] or {}
        if process.info["status"] not in ENDED:
            parents[process.pid] = process.info["ppid"]
            if environment.get(MARK) == str(stack):
                marked[process.pid] = environment.get(PROGRAM, "supervisord")
    programs = {pid: marked.get(_marked_ancestor(pid, parents, marked)) for pid in parents}
    return [
        Process(pid, name)
        for pid, name in programs.items()
        if pid != os.getpid() and name is not None and program in {None, name}
    ]


def other_stacks(stack: Path) -> set[str]:
    """Return the folders of the other platforms that run, as far as this user may see them."""
    environments = (process.info["environ"] or {} for process in psutil.process_iter(["environ"]))
    return {name for environment in environments if (name := environment.get(MARK))} - {str(stack)}


def end(processes: Iterable[Process], *, grace: float = 10) -> None:
    """Send SIGTERM, wait, and kill the processes that are still running."""
    remaining = list(processes)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in remaining:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)
        deadline = time.monotonic() + grace
        while (remaining := [p for p in remaining if _is_running(p.pid)]) and (
            time.monotonic() < deadline
        ):
            time.sleep(POLL_SECONDS)
        if not remaining:
            return
    log.warning("still running: %s", ", ".join(f"{p.pid} {p.program}" for p in remaining))


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() not in ENDED
    except psutil.NoSuchProcess:
        return False


def _marked_ancestor(pid: int, parents: Mapping[int, int], marked: Mapping[int, str]) -> int:
    """Return the process itself or its nearest marked ancestor, 0 if there is none."""
    while pid in parents and pid not in marked:
        pid = parents[pid]
    return pid if pid in marked else 0
