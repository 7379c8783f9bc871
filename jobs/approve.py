"""Record who approved a retrain, so that `publish` can require another account. No Spark.

The task `approve` runs it after an approval if the manifest has `approval_by_another`.

Run: python -m jobs.approve --dataset movielens_1m --run-key KEY --approved-by NAME
"""

import logging
from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.runtime import entrypoint
from serving.errors import ServingError
from serving.publishing import approvals
from serving.storage import database

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> None:
    """Parse the command line, write the entry of the audit. A second run changes nothing."""
    parser = entrypoint.parser("approve", __doc__)
    parser.add_argument("--approved-by", required=True, help="the account that approved")
    parser.add_argument("--started-by", default="", help="the account that started the retrain")
    options = parser.parse_args(argv)
    job = entrypoint.job(options)
    engine = engine or database.engine(job.dataset.name)
    with Session(engine) as session, session.begin():
        approvals.record(
            session,
            job.run_key.retrain_id,
            approved_by=options.approved_by,
            started_by=options.started_by or None,
        )
    log.info("recorded the approval of %s", job.run_key.retrain_id)


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
