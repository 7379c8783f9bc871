"""CPU seconds of each job from the archive to the lists, and of all together.

    python -m benchmarks.job_cost ARCHIVE [--cold] [--java-options "-XX:..."] [--rounds 1]

ARCHIVE is ml-1m.zip as published. As on the platform each job is a process, and the jobs use one
JVM, which is cold at first. There is no Airflow and no Postgres, and nothing is live, so the
retrain is a first one without a search. CPU seconds are those of the job, the JVM and all their
children, user and system: on a busy machine they vary less than the time. A second run beside the
first is made with a JVM for each job (`--cold`), or with `--java-options` added to the driver's;
the last line compares both.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from benchmarks.lakes import ROOT
from jobs import decide, freeze, nominate, search
from jobs.runtime import warm_jvm
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
class Kind:
    """How the jobs run."""

    name: str
    is_warm: bool = True
    java_options: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds, CPU seconds of the job, the JVM and their children; largest memory of the job."""

    job: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int = 0


def main() -> None:
    """Print the cost of each job, and the sum beside the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    parser.add_argument("--cold", action="store_true", help="also with a JVM for each job")
    parser.add_argument("--java-options", default="", help="also with these options of the driver")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each kind, in turns")
    options = parser.parse_args()
    kinds = [Kind("one JVM")]
    if options.cold:
        kinds.append(Kind("a JVM for each job", is_warm=False))
    if options.java_options:
        kinds.append(Kind(options.java_options, java_options=options.java_options))
    sums: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    for _ in range(options.rounds):
        for kind in kinds:
            costs = run(options.archive, kind)
            sums[kind.name].append(sum(cost.cpu_seconds for cost in costs))
            report(kind, costs)
    for kind in kinds[1:]:
        ratio = min(sums[kind.name]) / min(sums[kinds[0].name])
        print(f"CPU seconds with {kind.name}: {ratio:.2f} times those with {kinds[0].name}")


def run(archive: Path, kind: Kind, fit: Sequence[str] = ()) -> list[Cost]:
    """Run the jobs on a new lake; return their costs in order.

    `fit` is the command of the last one, by default that of the platform.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        inbox = Path(folder, "inbox", NAME)
        inbox.mkdir(parents=True)
        shutil.copy(archive, inbox)
        environment = os.environ | {
            "LAKE_ROOT": f"{folder}/lake",
            "LAKE_INBOX": f"{folder}/inbox",
            "SPARK_CONF_DIR": str(configured(Path(folder), kind.java_options)),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_SUBMIT_ARGS": "--master local[2] pyspark-shell",
        }
        server = None
        if kind.is_warm:
            environment[warm_jvm.SOCKET] = f"{folder}/jvm.sock"
            server = servers.enter_context(jvm_server(environment))
        cost = partial(measured, environment=environment, server=server)
        return [
            *[cost(job, spark(job, "ingest")) for job in INGEST],
            cost("nominate", small(BEFORE_EVALUATE)),
            cost("evaluate", spark("evaluate", "retrain")),
            cost("decide", small(BEFORE_FIT)),
            cost("fit", fit or spark("fit", "retrain")),
        ]


@contextmanager
def jvm_server(environment: dict[str, str]) -> Iterator[psutil.Popen]:
    """Run the server of the warm JVM during the block."""
    path = Path(environment[warm_jvm.SOCKET])
    command = [sys.executable, "-m", "jobs.runtime.warm_jvm_server", str(path)]
    process = psutil.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait()


def configured(folder: Path, java_options: str) -> Path:
    """Return a copy of Spark's configuration whose driver has further options."""
    copy = folder / "conf"
    shutil.copytree(ROOT / "conf/spark", copy)
    file = copy / "spark-defaults.conf"
    lines = file.read_text().splitlines()
    added = [f"{line} {java_options}" if line.startswith(OPTIONS) else line for line in lines]
    file.write_text("\n".join(added) + "\n")
    return copy


def spark(job: str, dag: str, name: str = NAME, run: str = "b") -> Sequence[str]:
    """Return the command of a job with a run key."""
    key = f"{name}__{dag}/{run}/{job}"
    return ["-m", f"jobs.{job}", "--dataset", name, "--run-key", key]


def small(steps: str, name: str = NAME) -> Sequence[str]:
    """Return the command of jobs without Spark."""
    return ["-c", f"from benchmarks import job_cost; job_cost.without_spark({steps!r}, {name!r})"]


def without_spark(steps: str, name: str) -> None:
    """Run jobs that need neither Spark nor, while nothing is live, Postgres."""
    dataset = datasets.load_named(name)
    root, key = LakeSettings().of(name), partial(RunKey, f"{name}__retrain", "b")
    for step in steps.split():
        if step == "freeze":
            freeze.run(root, dataset, run_key=key(step))
        elif step == "nominate":
            nominate.nominate(root, dataset, None, run_key=key(step), recipe="", reason="benchmark")
        elif step == "search":
            search.use_nomination(root, run_key=key(step))
        else:
            decide.decide(root, dataset, None, run_key=key(step))


def measured(
    job: str,
    command: Sequence[str],
    *,
    environment: dict[str, str],
    server: psutil.Popen | None = None,
) -> Cost:
    """Run a command to its end; return what it and the server of the JVM spent.

    Raises:
        CalledProcessError: it failed; its output was printed.
    """
    started, before = time.monotonic(), spent_below(server)
    with tempfile.TemporaryFile("w+") as output:
        process = psutil.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        cpu_seconds, peak = followed(process)
        seconds = time.monotonic() - started
        if process.returncode:
            output.seek(0)
            print(output.read())
            raise subprocess.CalledProcessError(process.returncode, process.args)
    return Cost(job, seconds, cpu_seconds + spent_below(server) - before, peak)


def followed(process: psutil.Popen) -> tuple[float, int]:
    """Wait for the end of a process; return CPU seconds and peak memory of it and all below it.

    The memory is read every second; what processes share counts once. The JVM ends after the
    process that started it, so the totals of ended children lack it: its CPU seconds are read while
    it runs.
    """
    spent: dict[int, float] = {}
    peak, measured_at = 0, 0.0
    while process.poll() is None:
        if time.monotonic() - measured_at > 1:
            peak, measured_at = max(peak, memory(process)), time.monotonic()
        with suppress(psutil.NoSuchProcess):
            for one in (process, *process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    times = one.cpu_times()
                    spent[one.pid] = times.user + times.system
        time.sleep(0.1)
    return sum(spent.values()), peak


def memory(process: psutil.Process) -> int:
    """Return the bytes of a process and of all below it."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += one.memory_full_info().pss
    return total


def spent_below(server: psutil.Popen | None) -> float:
    """Return the CPU seconds of the JVM below the server, and of its ended Python workers."""
    if server is None:
        return 0.0
    return sum(sum(process.cpu_times()[:4]) for process in server.children(recursive=True))


def report(kind: Kind, costs: Sequence[Cost]) -> None:
    """Print the costs of one run."""
    print(kind.name)
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
