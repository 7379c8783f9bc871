"""A JVM with PySpark's jars, for the steps of the set-up that need libraries of Java."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.setup import java


@contextmanager
def started(spark_home: Path) -> Iterator[Any]:
    """Yield py4j's gateway of a JVM without a Spark session; the JVM ends with the block.

    Raises:
        JavaMissingError: There is no Java.
    """
    from pyspark.java_gateway import launch_gateway

    os.environ["JAVA_HOME"] = str(java.find().home)  # the shell's may be of another version
    os.environ["SPARK_HOME"] = str(spark_home)
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    gateway = launch_gateway()  # type: ignore[no-untyped-call] # PySpark types its public half
    try:
        yield gateway
    finally:
        gateway.shutdown()
