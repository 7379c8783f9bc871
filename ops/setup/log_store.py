"""The log store with which Spark commits to a lake in S3: a class of ours, compiled into a jar.

The compiler is Janino, which PySpark includes for the code that Spark generates. A Java without
`javac` is therefore enough. The jar has its source beside the class, so a changed source is
noticed.
"""

import zipfile
from pathlib import Path

from ops.setup import jvm

SOURCE = Path(__file__).parent / "ConditionalLogStore.java"
FILE = "lantern-log-store.jar"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same source gives the same bytes


def is_installed(target: Path) -> bool:
    """Return whether the folder has the jar, made from the source of this checkout."""
    try:
        with zipfile.ZipFile(target / FILE) as jar:
            return jar.read(SOURCE.name) == SOURCE.read_bytes()
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def install(target: Path) -> list[str]:
    """Compile the class into PySpark's folder of jars; return a line if that was needed.

    The folder must have the jars of Delta.

    Raises:
        JavaMissingError: There is no Java.
    """
    if is_installed(target):
        return []
    unfinished = target / f".{FILE}"
    with zipfile.ZipFile(unfinished, "w") as jar:
        for name, content in {**compiled(target), SOURCE.name: SOURCE.read_bytes()}.items():
            jar.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    unfinished.replace(target / FILE)
    return [f"{FILE} compiled from {SOURCE}"]


def compiled(target: Path) -> dict[str, bytes]:
    """Return the class files of the source by their path in a jar."""
    with jvm.started(target.parent) as gateway:
        compiler = gateway.jvm.org.codehaus.janino.SimpleCompiler()
        compiler.cook(SOURCE.name, gateway.jvm.java.io.StringReader(SOURCE.read_text()))
        classes = compiler.getBytecodes()
        return {f"{name.replace('.', '/')}.class": bytes(classes[name]) for name in classes}
