"""A refinement in a process of its own that reads its batch at once and begins on a signal.

    python -m tests.support.scale.refining ROOT RUN

It prints "ready" when the batch is read, and begins with the next line of its standard input.
"""

import sys

from jobs import refine
from jobs.refinement.pending import pending_batch
from jobs.runtime import session
from tests.support.jobs.product import NOW
from tests.support.jobs.two_batches import DATASET
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey


def main(root: str, run: str) -> None:
    """Read the batch, wait, refine."""
    spark = session.start("refining")
    batch = pending_batch(Lake(root), DATASET)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    warehouse = Warehouse(spark, root, run_key=RunKey("product__ingest", run, "refine"))
    refine.refine(warehouse, DATASET, batch, now=NOW)
    session.stop(usable=True)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
