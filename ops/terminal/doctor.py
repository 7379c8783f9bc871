"""Checks of this machine, each with what is needed and how to fix it.

`python -m ops.terminal.doctor` only warns if the browser tests will be skipped.
"""

import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import metadata

from rich.markup import escape
from rich.table import Table

from ops.errors import OpsError
from ops.machine import credentials, database, environment, health, ports, postgres
from ops.machine.stack import Stack
from ops.settings import ROOT, OpsSettings
from ops.setup import jars, java, object_store
from ops.steps import console
from ops.terminal import cluster_check, surroundings
from ops.terminal.lake import store_check
from ops.terminal.surroundings import Finding
from warehouse import datasets

MIB = 1 << 20
SHOWN_TABLES = 3
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Tested in these versions only; other combinations fail late.
TESTED = ("pyspark", "delta-spark", "pandas", "apache-airflow", "sqlalchemy", "deltalake")
LOCK = ROOT / "requirements.lock"


def examine(settings: OpsSettings) -> list[Finding]:
    """Return all findings. Nothing is changed."""
    checks: tuple[Callable[[OpsSettings], Iterator[Finding]], ...] = (
        *(_python, _versions, _jars, _connector, _java, _postgres),
        *(_manifests, _secrets, surroundings.examine, _tables, _ports, _programs),
        *(store_check.examine, cluster_check.examine),
    )
    return [finding for check in checks for finding in check(settings)]


def table(findings: list[Finding]) -> Table:
    """Return the report as a table."""
    report = Table("", "check", "found", "needed", "how to fix", box=None, pad_edge=False)
    for finding in findings:
        sign = "[green]✓[/green]" if finding.good else "[red]✗[/red]"
        fix = "" if finding.good else finding.fix
        texts = (finding.subject, finding.found, finding.needed, fix)
        report.add_row(sign, *map(escape, texts))
    return report


def browser() -> str | None:
    """Return the Chromium that the browser tests drive, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def locked(lock: str) -> dict[str, set[str]]:
    """Return the locked versions by package; some packages have one per version of Python."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", lock, flags=re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


def _python(_: OpsSettings) -> Iterator[Finding]:
    version = platform.python_version()
    good = sys.version_info[:2] in {(3, 11), (3, 12)}
    yield Finding("Python", version, "3.11 or 3.12", good, "make distclean; make PYTHON=… setup")
    system = f"{platform.system()} {platform.machine()}"
    good = system == "Linux x86_64"
    yield Finding("system", system, "Linux x86_64", good, "docker compose up (docs/operations.md)")


def _versions(_: OpsSettings) -> Iterator[Finding]:
    versions = locked(LOCK.read_text())
    for name in TESTED:
        found = _version(name)
        needed, fix = " or ".join(sorted(versions[name])), "make distclean setup"
        yield Finding(name, found or "not installed", needed, found in versions[name], fix)
    if _version("pyspark-client"):
        needed = "absent: it hides PySpark's jars"
        fix = "make distclean setup"
        yield Finding("pyspark-client", "installed", needed, good=False, fix=fix)


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
            jar.name, "installed" if good else "missing or changed", jar.version, good, fix
        )


def _connector(settings: OpsSettings) -> Iterator[Finding]:
    if not object_store.is_used(environment.base(settings)["LAKE_ROOT"]):
        return
    with suppress(jars.JarsMissingError):  # that PySpark is missing is a finding already
        missing = object_store.missing(jars.pyspark_jars())
        found = f"missing or changed: {', '.join(missing)}" if missing else "installed"
        needed = f"{len(object_store.JARS)} jars and the log store"
        fix = f"{object_store.COMMAND}; offline: put the jars into {jars.FOLDER} first"
        yield Finding("connector for S3", found, needed, not missing, fix)


