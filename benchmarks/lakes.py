"""Temporary lakes for benchmarks, filled by the jobs `land` and `refine`."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from jobs import freeze, land, refine
from jobs.retraining.frozen_tables import Frozen, frozen
from jobs.runtime import session
from tests.support.runs import under
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.run_keys import RunKey

ROOT = Path(__file__).parents[1]
MOVIELENS = datasets.load_named("movielens_1m")


def movielens(archive: Path) -> AbstractContextManager[Frozen]:
    """Return a context with the rows of MovieLens 1M, from its archive."""
    return refined(MOVIELENS, partial(shutil.copy, archive))


@contextmanager
def refined(dataset: Dataset, fill: Callable[[Path], object]) -> Iterator[Frozen]:
    """Yield the refined and frozen rows of a temporary lake, whose inbox `fill` fills."""
    with landed(dataset, fill) as warehouse:
        freeze.run(warehouse.root, dataset, run_key=RunKey("b", "1", "freeze"))
        yield frozen(under(warehouse, "b/1/evaluate"), dataset)


@contextmanager
def landed(dataset: Dataset, fill: Callable[[Path], object]) -> Iterator[Warehouse]:
    """Yield a temporary lake of refined rows, whose inbox `fill` fills."""
    os.environ.setdefault("SPARK_CONF_DIR", str(ROOT / "conf/spark"))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    with tempfile.TemporaryDirectory() as folder:
        inbox = Path(folder, "inbox")
        inbox.mkdir()
        warehouse = Warehouse(
            session.start("benchmark"), f"{folder}/lake", run_key=RunKey("b", "1", "refine")
        )
        fill(inbox)
        started = time.monotonic()
        land.run(under(warehouse, "b/1/land"), dataset, inbox)
        refine.run(warehouse, dataset, now=datetime.now(UTC))
        print(f"landed and refined in {time.monotonic() - started:.0f} s", flush=True)
        yield warehouse
