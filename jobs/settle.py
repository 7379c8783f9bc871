"""Copy operators' decisions on rows in quarantine from Postgres to the lake. No Spark.

The next `refine` obeys them. Each decision is copied once; without a new one nothing is written.

Run: python -m jobs.settle --dataset movielens_1m
"""

import logging
from collections.abc import Sequence

from sqlalchemy import Engine

from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from serving.acts import quarantine
from serving.errors import ServingError
from serving.storage import database
from warehouse.append import Mark, append
from warehouse.datasets import Dataset
from warehouse.landings import write_id
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_QUARANTINE_DECISIONS

log = logging.getLogger(__name__)


def run(root: str, dataset: Dataset, engine: Engine, *, run_key: RunKey) -> int:
    """Copy the decisions that the lake lacks, and return their number.

    Raises:
        TableBusyError: another process has been writing the table for too long.
    """
    rows = Lake(root).rows(BRONZE_QUARANTINE_DECISIONS, columns=["decision_id"])
    copied_ids = {row["decision_id"] for row in rows}
    with engine.connect() as connection:
        stored = quarantine.newest(connection)
    new = [decision for decision in stored if decision.decision_id not in copied_ids]
    if not new:
        log.info("%s: no new decision on rows in quarantine", dataset.name)
        return 0
    new_rows = [
        {
            "decision_id": decision.decision_id,
            "target": decision.target,
            "check_name": decision.check,
            "landing_id": decision.landing_id,
            "landed_until": decision.landed_until,
            "decision": decision.decision,
            "decided_at": decision.decided_at,
            "run_key": str(run_key),
        }
        for decision in new
    ]
    mark = Mark(write_id(decision.decision_id for decision in new))
    append(root, BRONZE_QUARANTINE_DECISIONS, new_rows, run_key=run_key, mark=mark)
    log.info(event("settled", dataset=dataset.name, decisions=len(new)))
    return len(new)


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> None:
    """Parse the command line and run the job."""
    job = entrypoint.job(entrypoint.parser("settle", __doc__).parse_args(argv))
    run(job.root, job.dataset, engine or database.engine(job.dataset.name), run_key=job.run_key)


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
