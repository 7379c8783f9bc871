"""Remove the lake's files that no kept release and no recent reader needs. No Spark.

The versions that a kept release was made from stay whole, so that it can be rebuilt.

Run: python -m jobs.vacuum --dataset movielens_1m
"""

import logging
from collections.abc import Collection, Sequence
from typing import Unpack

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.retraining.handover import fitted
from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Given
from jobs.runtime.errors import JobError
from serving.errors import ServingError
from serving.publishing import releases
from serving.storage import database
from warehouse import retention
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import TABLES

log = logging.getLogger(__name__)


def run(
    root: str,
    engine: Engine,
    *,
    run_key: RunKey,
    retention_hours: int = retention.RETENTION_HOURS,
) -> int:
    """Vacuum every table; return how many files went.

    Raises:
        NotFittedError: a kept release is not in the ledger; nothing is removed then.
        VersionGoneError: what a kept release was made from is gone already.
    """
    with Session(engine) as reading:
        fits = [release.retrain_id for release in releases.kept(reading)]
    needed = versions(root, fits)
    lake = Lake(root)
    n_files = 0
    for table in TABLES:
        if lake.exists(table):
            keep = needed.get(table.full_name, set())
            n_files += retention.vacuum(
                root, table, keep=keep, run_key=run_key, retention_hours=retention_hours
            )
    log.info("%d files went; %d releases can be rebuilt", n_files, len(fits))
    return n_files


def versions(root: str, fits: Collection[str]) -> dict[str, set[int]]:
    """Return, by table, the versions that the fits read."""
    needed: dict[str, set[int]] = {}
    for retrain_id in fits:
        for name, version in dict(fitted(root, retrain_id)["versions"]).items():
            needed.setdefault(name, set()).add(version)
    return needed


def main(argv: Sequence[str] | None = None, **given: Unpack[Given]) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("vacuum", __doc__).parse_args(argv), **given)
    run(job.root, database.engine(job.dataset.name), run_key=job.run_key)
    return 0


if __name__ == "__main__":
    entrypoint.run(main, JobError, ServingError, WarehouseError)
