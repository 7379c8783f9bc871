"""What Spark needs for a lake in S3: the connector's jars, and the log store.

Hadoop's connector names all of Amazon's SDK as its dependency (686 MB). The 36 jars of the lock, of
13 MB, are those that it uses. They are needed only if LAKE_ROOT begins with `s3a://`.

Run: python -m ops.setup.object_store
"""

import sys
from pathlib import Path

from ops.setup import jars, log_store
from ops.setup.jars import Jar

LOCK = Path(__file__).with_suffix(".lock")
JARS = tuple(map(Jar.parse, LOCK.read_text().splitlines()))
SCHEME = "s3a://"
COMMAND = "python -m ops.setup.object_store"


def is_used(root: str) -> bool:
    """Return whether the lake is in S3."""
    return root.startswith(SCHEME)


def missing(target: Path) -> list[str]:
    """Return the files that the folder lacks or has with another content."""
    files = [jar.file for jar in jars.missing(target, JARS)]
    return files if log_store.is_installed(target) else [*files, log_store.FILE]


def install(target: Path) -> list[str]:
    """Put everything into PySpark's folder of jars; return a line for each new file.

    Raises:
        JarsMissingError: A jar is not available. The message says how to provide it.
        JavaMissingError: There is no Java.
    """
    return [*jars.install(target, jars=JARS), *log_store.install(target)]


def main() -> int:
    """Install the files into the PySpark of this interpreter."""
    return jars.run(install)


if __name__ == "__main__":
    sys.exit(main())
