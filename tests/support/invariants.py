"""What holds after every fault: asserted by each test that makes a program die."""

import math

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving.publishing import loading
from warehouse import reconciliation
from warehouse.query import Lake
from warehouse.tables import BRONZE_FEEDBACK

_LIVE = """
    select release_id, counts, checksum, ready_at is not null as is_ready
    from releases join live_release using (release_id)
"""
_ORPHANS = """
    select count(*) from recommendations
    where release_id not in (select release_id from releases where ready_at is not null)
"""
_LISTS = "select user_id, item_ids, scores from recommendations where release_id = :release_id"
_RATED = "select user_id, item_ids from profiles where release_id = :release_id"
_OUTBOX = "select event_id from outbox"
_CURRENT = "select count(*) from feedback group by user_id, item_id having count(*) > 1"


def assert_served(engine: Engine) -> int:
    """Assert that one complete release is live, and return its id."""
    with Session(engine) as session:
        [(release_id, counts, checksum, is_ready)] = session.execute(text(_LIVE)).all()
        assert is_ready
        assert checksum == loading.checksum(session, release_id)
        assert session.scalar(text(_ORPHANS)) == 0
        of_release = {"release_id": release_id}
        rows = session.execute(text(_LISTS), of_release).all()
        rated = {row.user_id: row.item_ids for row in session.execute(text(_RATED), of_release)}
    assert len(rows) == counts["recommendations"]
    for user_id, item_ids, scores in rows:
        assert len({*item_ids}) == len(item_ids) == len(scores)
        assert all(map(math.isfinite, scores))
        assert not {*item_ids} & {*rated.get(user_id, ())}
    return int(release_id)


def assert_collected(engine: Engine, root: str) -> None:
    """Assert that each accepted event is stored once in Postgres, and once in the lake."""
    with engine.connect() as connection:
        sent = connection.scalars(text(_OUTBOX)).all()
        assert connection.execute(text(_CURRENT)).all() == []
    lake = Lake(root)
    arrived = [row["event_id"] for row in lake.rows(BRONZE_FEEDBACK, columns=["event_id"])]
    assert sorted(arrived) == sorted({*sent})
    assert len({*sent}) == len(sent)
    assert reconciliation.reconcile(lake).balances
