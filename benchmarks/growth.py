"""CPU seconds and peak memory of each job for playgrounds of several sizes, and how they grow.

    python -m benchmarks.growth --sizes 1000000 3000000 [--plan 100000000] [--split 16]

Each size has a lake of its own: land, refine, the retrain from `freeze` to `fit`, without a search,
then 1,000 new ratings. As on the platform each job is a process with a JVM of its own, with the
shipped settings; there is no Airflow and no Postgres. The exponent of a job is log(CPU ratio) /
log(size ratio) between the first and the last size: 1 is linear. The model of a job's cost is the
line through all sizes, by least squares: CPU seconds and memory that every run needs, and those of
a further million ratings. For the planned number of ratings the line is extended.

A playground has 6,040 users a million ratings. `--split 16` gives the ratings of each user to 16 of
them: what the same ratings cost then is the cost of further users.
"""

import argparse
import math
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import ingest_more
from benchmarks.ingest_more import NAME, environment
from benchmarks.job_cost import BEFORE_EVALUATE, BEFORE_FIT, Cost, measured, small, spark

N_NEW, MILLION = 1000, 1_000_000
MAX_EXPONENT, MAX_GIB = 1.05, 8.0


def main() -> None:
    """Print a line per job and size, and the exponents."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 3_000_000])
    parser.add_argument("--plan", type=int, default=100_000_000, help="ratings to plan for")
    parser.add_argument("--split", type=int, default=1, help="users made of each user")
    args = parser.parse_args()
    sizes: list[int] = args.sizes
    print("| ratings | job | seconds | CPU s | GiB |\n|---|---|---|---|---|")
    costs = {size: run(size, args.split) for size in sizes}
    if len(sizes) > 1:
        report(costs[sizes[0]], costs[sizes[-1]], ratio=sizes[-1] / sizes[0])
        report_model(costs, args.plan)
    gib = max(cost.peak_bytes for of_size in costs.values() for cost in of_size) / 2**30
    print(f"peak memory: {gib:.1f} GiB (at most {MAX_GIB:.0f}) {_met(ok=gib <= MAX_GIB)}")


def run(size: int, n_parts: int) -> list[Cost]:
    """Return the costs of all jobs on a new lake, in order."""
    costs = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for job, command in commands(size):
            costs.append(measured(job, command, environment=environment(folder)))
            print(_line(size, costs[-1]), flush=True)
            if job == "playground":
                split_users(folder, n_parts)
        ingest_more.send(folder, N_NEW, 0, late=False)
        for cost in ingest_more.ingest(folder, "more"):
            costs.append(replace(cost, job=f"{cost.job}, 1,000 more"))
            print(_line(size, costs[-1]), flush=True)
    return costs


def split_users(folder: Path, n_parts: int) -> None:
    """Give the ratings of each user to several users, by item."""
    for path in (folder / "inbox" / NAME / "ratings").glob("*.parquet") if n_parts > 1 else ():
        ratings = pq.read_table(path).to_pandas()
        part = ratings["item_id"].str.removeprefix("f-").astype(int) % n_parts
        ratings["user_id"] = ratings["user_id"] + "-" + part.astype(str)
        pq.write_table(pa.Table.from_pandas(ratings, preserve_index=False), path)


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


def report_model(costs: Mapping[int, Sequence[Cost]], plan: int) -> None:
    """Print the fitted line of each job, and what it says for the planned size."""
    print(f"| job | CPU s | and per million | at {plan:,} | GiB | and per million |")
    print("|---|---|---|---|---|---|")
    for of_job in zip(*costs.values(), strict=True):
        cpu, each_cpu = _fitted(costs, [cost.cpu_seconds for cost in of_job])
        gib, each_gib = _fitted(costs, [cost.peak_bytes / 2**30 for cost in of_job])
        planned = cpu + each_cpu * plan / MILLION
        figures = f"{cpu:.0f} | {each_cpu:.1f} | {planned:,.0f} | {gib:.1f} | {each_gib:.2f}"
        print(f"| {of_job[0].job} | {figures} |")


def _fitted(sizes: Iterable[int], values: Sequence[float]) -> tuple[float, float]:
    """Return the line through the values: at no rating, and per million of them."""
    slope, start = np.polyfit([size / MILLION for size in sizes], values, deg=1)
    return float(start), float(slope)


def _line(size: int, cost: Cost) -> str:
    gib = cost.peak_bytes / 2**30
    return f"| {size:,} | {cost.job} | {cost.seconds:.1f} | {cost.cpu_seconds:.1f} | {gib:.1f} |"


def _met(*, ok: bool) -> str:
    return "ok" if ok else "TOO MUCH"


if __name__ == "__main__":
    main()
