"""What was found on this machine, what is needed, how to fix it.

`python -m ops.terminal.doctor --browser` says only, and loudly, whether the browser tests will be
skipped.
"""

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

from rich.table import Table

from ops.errors import OpsError
from ops.machine import credentials, ports, postgres
from ops.machine.stack import Stack
from ops.settings import ROOT, OpsSettings
from ops.setup import jars, java
from ops.steps import console
from warehouse import datasets

GIB = 1 << 30
DISK_GIB, MEMORY_GIB = 5, 6
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Tried together; another pair breaks in ways that show late.
PAIRS = ("pyspark", "delta-spark", "pandas", "apache-airflow", "sqlalchemy", "deltalake")
LOCK = ROOT / "requirements.lock"


@dataclass(frozen=True)
class Finding:
    """One line of the report. `fix` is empty when it is good."""

    what: str
    found: str
    needed: str
    good: bool
    fix: str = ""


def examine(settings: OpsSettings) -> list[Finding]:
    """Return every finding. Nothing is changed."""
    checks: tuple[Callable[[OpsSettings], Iterator[Finding]], ...] = (
        _python, _versions, _jars, _java, _postgres, _manifests, _secrets, _room, _ports, _programs,
    )  # fmt: skip
    return [finding for check in checks for finding in check(settings)]


def table(findings: list[Finding]) -> Table:
    """Return the report as a table."""
    made = Table("", "what", "found", "needed", "how to fix", box=None, pad_edge=False)
    for each in findings:
        sign = "[green]✓[/green]" if each.good else "[red]✗[/red]"
        made.add_row(sign, each.what, each.found, each.needed, "" if each.good else each.fix)
    return made


def browser() -> str | None:
    """Return the Chromium that the browser tests drive, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def locked(lock: str) -> dict[str, set[str]]:
    """Return the versions that the lock names, by package; some depend on Python's version."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", lock, flags=re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def _python(_: OpsSettings) -> Iterator[Finding]:
    version = platform.python_version()
    good = sys.version_info[:2] in {(3, 11), (3, 12)}
    yield Finding("Python", version, "3.11 or 3.12", good, "make distclean; make PYTHON=… setup")
    system = f"{platform.system()} {platform.machine()}"
    good = system == "Linux x86_64"
    yield Finding("system", system, "Linux x86_64", good, "docker compose up (docs/operations.md)")


def _versions(_: OpsSettings) -> Iterator[Finding]:
    wanted = locked(LOCK.read_text())
    for name in PAIRS:
        found = _version(name)
        needed, fix = " or ".join(sorted(wanted[name])), "make distclean setup: they go together"
        yield Finding(name, found or "nothing", needed, found in wanted[name], fix)
    if _version("pyspark-client"):
        yield Finding("pyspark-client", "installed", "absent: it hides PySpark's jars", good=False,
                      fix="make distclean setup")  # fmt: skip


def _jars(_: OpsSettings) -> Iterator[Finding]:
    try:
        missing = jars.missing(jars.pyspark_jars())
    except jars.JarsMissingError as error:
        yield Finding("Delta jars", str(error), "", good=False, fix="make setup")
        return
    for jar in jars.JARS:
        good = jar not in missing
        fix = f"python -m ops.setup.jars; offline: put it into {jars.FOLDER} first"
        yield Finding(
            jar.name, "as pinned" if good else "missing or changed", jar.version, good, fix
        )


def _java(_: OpsSettings) -> Iterator[Finding]:
    needed = "17 or 21, or the bundled one"
    try:
        found = java.find()
    except java.JavaMissingError as error:
        yield Finding("Java", str(error), needed, good=False, fix="make setup")
        return
    kind = "bundled" if found.bundled else str(found.home)
    yield Finding("Java", f"{found.version} ({kind})", needed, good=True)


def _postgres(settings: OpsSettings) -> Iterator[Finding]:
    try:
        user = postgres.run_as()
        home = postgres.home(settings.folder)
        shipped = postgres.binaries(home)
    except OpsError as error:
        yield Finding("Postgres", str(error), "18, bundled", good=False, fix="make setup")
        return
    who = f", run as {user.pw_name}" if user else ""
    good = os.access(shipped / "postgres", os.X_OK)
    yield Finding("Postgres", f"in {home}{who}", "18, bundled", good, "make distclean setup")


def _manifests(_: OpsSettings) -> Iterator[Finding]:
    names = [dataset.name for dataset in datasets.installed()]
    yield Finding("manifests", ", ".join(names) or "none", "one or more", bool(names),
                  "put a manifest into datasets/ (docs/datasets.md)")  # fmt: skip
    for error in datasets.broken():
        yield Finding("broken manifest", str(error), "a valid one", good=False,
                      fix="mend it, then `lantern datasets check FILE`")  # fmt: skip


def _secrets(settings: OpsSettings) -> Iterator[Finding]:
    exposed = credentials.exposed(settings.secrets)
    found = ", ".join(str(path) for path in exposed) or "only we can read them"
    fix = f"chmod 700 {settings.secrets}; chmod 600 {settings.secrets}/*"
    yield Finding("secrets", found, "folder 0700, files 0600", not exposed, fix)


def _room(settings: OpsSettings) -> Iterator[Finding]:
    place = next(path for path in (settings.folder, *settings.folder.parents) if path.exists())
    free = shutil.disk_usage(place).free / GIB
    yield Finding("disk", f"{free:.0f} GiB free", f"{DISK_GIB} GiB", free >= DISK_GIB,
                  f"make room on the disk of {place}, or set OPS_VAR to another one")  # fmt: skip
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    yield Finding("memory", f"{memory:.0f} GiB", f"{MEMORY_GIB} GiB", memory >= MEMORY_GIB,
                  "lower spark.driver.memory in conf/spark/spark-defaults.conf")  # fmt: skip


def _ports(settings: OpsSettings) -> Iterator[Finding]:
    kept = ports.kept(settings)
    if kept is None or Stack(settings).supervisord.is_running():
        return
    for name, port in vars(kept).items():
        good = ports.is_free(port)
        found = "free" if good else f"taken by {ports.owner(port)}"
        yield Finding(f"port of {name}", f"{port} {found}", "free", good,
                      "end it, or let `lantern up` choose another one")  # fmt: skip


def _programs(settings: OpsSettings) -> Iterator[Finding]:
    for state in Stack(settings).states():
        name = state.program.name
        said = "healthy" if state.healthy else state.program.state.lower()
        yield Finding(name, said, "healthy", state.healthy, f"lantern logs {name}; lantern up")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def main() -> int:
    """Say whether the browser tests can run."""
    if browser() is not None:
        return 0
    console.print("[bold red]NO CHROMIUM: THE TESTS IN A BROWSER WILL BE SKIPPED.[/bold red]")
    console.print("On Debian: apt install chromium. The continuous integration installs it.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