def _java(_: OpsSettings) -> Iterator[Finding]:
    needed = "17 or 21, or the bundled one"
    try:
        found = java.find()
    except java.JavaMissingError as error:
        yield Finding("Java", str(error), needed, good=False, fix="make setup")
        return
    kind = "bundled" if found.bundled else str(found.home)
    unused = "".join(f"; {phrase}, not used" for phrase in java.passed_over())
    yield Finding("Java", f"{found.version} ({kind}){unused}", needed, good=True)


def _postgres(settings: OpsSettings) -> Iterator[Finding]:
    try:
        user = postgres.run_as()
        home = postgres.home(settings.folder)
        programs = postgres.binaries(home)
    except OpsError as error:
        yield Finding("Postgres", str(error), "18, bundled", good=False, fix="make setup")
        return
    account = f", run as {user.pw_name}" if user else ""
    good = os.access(programs / "postgres", os.X_OK)
    yield Finding("Postgres", f"in {home}{account}", "18, bundled", good, "make distclean setup")


def _manifests(_: OpsSettings) -> Iterator[Finding]:
    names = [dataset.name for dataset in datasets.installed()]
    yield Finding("manifests", ", ".join(names) or "none", "one or more", bool(names),
                  "put a manifest into datasets/ (docs/datasets.md)")  # fmt: skip
    for error in datasets.broken():
        yield Finding("broken manifest", str(error), "a valid one", good=False,
                      fix="correct it, then run `lantern datasets check FILE`")  # fmt: skip


def _secrets(settings: OpsSettings) -> Iterator[Finding]:
    exposed = credentials.exposed(settings.secrets)
    found = ", ".join(str(path) for path in exposed) or "private"
    fix = f"chmod 700 {settings.secrets}; chmod 600 {settings.secrets}/*"
    yield Finding("secrets", found, "folder 0700, files 0600", not exposed, fix)
    is_open = credentials.open_folders(settings.private)
    found = ", ".join(str(path) for path in is_open) or "private"
    fix = f"chmod 700 {' '.join(map(str, is_open))}"
    yield Finding("personal data", found, "lake, inbox and logs 0700", not is_open, fix)


def _tables(settings: OpsSettings) -> Iterator[Finding]:
    if not Stack(settings).supervisord.is_running():
        return
    largest = database.largest_tables(Stack(settings).server, SHOWN_TABLES)
    found = ", ".join(f"{name} {n_bytes / MIB:,.0f} MiB" for name, n_bytes in largest)
    yield Finding("largest tables", found or "none", "", good=True)


def _ports(settings: OpsSettings) -> Iterator[Finding]:
    kept = ports.kept(settings)
    if Stack(settings).supervisord.is_running():
        return
    for name in ports.USUAL:
        fixed: int | None = getattr(settings, f"{name}_port")
        port = fixed or (getattr(kept, name) if kept else None)
        if port is None:  # the first start chooses a free one
            continue
        good = ports.is_free(port)
        found = "free" if good else f"used by {ports.owner(port)}"
        yield Finding(f"port of {name}", f"{port} {found}", "free", good,
                      f"end that process, or change OPS_{name.upper()}_PORT" if fixed else
                      "end that process, or let `lantern up` choose another port")  # fmt: skip


def _programs(settings: OpsSettings) -> Iterator[Finding]:
    stack = Stack(settings)
    states = stack.states()
    if states:
        begun, limit = time.monotonic(), health.TIMEOUT_SECONDS
        good = health.answers(f"{ports.addresses(stack.ports)['airflow']}/api/v2/version")
        yield Finding("Airflow's answer", f"after {time.monotonic() - begun:.1f} s", f"{limit} s",
                      good, "wait until this machine is less busy; commands ask again")  # fmt: skip
    for state in states:
        name = state.program.name
        found = "healthy" if state.healthy else state.program.state.lower()
        yield Finding(name, found, "healthy", state.healthy, f"lantern logs {name}; lantern up")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def main() -> int:
    """Warn if the browser tests cannot run."""
    if browser() is not None:
        return 0
    console.print("[bold red]NO CHROMIUM: BROWSER TESTS WILL BE SKIPPED.[/bold red]")
    console.print("On Debian: apt install chromium.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
