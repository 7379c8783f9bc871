"""The jobs from files to lists in a process of its own, with Spark as the environment says.

    python -m tests.support.scale.pipeline ROOT INBOX STEP…

Each step prints its name as it begins. The settings of the session are those that jobs get: a lake
in S3, a cluster. Nothing is live, so no Postgres is needed.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from jobs import decide, evaluate, fit, freeze, land, nominate, refine, search
from jobs.runtime import session
from ops.settings import ROOT
from ops.setup import jars, java
from tests.support.jobs import small_world
from tests.support.jobs.product import HEADER, send
from tests.support.runs import under
from warehouse.append import append
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_MODEL_METRICS, GOLD_RECOMMENDATIONS, GOLD_VERDICTS

DATASET = small_world.world(users=None)
NOW = datetime(2024, 12, 1, tzinfo=UTC)
KEY = partial(RunKey, f"{DATASET.name}__retrain", "one")
INGEST = partial(RunKey, f"{DATASET.name}__ingest", "one")
SHORT = ("land", "refine", "freeze", "nominate", "choose", "fit")  # without an evaluation
FULL = ("land", "refine", "freeze", "nominate", "evaluate", "decide", "fit")
BUSY_SECONDS = 8.0  # after which a step has tasks on the executors
Lists = dict[str, tuple[list[str], list[float]]]


def write_files(inbox: Path) -> Path:
    """Write the files of the small world; return the folder."""
    start = int(small_world.START.timestamp())
    rows = [
        f"{user},{item},{stars:g},{start + 3600 * at}"
        for at, (user, item, stars) in enumerate(small_world.ratings())
    ]
    items = sorted({row.split(",")[1] for row in rows} - {small_world.UNTITLED})
    titles = [f"{item},Title of {item},{small_world.category(item)}" for item in items]
    send(inbox, "ratings.csv", HEADER, *rows)
    send(inbox, "items.csv", "item,title,kinds", *titles)
    return inbox


def command(root: str, inbox: str | Path, steps: Sequence[str] = SHORT) -> list[str]:
    """Return the command line of the steps."""
    return [sys.executable, "-m", __name__, root, str(inbox), *steps]


def environment(conf: Path, root: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a job: those of Spark, and the ones given."""
    return {
        "HOME": os.environ.get("HOME", "/"),
        "JAVA_HOME": str(java.find().home),
        "LAKE_ROOT": root,
        "PATH": os.environ["PATH"],
        "PYTHONUNBUFFERED": "1",
        "SPARK_CONF_DIR": str(conf),
        "SPARK_HOME": str(jars.pyspark_jars().parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": "--master local[2] pyspark-shell",
        **variables,
    }


def run(
    conf: Path,
    root: str,
    inbox: str | Path,
    variables: Mapping[str, str],
    *,
    steps: Sequence[str] = SHORT,
) -> None:
    """Run the steps in a process and wait for its end."""
    done = subprocess.run(  # noqa: S603 # our own Python
        command(root, inbox, steps), env=environment(conf, root, variables), cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def run_and_interfere(
    conf: Path,
    root: str,
    inbox: str | Path,
    variables: Mapping[str, str],
    *,
    at: Mapping[str, Callable[[], None]],
    steps: Sequence[str] = FULL,
) -> None:
    """Run the steps in a process; call a function in the middle of each of some steps."""
    log, running = Path(inbox).parent / "pipeline.log", [""]

    def interfere(step: str) -> None:
        Event().wait(BUSY_SECONDS)
        assert running[0] == step, f"{step} ended before it was disturbed"
        at[step]()

    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 # our own Python
            command(root, inbox, steps), env=environment(conf, root, variables), cwd=ROOT,
            stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    with process, ThreadPoolExecutor(1) as executor:
        disturbances = []
        for line in process.stdout or ():
            running[0] = line.removeprefix("step ").strip()
            if running[0] in at:
                disturbances.append(executor.submit(interfere, running[0]))
    for disturbance in disturbances:
        disturbance.result()
    assert len(disturbances) == len(at)
    assert process.returncode == 0, log.read_text()


def lists(root: str) -> Lists:
    """Return the items and the scores of each user's list."""
    rows = Lake(root).rows(GOLD_RECOMMENDATIONS)
    return {row["user_id"]: (row["item_ids"], row["scores"]) for row in rows}


def metrics(root: str) -> dict[tuple[str, ...], float]:
    """Return every metric of the evaluation, by recipe, window, slice and name."""
    key = ("recipe", "window", "slice", "metric")
    rows = Lake(root).rows(GOLD_MODEL_METRICS)
    return {tuple(row[name] for name in key): row["value"] for row in rows}


def main(root: str, inbox: str, *steps: str) -> None:
    """Run the steps, one after another, in one session."""
    spark = session.start("pipeline")
    of_task: Callable[[str], Warehouse] = lambda task: Warehouse(spark, root, run_key=KEY(task))  # noqa: E731
    warehouse = of_task("land")
    tasks: dict[str, Callable[[], Any]] = {
        "land": lambda: land.run(under(warehouse, INGEST("land")), DATASET, Path(inbox)),
        "refine": lambda: refine.run(under(warehouse, INGEST("refine")), DATASET, now=NOW),
        "freeze": lambda: freeze.run(root, DATASET, run_key=KEY("freeze")),
        "nominate": lambda: _nominate(root),
        "choose": lambda: _choose(root),
        "evaluate": lambda: evaluate.run(of_task("evaluate"), DATASET),
        "decide": lambda: decide.decide(root, DATASET, None, run_key=KEY("decide")),
        "fit": lambda: fit.run(of_task("fit"), DATASET),
    }
    for step in steps:
        sys.stdout.write(f"step {step}\n")
        tasks[step]()
    session.stop(usable=True)
    spark.stop()


def _nominate(root: str) -> None:
    words = {"recipe": small_world.SMALL, "reason": "A test"}
    nominate.nominate(root, DATASET, None, run_key=KEY("nominate"), **words)
    search.use_nomination(root, run_key=KEY("search"))


def _choose(root: str) -> None:
    """Write the verdict that the gate would write, without an evaluation."""
    key = KEY("decide")
    row = dict.fromkeys(GOLD_VERDICTS.names) | {
        "retrain_id": key.retrain_id,
        "verdict": "first",
        "reason": "A test",
        "recipe": "als",
        "recipe_json": small_world.SMALL,
        "publishes": True,
        "criteria": [],
        "comparisons": [],
        "decided_at": NOW,
        "run_key": str(key),
    }
    append(root, GOLD_VERDICTS, [row], run_key=key)


if __name__ == "__main__":
    main(*sys.argv[1:])
