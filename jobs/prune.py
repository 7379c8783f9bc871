"""Delete records in Postgres at the end of their retention. No Spark.

These are events that were collected long ago, with their idempotency keys; users who were created
but never sent an event; entries of the audit; and lists that were shown. `RETENTION_` settings say
how long each is kept.

Run: python -m jobs.prune --dataset movielens_1m
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from jobs.maintenance.records import Record
from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from jobs.runtime.retention import RetentionSettings
from serving.errors import ServingError
from serving.storage import database, pruning
from serving.storage.pruning import Deleted, Kind

log = logging.getLogger(__name__)


def run(engine: Engine, settings: RetentionSettings, *, now: datetime) -> dict[Kind, Deleted]:
    """Delete what is older than its retention, and return what was deleted."""
    pruned = pruning.prune(
        engine,
        events_before=now - timedelta(days=settings.outbox_days),
        users_before=now - timedelta(days=settings.unused_user_days),
        audit_before=now - timedelta(days=settings.audit_days),
        lists_before=now - timedelta(days=settings.shown_list_days),
    )
    log.info(event("pruned", **{kind: deleted.n_rows for kind, deleted in pruned.items()}))
    return pruned


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("prune", __doc__).parse_args(argv))
    record = Record("prune")
    pruned = run(database.engine(job.dataset.name), RetentionSettings(), now=datetime.now(UTC))
    for kind, deleted in pruned.items():
        record.add(kind, deleted.n_rows, deleted.seconds)
    record.write(job.root, job.run_key)


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
