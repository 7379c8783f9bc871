"""Time to find the 50 most similar items of every item of catalogues of several sizes.

    python -m benchmarks.similar_items --items 10000 30000 100000

Items have 64 random factors. As in `fit`, Spark's workers on this machine compute large catalogues.
Up to `COMPARED` items, the result is compared with the one of a single process. CPU seconds are
those of all processes: on a busy machine they vary less than the time.
"""

import argparse
import os
import time

import numpy as np
import psutil
from pyspark.sql import SparkSession
from scipy import sparse

from benchmarks.lakes import ROOT
from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import similar
from jobs.fit import N_SIMILAR
from jobs.runtime import session

RANK, COMPARED = 64, 30_000
N_ITEMS, MAX_SECONDS, EPSILON = 100_000, 60.0, 1e-6


def main() -> None:
    """Print a line per size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 30_000, N_ITEMS])
    sizes: list[int] = parser.parse_args().items
    os.environ.setdefault("SPARK_CONF_DIR", str(ROOT / "conf/spark"))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    spark = session.start("benchmark")
    for n_items in sizes:
        seconds, cpu_seconds = measured(n_items, spark)
        bound = f" (at most {MAX_SECONDS:.0f} s)" if n_items == N_ITEMS else ""
        print(f"{n_items:,} items: {seconds:.1f} s, {cpu_seconds:.1f} CPU s{bound}", flush=True)


def measured(n_items: int, spark: SparkSession) -> tuple[float, float]:
    """Return the seconds and CPU seconds for a catalogue of this size."""
    no_categories = sparse.csr_array((n_items, 0), dtype=np.float32)
    ids = np.array([f"{item:07d}" for item in range(n_items)], object)
    catalogue = Catalogue(ids, np.arange(n_items, dtype=np.int32), no_categories)
    factors = np.random.default_rng(1).standard_normal((n_items, RANK)).astype(np.float32)
    started, before = time.monotonic(), cpu_time()
    found = similar.by_factors(catalogue, factors, N_SIMILAR, spark=spark)
    spent = time.monotonic() - started, cpu_time() - before
    if n_items <= COMPARED:
        expected = similar.by_factors(catalogue, factors, N_SIMILAR)
        if abs(found - expected).max() > EPSILON:
            raise SystemExit(f"{n_items} items: Spark's workers found other items")
    return spent


def cpu_time() -> float:
    """Return the CPU seconds of this process and of all that it started."""
    process = psutil.Process()
    tree = (process, *process.children(recursive=True))
    return sum(sum(each.cpu_times()[:4]) for each in tree)


if __name__ == "__main__":
    main()
