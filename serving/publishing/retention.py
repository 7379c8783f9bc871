"""Delete old releases: retire them first, then delete their lists in small transactions.

A retired release cannot go live, so a rollback cannot race the deletion. The next publication
finishes a deletion that crashed. The release's own row stays, because `activations` refers to it.
"""

import logging

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from serving.publishing import releases
from serving.tables import LISTS, Release
from serving.users import undone_times

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 20_000


def keep_newest(engine: Engine, keep: int) -> None:
    """Delete the lists of all ready releases but the newest `keep` and the live one."""
    with Session(engine) as session, session.begin():
        _retire(session, keep)
        to_purge = session.scalars(
            select(Release.release_id).where(
                Release.retired_at.is_not(None), Release.purged_at.is_(None)
            )
        ).all()
    for release_id in to_purge:
        _purge(engine, release_id)
    with Session(engine) as session, session.begin():
        undone_times.drop_others(session)
    if to_purge:
        _vacuum(engine)


def _retire(session: Session, keep: int) -> None:
    releases.lock_live_release(session)
    ready = (Release.ready_at.is_not(None), Release.retired_at.is_(None))
    newest_first = select(Release.release_id).where(*ready).order_by(Release.release_id.desc())
    live = releases.live_id(session)
    surplus = session.scalars(newest_first).all()[keep:]
    to_retire = [release_id for release_id in surplus if release_id != live]
    session.execute(
        update(Release).where(Release.release_id.in_(to_retire)).values(retired_at=func.now())
    )


def _purge(engine: Engine, release_id: int) -> None:
    for table in LISTS:
        delete_some = text(
            f"delete from {table} where ctid = any(array(select ctid from {table}"  # noqa: S608 # our own names
            " where release_id = :release_id limit :n))"
        )
        n_deleted = ROWS_AT_ONCE
        while n_deleted == ROWS_AT_ONCE:
            with engine.begin() as connection:
                values = {"release_id": release_id, "n": ROWS_AT_ONCE}
                n_deleted = connection.execute(delete_some, values).rowcount
    with Session(engine) as session, session.begin():
        purged = update(Release).where(Release.release_id == release_id)
        session.execute(purged.values(purged_at=func.now()))
    log.info("deleted release=%d", release_id)


def _vacuum(engine: Engine) -> None:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for table in LISTS:
            connection.execute(text(f"vacuum {table}"))
