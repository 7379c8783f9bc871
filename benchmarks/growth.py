"""CPU seconds and peak memory of each job for playgrounds of several sizes, and how they grow.

    python -m benchmarks.growth --sizes 1000000 3000000

Each size has a lake of its own: land, refine, the retrain from `freeze` to `fit`, without a search,
then 1,000 new ratings. As on the platform each job is a process with a JVM of its own, with the
shipped settings; there is no Airflow and no Postgres. The exponent of a job is log(CPU ratio) /
log(size ratio) between the first and the last size: 1 is linear.
"""

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import ingest_more
from benchmarks.ingest_more import NAME, environment
from benchmarks.job_cost import BEFORE_EVALUATE, BEFORE_FIT, Cost, measured, small, spark

N_NEW = 1000
MAX_EXPONENT, MAX_GIB = 1.05, 8.0


def main() -> None:
    """Print a line per job and size, and the exponents."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 3_000_000])
    sizes: list[int] = parser.parse_args().sizes
    print("| ratings | job | seconds | CPU s | GiB |\n|---|---|---|---|---|")
    costs = {size: run(size) for size in sizes}
    if len(sizes) > 1:
        report(costs[sizes[0]], costs[sizes[-1]], ratio=sizes[-1] / sizes[0])
    gib = max(cost.peak_bytes for of_size in costs.values() for cost in of_size) / 2**30
    print(f"peak memory: {gib:.1f} GiB (at most {MAX_GIB:.0f}) {_met(ok=gib <= MAX_GIB)}")


def run(size: int) -> list[Cost]:
    """Return the costs of all jobs on a new lake, in order."""
    costs = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for job, command in commands(size):
            costs.append(measured(job, command, environment=environment(folder)))
            print(_line(size, costs[-1]), flush=True)
        ingest_more.send(folder, N_NEW, 0, late=False)
        for cost in ingest_more.ingest(folder, "more"):
            costs.append(replace(cost, job=f"{cost.job}, 1,000 more"))
            print(_line(size, costs[-1]), flush=True)
    return costs


def commands(size: int) -> list[tuple[str, Sequence[str]]]:
    """Return the jobs' names and commands, from the playground to the lists."""
    return [
        ("playground", ["-m", "jobs.synthetic.playground", "--size", str(size)]),
        ("land", spark("land", "ingest", NAME)),
        ("refine", spark("refine", "ingest", NAME)),
        ("freeze, nominate", small(BEFORE_EVALUATE, NAME)),
        ("evaluate", spark("evaluate", "retrain", NAME)),
        ("decide", small(BEFORE_FIT, NAME)),
        ("fit", spark("fit", "retrain", NAME)),
    ]


def report(first: Sequence[Cost], last: Sequence[Cost], *, ratio: float) -> None:
    """Print the exponent of each job, and of all together."""
    of_jobs = [(a.job, a.cpu_seconds, b.cpu_seconds) for a, b in zip(first, last, strict=True)]
    sums = [sum(cost.cpu_seconds for cost in costs) for costs in (first, last)]
    for job, smaller, larger in [*of_jobs, ("all jobs", sums[0], sums[1])]:
        exponent = math.log(larger / smaller) / math.log(ratio)
        met = _met(ok=exponent <= MAX_EXPONENT)
        print(f"exponent of {job}: {exponent:.2f} (at most {MAX_EXPONENT}) {met}")


def _line(size: int, cost: Cost) -> str:
    gib = cost.peak_bytes / 2**30
    return f"| {size:,} | {cost.job} | {cost.seconds:.1f} | {cost.cpu_seconds:.1f} | {gib:.1f} |"


def _met(*, ok: bool) -> str:
    return "ok" if ok else "TOO MUCH"


if __name__ == "__main__":
    main()
