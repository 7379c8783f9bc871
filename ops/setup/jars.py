"""Jars beside those of PySpark, checked against their digests: the two of Delta by default.

They are taken from `var/jars` or the caches of Lantern, Ivy and Maven, else downloaded by Spark's
resolver, which uses the mirrors configured on this machine, through the proxy that HTTPS_PROXY
names. Run: python -m ops.setup.jars
"""

import hashlib
import importlib.util
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ops.setup import caches, commands, java, jvm, proxies

FOLDER = Path(__file__).parents[2] / "var" / "jars"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Jar:
    """One file of a Maven repository and its SHA-256."""

    group: str
    name: str
    version: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> "Jar":
        """Return the jar of a line `group:name:version sha256`."""
        coordinates, sha256 = line.split()
        group, name, version = coordinates.split(":")
        return cls(group, name, version, sha256)

    @property
    def coordinates(self) -> str:
        """`group:name:version`."""
        return f"{self.group}:{self.name}:{self.version}"

    @property
    def file(self) -> str:
        """The file name in repositories."""
        return f"{self.name}-{self.version}.jar"

    def is_at(self, path: Path) -> bool:
        """Return whether the path has this jar, with the right digest."""
        return path.is_file() and digest(path) == self.sha256


JARS = (
    Jar(
        "io.delta",
        "delta-spark_4.2_2.13",
        "4.4.0",
        "27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead",
    ),
    Jar(
        "io.delta",
        "delta-storage",
        "4.4.0",
        "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc",
    ),
)


class JarsMissingError(Exception):
    """A jar could not be found or downloaded, or has a wrong digest."""


def install(target: Path, kept: Path = FOLDER, *, jars: Sequence[Jar] = JARS) -> list[str]:
    """Put the jars into PySpark's folder, and return where each new one came from.

    Raises:
        JarsMissingError: A jar is not available. The message says how to provide it.
    """
    sources = [_take(jar, target, kept) for jar in missing(target, jars)]
    remaining = missing(target, jars)
    if remaining:
        try:
            fetched = fetch(remaining, kept / "ivy")
        except Exception as error:  # the JVM has a class for each cause
            raise JarsMissingError(_offline(remaining, kept, error)) from error
        for jar, path in zip(remaining, fetched, strict=True):
            _put(jar, path, kept / jar.file)
            sources.append(_take(jar, target, kept))
    _keep(target, jars)
    return [source for source in sources if source]


def missing(target: Path, jars: Iterable[Jar] = JARS) -> list[Jar]:
    """Return the jars that the folder lacks or has with a wrong digest."""
    return [jar for jar in jars if not jar.is_at(target / jar.file)]


def pyspark_jars() -> Path:
    """Return the folder from which every Spark session loads its jars.

    Raises:
        JarsMissingError: PySpark is not installed.
    """
    package = importlib.util.find_spec("pyspark")
    if package is None or package.origin is None:
        raise JarsMissingError("PySpark is not installed: run `make setup`")
    return Path(package.origin).parent / "jars"


def fetch(jars: Sequence[Jar], ivy: Path) -> list[Path]:
    """Download the jars without their dependencies, with the Ivy that Spark includes."""
    with jvm.started(pyspark_jars().parent) as gateway:
        java_classes = gateway.jvm
        for name, value in proxies.properties().items():
            java_classes.java.lang.System.setProperty(name, value)
        none = java_classes.scala.Option.empty()
        maven, stdout = java_classes.org.apache.spark.util.MavenUtils, java_classes.System.err
        where = java_classes.scala.Option.apply(str(ivy))
        settings = maven.buildIvySettings(none, where, True, stdout)  # noqa: FBT003 # positional in Scala
        coordinates = ",".join(jar.coordinates for jar in jars)
        nothing = getattr(maven, "resolveMavenCoordinates$default$5")()  # no exclusions
        paths_of_jars = maven.resolveMavenCoordinates(
            coordinates, settings, none, False, nothing, False, stdout  # noqa: FBT003
        )  # fmt: skip
        paths = [Path(paths_of_jars.apply(i)) for i in range(paths_of_jars.size())]
    by_name = {path.name: path for path in paths}
    return [by_name[f"{jar.group}_{jar.file}"] for jar in jars]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _take(jar: Jar, target: Path, kept: Path) -> str | None:
    for path in _candidates(jar, kept):
        if jar.is_at(path):
            _put(jar, path, target / jar.file)
            return f"{jar.file} from {path.parent}"
    return None


def _candidates(jar: Jar, kept: Path) -> Iterator[Path]:
    yield kept / jar.file
    if (shared := caches.folder("jars")) is not None:
        yield shared / jar.file
    home = caches.home()
    for ivy in (kept / "ivy", *(sorted(home.glob(".ivy2*")) if home else ())):
        yield ivy / "cache" / jar.group / jar.name / "jars" / jar.file
        yield ivy / "jars" / f"{jar.group}_{jar.file}"
    if home is not None:
        maven = home / ".m2/repository" / jar.group.replace(".", "/")
        yield maven / jar.name / jar.version / jar.file


def _keep(target: Path, jars: Iterable[Jar]) -> None:
    """Copy the jars into the user's cache, where the next checkout finds them."""
    shared = caches.folder("jars")
    if shared is None:
        return
    with suppress(OSError):  # the disk may be full, and the jars are in place
        for jar in jars:
            if not jar.is_at(shared / jar.file):
                _put(jar, target / jar.file, shared / jar.file)


def _put(jar: Jar, source: Path, target: Path) -> None:
    if not jar.is_at(source):
        raise JarsMissingError(
            f"{source}: SHA-256 is {digest(source)}, must be {jar.sha256}. Delete it and try again."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}")
    shutil.copyfile(source, unfinished)
    unfinished.replace(target)


def _offline(jars: Iterable[Jar], kept: Path, cause: Exception) -> str:
    needed = "\n".join(f"  {jar.coordinates}  {jar.file}  sha256 {jar.sha256}" for jar in jars)
    first = commands.without_passwords(str(cause)).strip().splitlines()[:2]
    return (
        f"cannot fetch these jars from any Maven repository:\n{needed}\n"
        f"  cause: {' '.join(first) or type(cause).__name__}\n"
        f"Without a network, put the files into {kept} and run this again."
    )


def run(steps: Callable[[Path], Iterable[str]]) -> int:
    """Run steps in PySpark's folder, print what they did, and return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        for line in steps(pyspark_jars()):
            log.info("%s", line)
    except (JarsMissingError, java.JavaMissingError) as error:
        log.error("%s%s", commands.OUR_ERROR, error)  # noqa: TRY400 # the cause, no trace
        return 1
    return 0


def main() -> int:
    """Install the jars of Delta into the PySpark of this interpreter."""
    return run(install)


if __name__ == "__main__":
    sys.exit(main())
