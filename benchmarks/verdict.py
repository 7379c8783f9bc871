"""Verdicts of consecutive retrains of a data set, without Airflow.

    python -m benchmarks.verdict DATASET ARCHIVE [--minutes 0 15 0] [--family als]

Runs one retrain for each number of minutes, its search budget, in a temporary lake and with a
temporary Postgres: the same jobs as the DAG's tasks, in the same order. A published recipe is the
champion of the next retrain. Prints each verdict with its reason, its criteria and all recipes.
"""

import argparse
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from benchmarks.lakes import landed
from jobs import decide, evaluate, fit, freeze, nominate, publish, search
from jobs.engine.searching.plan import Budget
from serving.storage import database
from tests.support.runs import under
from tests.support.serving.server import as_role, create_database, temporary_server
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_MODEL_METRICS, GOLD_SEARCHES, GOLD_VERDICTS
from warehouse.tables.vocabulary import HEADLINE, WARM, SearchFamily

SHOWN_METRICS = (HEADLINE, "coverage@10")


def main() -> None:
    """Run the retrains and print the verdict of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", choices=[dataset.name for dataset in datasets.installed()])
    parser.add_argument("archive", type=Path, help="the data set's archive")
    parser.add_argument("--minutes", type=float, nargs="+", default=[0.0])
    parser.add_argument("--family", default="any", choices=["any", "als", "als_with_priors"])
    args = parser.parse_args()
    dataset = datasets.load_named(args.dataset)
    copy = partial(shutil.copy, args.archive)
    with landed(dataset, copy) as warehouse, postgres(dataset) as engine:
        for number, minutes in enumerate(args.minutes, 1):
            print(f"\nretrain {number}, search of {minutes:g} minutes", flush=True)
            retrain(warehouse, dataset, engine, number, minutes=minutes, family=args.family)


@contextmanager
def postgres(dataset: Dataset) -> Iterator[Engine]:
    """Yield the publisher's engine of an empty serving database."""
    with temporary_server() as server:
        owner = create_database(server.url("postgres"), "verdicts")
        database.migrate(owner, dataset.name)
        database.grant(owner, dataset.name)
        engine = database.connect(as_role(owner, "publisher"), dataset.name)
        yield engine
        engine.dispose()


def retrain(
    warehouse: Warehouse,
    dataset: Dataset,
    engine: Engine,
    number: int,
    *,
    minutes: float,
    family: SearchFamily,
) -> None:
    """Run the tasks of one retrain, and print its verdict."""
    root, key = warehouse.root, partial(RunKey, "b", str(number))
    freeze.run(root, dataset, run_key=key("freeze"))
    by_hand = {"recipe": "", "reason": "A benchmark"}
    nominate.run(root, dataset, engine, run_key=key("nominate"), **by_hand)
    start = time.monotonic()
    if minutes:
        budget = Budget(minutes * 60)
        search.run(under(warehouse, key("search")), dataset, budget, family)
    else:
        search.use_nomination(root, run_key=key("search"))
    searched = time.monotonic()
    evaluate.run(under(warehouse, key("evaluate")), dataset)
    publishes = decide.run(root, dataset, engine, run_key=key("decide"))
    show(root, key("").retrain_id)
    print(f"search {searched - start:.0f} s, evaluation {time.monotonic() - searched:.0f} s")
    if publishes:
        fit.run(under(warehouse, key("fit")), dataset)
        release = publish.run(root, dataset, engine, run_key=key("publish"))
        print(f"release {release}", flush=True)


def show(root: str, retrain_id: str) -> None:
    """Print the verdict of a retrain, its criteria, its search and its metrics."""
    lake, of_retrain = Lake(root), {"retrain_id": retrain_id}
    [verdict] = lake.rows(GOLD_VERDICTS, equals=of_retrain)
    [searched] = lake.rows(GOLD_SEARCHES, equals=of_retrain)
    print(f"{verdict['verdict']}: {verdict['reason']}")
    for row in verdict["criteria"]:
        passed = {True: "yes", False: "no", None: "-"}[row["passed"]]
        print(f"  {passed:3} {row['criterion']}: {row['detail']}")
    if searched["n_trials"]:
        counts = [f"{searched[name]} {name[2:]}" for name in ("n_trials", "n_pruned", "n_failed")]
        print(f"  {', '.join(counts)}; result {searched['challenger']}")
    rows = lake.rows(GOLD_MODEL_METRICS, equals=of_retrain)
    rows = [row for row in rows if row["slice"] == WARM and row["metric"] in SHOWN_METRICS]
    for row in sorted(rows, key=lambda row: (row["window"], row["metric"], -row["value"])):
        result = f"{row['window']:11} {row['metric']:12} {row['value']:.4f}"
        print(f"  {result}  {row['recipe']} ({row['role']}, {row['n_users']} users)")


if __name__ == "__main__":
    main()
