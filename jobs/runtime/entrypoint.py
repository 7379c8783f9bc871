"""How a job starts and ends: its command line, its settings, its log, its exit code.

A job ends with 0 (done), `NOTHING_TO_DO` (its last line says why), 2 (wrong arguments) or 1
(failed; its last line names the cause). `dags/operators.py` reads these codes.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobs.engine.errors import EngineError
from jobs.runtime import logs, session
from jobs.runtime.errors import JobError
from jobs.runtime.lineage_settings import LineageSettings
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.errors import WarehouseError
from warehouse.run_keys import RunKey
from warehouse.settings import LakeSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.runtime.lineage_events import JobEvents
    from warehouse.delta import Warehouse

log = logging.getLogger(__name__)

PRIVATE = 0o077  # umask: what a job writes is for its own user only
UNEXPECTED = "an unexpected error; the task's log has its trace"
_STARTED: "list[JobEvents]" = []  # lineage of this process's job, if it is sent: `run` ends it


@dataclass(frozen=True, slots=True)
class Job:
    """A job's data set, the root of its tables, its folder in the inbox, and the run."""

    name: str
    dataset: Dataset
    root: str
    inbox: str
    run_key: RunKey

    def warehouse(self, *, compile_less: bool = False, n_new: int = 0) -> "Warehouse":
        """Return the data set's tables; Spark starts when it is needed for the first time.

        `n_new` are the events that the job adds to those of silver. `compile_less`: see
        `session.start`.
        """
        from warehouse.delta import Warehouse
        from warehouse.query import Lake
        from warehouse.tables import SILVER_EVENTS

        def start() -> "SparkSession":
            lake = Lake(self.root)
            n_rows = n_new + (lake.n_rows(SILVER_EVENTS) if lake.exists(SILVER_EVENTS) else 0)
            return session.start(self.name, compile_less=compile_less, n_rows=n_rows)

        return Warehouse(start, self.root, run_key=self.run_key)


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the options that every job has: the data set and the run key."""
    options = argparse.ArgumentParser(
        prog=f"python -m jobs.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.set_defaults(job=name)
    options.add_argument("--dataset", required=True, help="name of a manifest in datasets/")
    options.add_argument(
        "--run-key",
        type=RunKey.parse,
        default=f"by-hand/{datetime.now(UTC):%Y%m%dT%H%M%S}/{name}",
        help="<dag id>/<run id>/<task id>; a write under the same key is not repeated",
    )
    return options


def job(options: argparse.Namespace) -> Job:
    """Return the job that the options of `parser` describe; send the start of its lineage."""
    dataset, lake = datasets.load_named(options.dataset), LakeSettings()
    root, inbox = lake.of(dataset.name), lake.inbox_of(dataset.name)
    if LineageSettings().url:
        from jobs.runtime.lineage_events import JobEvents

        _STARTED.append(JobEvents.started(dataset, root, inbox, options.run_key))
    return Job(options.job, dataset, root, inbox, options.run_key)


def run(main: Callable[[], int | None], *also_expected: type[Exception]) -> None:
    """Run a job's `main` and end the process with its exit code.

    An expected error, of this package, the engine, the lake or `also_expected`, is logged as one
    line, with its cause and the next step, and ends the process with code 1. Any other error keeps
    its stack trace.
    """
    expected: tuple[type[Exception], ...] = (EngineError, JobError, WarehouseError, *also_expected)
    os.umask(PRIVATE)
    logs.configure()
    code, failure = 1, UNEXPECTED
    try:
        code, failure = main() or 0, ""
    except expected as error:
        failure = f"{type(error).__name__}: {error}"
        log.error("%s", failure)  # noqa: TRY400 # the cause, no trace
    finally:
        for events in _STARTED:
            events.ended(failure)
        session.stop(usable=failure != UNEXPECTED)
    sys.exit(code)
