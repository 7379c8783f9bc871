"""Remove files of the lake that no kept release and no recent reader needs. No Spark.

The table versions that a kept release was fitted on stay readable, so that it can be rebuilt. If
users were erased since, it cannot be rebuilt, and its versions are not kept.

Run: python -m jobs.vacuum --dataset movielens_1m
"""

import logging
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.maintenance import records
from jobs.retraining.handover import Fit
from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from serving.errors import ServingError
from serving.publishing import releases
from serving.storage import database
from warehouse.maintenance import erasure, files, retention
from warehouse.run_keys import RunKey
from warehouse.tables import Table

log = logging.getLogger(__name__)


def run(
    root: str, engine: Engine, *, run_key: RunKey, retention_hours: int = retention.RETENTION_HOURS
) -> int:
    """Vacuum every table; return the number of removed files.

    Raises:
        TaskMissingError: a kept release has no row in gold.fits; nothing was removed.
        VersionGoneError: a version that a kept release needs is no longer readable.
    """
    with Session(engine) as session:
        retrain_ids = [release.retrain_id for release in releases.kept(session)]
    needed = defaultdict[str, set[int]](set)  # the versions that the fits read, by table
    for retrain_id in retrain_ids:
        for name, version in Fit.read(root, retrain_id).versions.items():
            needed[name].add(version)

    def vacuum(table: Table) -> int:
        keep = {
            version
            for version in needed[table.full_name]
            if erasure.first_since(root, table, version) is None
        }
        return retention.vacuum(
            root, table, keep=keep, run_key=run_key, retention_hours=retention_hours
        )

    record = records.of_tables("vacuum", root, vacuum, files.stored)
    record.write(root, run_key, of_lake=True)
    log.info(event("vacuumed_lake", files=record.n_done, kept_releases=len(retrain_ids)))
    return record.n_done


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("vacuum", __doc__).parse_args(argv))
    run(job.root, database.engine(job.dataset.name), run_key=job.run_key)


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
