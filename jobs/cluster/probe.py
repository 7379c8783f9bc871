"""Ask a cluster for one small job, and print what its executors have as one line of JSON.

A line before it says that the cluster's master accepted the job, which then waits for free cores.

`lantern doctor` runs it: python -m jobs.cluster.probe
"""

import json
import platform
import socket
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from typing import Any
from uuid import uuid4

from jobs.ingestion.delivery import hadoop
from jobs.runtime import session
from warehouse.settings import LakeSettings

ACCEPTED = "accepted"
PACKAGES = ("numpy", "pandas", "pyarrow", "pyspark")  # those that executors compute with
_TASKS = 8  # so that several executors get one


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that executors import."""
    return {"python": platform.python_version()} | {
        name: metadata.version(name) for name in PACKAGES
    }


def main() -> None:
    """Start Spark, run the tasks, write and read a file in the lake."""
    spark = session.start("doctor")
    sys.stdout.write(f"{ACCEPTED}\n")
    sys.stdout.flush()
    context = spark.sparkContext
    executors = context.parallelize(range(_TASKS), _TASKS).mapPartitions(_describe).collect()
    root = LakeSettings().root
    answer: dict[str, Any] = {
        "driver": versions(),
        "executors": dict(executors),
        "stored": hadoop.is_writable(spark, f"{root.rstrip('/')}/.doctor/{uuid4().hex}"),
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    session.stop(usable=True)
    spark.stop()


def _describe(_: Iterable[int]) -> Iterator[tuple[str, dict[str, str]]]:
    yield socket.gethostname(), versions()


if __name__ == "__main__":
    main()
