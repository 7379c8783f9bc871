"""Log stores of Delta in several JVMs at once, without Spark sessions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Barrier
from typing import Any

from py4j.protocol import Py4JJavaError

from jobs.cluster import s3
from ops.setup import jars, jvm

EXISTS = "java.nio.file.FileAlreadyExistsException"
Write = Callable[[str, str], bool]


@contextmanager
def in_a_jvm_each(n: int, class_name: str, variables: Mapping[str, str]) -> Iterator[list[Write]]:
    """Yield a function per JVM that writes a line to a new file; it returns whether it did."""
    with ExitStack() as stack:
        home = jars.pyspark_jars().parent
        yield [
            _write_of(stack.enter_context(jvm.started(home)), class_name, variables)
            for _ in range(n)
        ]


def race(writes: Sequence[Write], paths: Sequence[str]) -> list[list[int]]:
    """Let all write every path at the same moment; return who wrote it, for each path."""
    barrier = Barrier(len(writes), timeout=60)
    winners: list[list[int]] = [[] for _ in paths]

    def run(number: int) -> None:
        for nth, path in enumerate(paths):
            barrier.wait()
            if writes[number](path, f'{{"commitInfo":{{"txnId":"{number}-{nth}"}}}}'):
                winners[nth].append(number)

    with ThreadPoolExecutor(len(writes)) as executor:
        list(executor.map(run, range(len(writes))))
    return winners


def _write_of(gateway: Any, class_name: str, variables: Mapping[str, str]) -> Write:
    java = gateway.jvm
    configuration = java.org.apache.hadoop.conf.Configuration()
    for name, value in s3.spark_settings(s3.SCHEME, variables).items():
        configuration.set(name.removeprefix("spark.hadoop."), value)
    configuration.set("fs.s3a.access.key", variables["AWS_ACCESS_KEY_ID"])
    configuration.set("fs.s3a.secret.key", variables["AWS_SECRET_ACCESS_KEY"])
    loader = java.java.lang.Thread.currentThread().getContextClassLoader()
    types = gateway.new_array(java.java.lang.Class, 1)
    types[0] = configuration.getClass()
    arguments = gateway.new_array(java.java.lang.Object, 1)
    arguments[0] = configuration
    store = loader.loadClass(class_name).getConstructor(types).newInstance(arguments)

    def write(path: str, line: str) -> bool:
        lines = java.java.util.ArrayList()
        lines.add(line)
        try:
            store.write(
                java.org.apache.hadoop.fs.Path(path), lines.iterator(), False, configuration  # noqa: FBT003 # Java has no keyword arguments
            )  # fmt: skip
        except Py4JJavaError as error:
            if error.java_exception.getClass().getName() != EXISTS:
                raise
            return False
        return True

    return write
