"""What may be unusual about this machine: lines of `lantern doctor`, and warnings before a start.

Most of it Lantern can live with. A line then says what it does about it, and is no fault.
"""

import importlib.util
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OpsError
from ops.machine import environment, postgres, processes
from ops.machine.supervisord import MAX_SOCKET_PATH, Supervisord
from ops.settings import ROOT, OpsSettings
from ops.setup import commands, proxies
from ops.steps import console
from ops.terminal import demo
from warehouse import datasets

GIB = 1 << 30
DISK_GIB, MEMORY_GIB = 5, 6
DISK_SHARE = 0.05  # of the disk, that must be free too
PLAIN = re.compile(r"[A-Za-z0-9._/-]+")  # a path without a character that has a meaning anywhere
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    found: str
    needed: str
    good: bool
    fix: str = ""


def examine(settings: OpsSettings) -> Iterator[Finding]:
    """Yield the findings. Nothing is changed, and nothing outside of this machine is asked."""
    checks: tuple[Callable[[OpsSettings], Iterator[Finding]], ...] = (
        *(_user, _home, _environments, _path, _locale, _time_zone, _proxies),
        *(_neighbours, _disk, _memory),
    )
    for check in checks:
        yield from check(settings)


def network() -> Finding:
    """Return whether the publisher of the default data set answers. It may take 5 s."""
    url = str(datasets.load_named(demo.DEFAULT).source.url)
    found = "the publisher of MovieLens 1M answers" if demo.is_reachable(url) else (
        "no answer from the publisher of MovieLens 1M: the demo takes ARCHIVE=… or synthetic data"
    )  # fmt: skip
    return Finding("network", found, "only for downloads", good=True)


def warn(settings: OpsSettings) -> None:
    """Print a warning if the disk has too little space for a start."""
    place = _place(settings)
    usage = shutil.disk_usage(place)
    if usage.free < DISK_GIB * GIB:
        console.print(
            f"warning: {usage.free / GIB:.1f} GiB are free on the disk of {place}, and a demo "
            f"needs {DISK_GIB} GiB: free space, or set OPS_VAR to another disk",
            markup=False,
        )


def _user(_: OpsSettings) -> Iterator[Finding]:
    needed = "any with a name"
    try:
        user = postgres.run_as()
    except OpsError as error:
        yield Finding("user", f"id {os.geteuid()}", needed, good=False, fix=str(error))
        return
    found = f"root; Postgres runs as {user.pw_name}" if user else "not root"
    yield Finding("user", found, needed, good=True)


def _home(settings: OpsSettings) -> Iterator[Finding]:
    of_user, used = os.environ.get("HOME"), environment.home(settings)
    if of_user and str(used) == of_user:
        return
    state = f"{of_user} cannot be written" if of_user else "HOME is not set"
    yield Finding("home", f"{state}; programs use {used}", "any", good=True)


def _environments(_: OpsSettings) -> Iterator[Finding]:
    good = all(importlib.util.find_spec(module) for module in ("venv", "ensurepip"))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    yield Finding("Python's venv", "installed" if good else "ensurepip is missing", "for set-up",
                  good, f"apt install python{version}-venv")  # fmt: skip


def _path(settings: OpsSettings) -> Iterator[Finding]:
    for path in {ROOT, settings.folder}:
        if not PLAIN.fullmatch(str(path)):
            yield Finding("path", f"{path} has special characters", "any", good=True)
    socket = Supervisord(settings).socket
    n_bytes = len(os.fsencode(socket))
    if n_bytes > MAX_SOCKET_PATH:
        yield Finding("path", f"{socket} has {n_bytes} bytes", f"at most {MAX_SOCKET_PATH}",
                      good=False, fix="set OPS_VAR to a folder with a shorter path")  # fmt: skip


def _locale(_: OpsSettings) -> Iterator[Finding]:
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    found = next((f"{n}={os.environ[n]}" for n in names if os.environ.get(n)), "not set")
    yield Finding("locale", found, "any; programs use C.UTF-8", good=True)


def _time_zone(_: OpsSettings) -> Iterator[Finding]:
    found = f"{os.environ.get('TZ') or 'of the system'} ({time.strftime('%z')})"
    yield Finding("time zone", found, "any; programs use UTC", good=True)


def _proxies(_: OpsSettings) -> Iterator[Finding]:
    for name, address in environment.inherited(PROXIES).items():
        good = not proxies.unsupported(name, address)
        shown = commands.without_passwords(address)
        found = f"{shown} for downloads, not for loopback" if good else f"{shown} is not used"
        yield Finding(name, found, "http:// or https://", good,
                      "set HTTPS_PROXY to an HTTP proxy; downloads do not use SOCKS")  # fmt: skip


def _neighbours(settings: OpsSettings) -> Iterator[Finding]:
    for folder in sorted(processes.other_stacks(settings.folder)):
        yield Finding("another platform", f"runs in {folder}", "may run too", good=True)


def _disk(settings: OpsSettings) -> Iterator[Finding]:
    place = _place(settings)
    usage = shutil.disk_usage(place)
    free, needed = usage.free / GIB, max(DISK_GIB, DISK_SHARE * usage.total / GIB)
    found = f"{free:.0f} of {usage.total / GIB:.0f} GiB free"
    yield Finding("disk", found, f"{needed:.0f} GiB", free >= needed,
                  f"free space on the disk of {place}, or set OPS_VAR to another disk")  # fmt: skip


def _memory(_: OpsSettings) -> Iterator[Finding]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    yield Finding("memory", f"{memory:.0f} GiB", f"{MEMORY_GIB} GiB", memory >= MEMORY_GIB,
                  "lower spark.driver.memory in conf/spark/spark-defaults.conf")  # fmt: skip


def _place(settings: OpsSettings) -> Path:
    """Return the folder of run-time data, or the one in which it will be made."""
    return next(path for path in (settings.folder, *settings.folder.parents) if path.exists())
