"""CPU seconds of each job from the archive to the lists, and of all together.

    python -m benchmarks.job_cost ARCHIVE [--java-options "-XX:..."] [--rounds 1]

ARCHIVE is ml-1m.zip as published. As on the platform each job is a process with a JVM of its own;
there is no Airflow and no Postgres, and nothing is live, so the retrain is a first one without a
search. CPU seconds are those of the job and all its children, user and system: on a busy machine
they vary less than the time. `--java-options` are added to the driver's in a second run, beside
the first: the last lines compare both.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from benchmarks.lakes import ROOT
from jobs import decide, freeze, nominate, search
from warehouse import datasets
from warehouse.run_keys import RunKey
from warehouse.settings import LakeSettings

NAME = "movielens_1m"
TARGET_SECONDS = 220
OPTIONS = "spark.driver.extraJavaOptions"
# The jobs that start Spark. Between them, the small ones run in one process.
INGEST = ("land", "refine")
BEFORE_EVALUATE, BEFORE_FIT = "freeze nominate search", "decide"


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds, and CPU seconds of the job and its children."""

    job: str
    seconds: float
    cpu_seconds: float


def main() -> None:
    """Print the cost of each job, and the sum beside the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    parser.add_argument("--java-options", default="", help="further options of the driver's JVM")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each kind, in turns")
    options = parser.parse_args()
    kinds = ["", options.java_options] if options.java_options else [""]
    sums: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(options.rounds):
        for kind in kinds:
            costs = run(options.archive, kind)
            sums[kind].append(sum(cost.cpu_seconds for cost in costs))
            report(kind, costs)
    if options.java_options:
        ratio = min(sums[options.java_options]) / min(sums[""])
        print(f"CPU seconds with these options: {ratio:.2f} times those without")


def run(archive: Path, java_options: str) -> list[Cost]:
    """Run the jobs on a new lake; return their costs in order."""
    with tempfile.TemporaryDirectory() as folder:
        inbox = Path(folder, "inbox", NAME)
        inbox.mkdir(parents=True)
        shutil.copy(archive, inbox)
        environment = os.environ | {
            "LAKE_ROOT": f"{folder}/lake",
            "LAKE_INBOX": f"{folder}/inbox",
            "SPARK_CONF_DIR": str(configured(Path(folder), java_options)),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_SUBMIT_ARGS": "--master local[2] pyspark-shell",
        }
        ingest = [measured(job, spark(job, "ingest"), environment) for job in INGEST]
        return [
            *ingest,
            measured("nominate", small(BEFORE_EVALUATE), environment),
            measured("evaluate", spark("evaluate", "retrain"), environment),
            measured("decide", small(BEFORE_FIT), environment),
            measured("fit", spark("fit", "retrain"), environment),
        ]


def configured(folder: Path, java_options: str) -> Path:
    """Return a copy of Spark's configuration whose driver has further options."""
    copy = folder / "conf"
    shutil.copytree(ROOT / "conf/spark", copy)
    file = copy / "spark-defaults.conf"
    lines = file.read_text().splitlines()
    added = [f"{line} {java_options}" if line.startswith(OPTIONS) else line for line in lines]
    file.write_text("\n".join(added) + "\n")
    return copy


def spark(job: str, dag: str) -> Sequence[str]:
    """Return the command of a job with a run key."""
    key = f"{NAME}__{dag}/b/{job}"
    return ["-m", f"jobs.{job}", "--dataset", NAME, "--run-key", key]


def small(steps: str) -> Sequence[str]:
    """Return the command of jobs without Spark."""
    return ["-c", f"from benchmarks import job_cost; job_cost.without_spark({steps!r})"]


def without_spark(steps: str) -> None:
    """Run jobs that need neither Spark nor, while nothing is live, Postgres."""
    dataset = datasets.load_named(NAME)
    root, key = LakeSettings().of(NAME), partial(RunKey, f"{NAME}__retrain", "b")
    for step in steps.split():
        if step == "freeze":
            freeze.run(root, dataset, run_key=key(step))
        elif step == "nominate":
            nominate.nominate(root, dataset, None, run_key=key(step), recipe="", reason="benchmark")
        elif step == "search":
            search.use_nomination(root, run_key=key(step))
        else:
            decide.decide(root, dataset, None, run_key=key(step))


def measured(job: str, command: Sequence[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end; return what it cost.

    Raises:
        CalledProcessError: it failed; its output was printed.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = psutil.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        cpu_seconds = followed(process)
        seconds = time.monotonic() - started
        if process.returncode:
            output.seek(0)
            print(output.read())
            raise subprocess.CalledProcessError(process.returncode, process.args)
    return Cost(job, seconds, cpu_seconds)


def followed(process: psutil.Popen) -> float:
    """Wait for the end of a process; return the CPU seconds of it and of all below it.

    The JVM ends after the process that started it, so the totals of ended children lack it: its
    CPU seconds are read while it runs.
    """
    spent: dict[int, float] = {}
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            for one in (process, *process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    times = one.cpu_times()
                    spent[one.pid] = times.user + times.system
        time.sleep(0.1)
    return sum(spent.values())


def report(kind: str, costs: Sequence[Cost]) -> None:
    """Print the costs of one run."""
    print(f"options of the driver: {kind or 'as shipped'}")
    for cost in costs:
        print(f"  {cost.job:10} {cost.seconds:6.1f} s {cost.cpu_seconds:7.1f} CPU s")
    total = sum(cost.cpu_seconds for cost in costs)
    met = "ok" if total <= TARGET_SECONDS else "TOO MUCH"
    wall = sum(cost.seconds for cost in costs)
    print(
        f"  {'all':10} {wall:6.1f} s {total:7.1f} CPU s (target {TARGET_SECONDS}) {met}", flush=True
    )


if __name__ == "__main__":
    main()
