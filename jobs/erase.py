"""Delete erased users from the lake: their rows, then the old files that have them. No Spark.

Postgres has the list of erasures. The job copies the list to the lake, deletes the rows of each
listed user in every table, and records what it deleted. Rows that arrive later, in a file that is
sent again, are deleted by the next run. A purge removes the old files and the old log of a table in
time: `LAKE_ERASE_WITHIN_DAYS` after a request no file names the user. With `--now` it removes them
at once; docs/operations.md says what must not run meanwhile.

A run that was killed is completed by the next one.

Run: python -m jobs.erase --dataset movielens_1m
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs.erasure import matches
from jobs.erasure.digests import ErasedUsers
from jobs.retraining.handover import Fit
from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from serving.errors import ServingError
from serving.publishing import releases
from serving.storage import database
from serving.users import erasures
from warehouse.append import Mark, append
from warehouse.datasets import Dataset
from warehouse.landings import write_id
from warehouse.maintenance import erasure
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.settings import LakeSettings
from warehouse.tables import BRONZE_ERASURES, BY_NAME, GOLD_ERASED_ROWS, Table

log = logging.getLogger(__name__)

# Rows are deleted within a day of the request, and a purge that is due runs within another day.
_DAYS_OF_RUNS = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did: numbers of users on the list, users with deleted rows, removed files."""

    n_listed: int = 0
    n_found: int = 0
    n_files: int = 0


def run(
    root: str, dataset: Dataset, engine: Engine, *, run_key: RunKey, within_days: float
) -> Outcome:
    """Delete the rows and the old files of all listed users. A second run changes nothing.

    `engine` has the role `publisher`. No file names a user `within_days` days after the request of
    their erasure: a purge removes the rows that were deleted more than `within_days - 2` days ago;
    with 2 or less it removes all deleted rows.

    Raises:
        TableBusyError: another process has been writing a table for too long.
    """
    lake, n_files = Lake(root), 0
    listed, new = _copy_list(lake, engine, run_key)
    if not listed:
        log.info("%s: no user was erased", dataset.name)
        return Outcome()
    users = ErasedUsers(dataset.name, listed)
    tables = [table for table in matches.USER_TABLES if lake.exists(table)]
    erased: set[str] = set()
    for table in tables:
        erased |= _delete(lake, table, users, run_key)
        erased |= _mark_former(lake, table, dataset.name, new, run_key)
    _record(lake, tables, run_key)
    keep_days = max(within_days - _DAYS_OF_RUNS, 0)
    deleted_before = datetime.now(UTC) - timedelta(days=keep_days)
    for table in tables:
        n_files += erasure.purge(root, table, deleted_before=deleted_before, run_key=run_key)
    unpurged = set().union(*(_unpurged(lake, table) for table in tables))
    with engine.begin() as connection:
        erasures.record_progress(connection, among=listed, found=erased, unpurged=unpurged)
    log.info(
        event("erased", dataset=dataset.name, users=len(listed), found=len(erased), files=n_files)
    )
    if erased:
        _name_releases(root, dataset, engine)
    return Outcome(len(listed), len(erased), n_files)


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> None:
    """Parse the command line, run."""
    parser = entrypoint.parser("erase", __doc__)
    parser.add_argument("--now", action="store_true", help="remove old files at once")
    options = parser.parse_args(argv)
    job = entrypoint.job(options)
    within_days = 0 if options.now else LakeSettings().erase_within_days
    engine = engine or database.engine(job.dataset.name)
    run(job.root, job.dataset, engine, run_key=job.run_key, within_days=within_days)


def _copy_list(lake: Lake, engine: Engine, run_key: RunKey) -> tuple[set[str], set[str]]:
    """Copy the list of erasures from Postgres to the lake.

    If Postgres lacks erasures of the lake's list, because a backup was restored, they are added to
    Postgres.

    Returns:
        The digests of all erased users, and of those whose rows were never looked for.
    """
    rows = lake.rows(BRONZE_ERASURES, columns=["user_digest", "requested_at"])
    in_lake = {row["user_digest"]: row["requested_at"] for row in rows}
    with engine.begin() as connection:
        in_postgres = erasures.listed(connection)
        lost = {digest: at for digest, at in in_lake.items() if digest not in in_postgres}
        n_restored = erasures.restore(connection, lost, by=str(run_key))
        new = erasures.new(connection)
    if n_restored:
        log.warning(
            "%d erasures were missing in Postgres and were restored from the lake. Run `lantern "
            "erase` to delete these users from Postgres again",
            n_restored,
        )
    missing: list[dict[str, Any]] = [
        {"user_digest": digest, "requested_at": at, "run_key": str(run_key)}
        for digest, at in in_postgres.items()
        if digest not in in_lake
    ]
    if missing:
        mark = Mark(write_id(row["user_digest"] for row in missing))
        append(lake.root, BRONZE_ERASURES, missing, run_key=run_key, mark=mark)
    return {*in_postgres, *in_lake}, new


def _delete(lake: Lake, table: Table, users: ErasedUsers, run_key: RunKey) -> set[str]:
    """Delete the users' rows from the newest version; return the digests of users with rows."""
    erased: set[str] = set()
    for match in matches.matches(lake, table, users):
        erasure.delete(lake.root, table, match.condition, match.n_rows, run_key=run_key)
        erased |= match.n_rows.keys()
    return erased


def _mark_former(
    lake: Lake, table: Table, dataset: str, new: set[str], run_key: RunKey
) -> set[str]:
    """Let the purge remove old files with users who have no row in the newest version.

    The next purge removes the files of users with a recorded deletion anyway.

    Returns:
        The digests of these users.
    """
    unmarked = new - _unpurged(lake, table)
    if not unmarked:
        return set()
    former = matches.former_users(lake, table, ErasedUsers(dataset, unmarked))
    if former:
        n_rows = dict.fromkeys(former, 0)
        erasure.mark_former(lake.root, table, n_rows, run_key=run_key)
    return former


def _unpurged(lake: Lake, table: Table) -> set[str]:
    """Return the digests of users whose deletion from the table is not purged yet."""
    deletions = erasure.deletions(lake.root, table)
    return {digest for deletion in deletions for digest in deletion.n_rows}


def _record(lake: Lake, tables: Sequence[Table], run_key: RunKey) -> None:
    """Write the deletions that gold.erased_rows lacks: those of this run and of a killed one."""
    rows = lake.rows(GOLD_ERASED_ROWS, columns=["table_name", "version"])
    recorded = {(row["table_name"], row["version"]) for row in rows}
    for table in tables:
        for deletion in erasure.deletions(lake.root, table):
            if (table.full_name, deletion.version) not in recorded:
                erasure.record(lake.root, table, deletion, run_key=run_key)


def _name_releases(root: str, dataset: Dataset, engine: Engine) -> None:
    """Log which kept releases can no longer be rebuilt."""
    with Session(engine) as session:
        kept = [(release.release_id, release.retrain_id) for release in releases.kept(session)]
    for release_id, retrain_id in kept:
        fit = Fit.find(root, retrain_id)
        versions = {} if fit is None else fit.versions
        changed = [
            name
            for name, version in versions.items()
            if erasure.first_since(root, BY_NAME[name], version) is not None
        ]
        if changed:
            log.info(
                "%s: release %d stays as it is, but cannot be rebuilt: users were erased from %s",
                *(dataset.name, release_id, ", ".join(sorted(changed))),
            )


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
