"""CPU seconds of the items taken together, beside those of the retrain that computes them.

    python -m benchmarks.together ARCHIVE

ARCHIVE is ml-1m.zip as published. The jobs are those of `benchmarks.job_cost`, each with a JVM of
its own; a first retrain, without a search. CPU seconds are those of the job and all its children.
"""

import argparse
import json
import tempfile
from pathlib import Path

import psutil
import pyarrow as pa
from pyspark.sql import DataFrame

from benchmarks import job_cost
from benchmarks.job_cost import Kind
from jobs import fit
from jobs.engine.catalogue import Catalogue
from jobs.engine.interactions import Meanings
from jobs.retraining import item_tables

MAX_SHARE = 0.05
INGEST = job_cost.INGEST


def main() -> None:
    """Print the CPU seconds of the step, of `fit`, and of the retrain."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    archive: Path = parser.parse_args().archive
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "step.json")
        code = f"from benchmarks import together; together.fit_measured({str(file)!r})"
        kind = Kind("a JVM for each job", is_warm=False)
        costs = job_cost.run(archive, kind, fit=["-c", code, *job_cost.spark("fit", "retrain")[2:]])
        step = json.loads(file.read_text())
    retrain = sum(cost.cpu_seconds for cost in costs if cost.job not in INGEST)
    share = step["cpu_seconds"] / retrain
    met = "ok" if share <= MAX_SHARE else "TOO MUCH"
    print(f"items taken together: {step['cpu_seconds']:.1f} CPU s, {step['n_pairs']:,} pairs")
    print(f"fit: {costs[-1].cpu_seconds:.1f} CPU s; the retrain: {retrain:.1f} CPU s")
    print(f"share of the retrain: {share:.1%} (at most {MAX_SHARE:.0%}) {met}")


def fit_measured(file: str) -> None:
    """Run `fit`, and write the CPU seconds of the step to the file."""
    step = item_tables.taken_together

    def measured(ratings: DataFrame, meanings: Meanings, catalogue: Catalogue, n: int) -> pa.Table:
        before = _cpu_seconds()
        table = step(ratings, meanings, catalogue, n)
        spent = _cpu_seconds() - before
        n_pairs = sum(map(len, table["item_ids"].to_pylist())) if len(table) else 0
        Path(file).write_text(json.dumps({"cpu_seconds": spent, "n_pairs": n_pairs}))
        return table

    item_tables.taken_together = measured
    fit.main()


def _cpu_seconds() -> float:
    """Return what this process, the JVM below it and the workers of Python spent so far."""
    process = psutil.Process()
    below = process.children(recursive=True)
    return sum(sum(one.cpu_times()[:4]) for one in (process, *below))


if __name__ == "__main__":
    main()
