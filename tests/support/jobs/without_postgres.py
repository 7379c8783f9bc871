"""The jobs from files to lists in one process: no Airflow, and no Postgres as nothing is live."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs import decide, evaluate, fit, freeze, land, nominate, refine, search
from jobs.engine.searching.plan import Budget
from tests.support.runs import under
from warehouse.datasets import Dataset
from warehouse.run_keys import RunKey

if TYPE_CHECKING:
    from warehouse.delta import Warehouse

Seconds = dict[str, float]


def ingest(
    warehouse: "Warehouse", dataset: Dataset, inbox: Path, *, now: datetime, run: str = "one"
) -> Seconds:
    """Land and refine the files in the inbox; return the seconds of each job."""
    seconds: Seconds = {}
    key = partial(RunKey, f"{dataset.name}__ingest", run)
    with timed(seconds, "land"):
        land.run(under(warehouse, key("land")), dataset, inbox)
    with timed(seconds, "refine"):
        refine.run(under(warehouse, key("refine")), dataset, now=now)
    return seconds


def retrain(
    warehouse: "Warehouse",
    dataset: Dataset,
    *,
    run: str = "one",
    recipe: str = "",
    minutes: float = 0,
) -> tuple[dict[str, Any], Seconds]:
    """Run the tasks of a first retrain; return its row of gold.verdicts, and the seconds."""
    root, seconds = warehouse.root, Seconds()
    key = partial(RunKey, f"{dataset.name}__retrain", run)
    with timed(seconds, "freeze"):
        freeze.run(root, dataset, run_key=key("freeze"))
    words = {"recipe": recipe, "reason": "No Airflow"}
    nominate.nominate(root, dataset, None, run_key=key("nominate"), **words)
    with timed(seconds, "search"):
        if minutes:
            search.run(under(warehouse, key("search")), dataset, Budget(minutes * 60))
        else:
            search.use_nomination(root, run_key=key("search"))
    with timed(seconds, "evaluate"):
        evaluate.run(under(warehouse, key("evaluate")), dataset)
    verdict = decide.decide(root, dataset, None, run_key=key("decide"))
    if verdict["publishes"]:
        with timed(seconds, "fit"):
            fit.run(under(warehouse, key("fit")), dataset)
    return verdict, seconds


@contextmanager
def timed(seconds: Seconds, name: str) -> Iterator[None]:
    """Record how long the block takes."""
    started = time.monotonic()
    yield
    seconds[name] = time.monotonic() - started
