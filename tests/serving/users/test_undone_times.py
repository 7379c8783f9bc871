"""Undone ratings are remembered only for releases that have learned them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from serving.lists import user_state
from serving.publishing import releases, retention
from serving.schemas import Receipt
from serving.storage import pruning
from serving.users import feedback, undo, undone_times
from serving.users.feedback import Event
from serving.users.outbox import OUTBOX
from tests.support.serving import live_shop, shop

USER, ITEM = "grumbler", "f1"  # rated at `RATED_AT` in each release
LATER = shop.RATED_AT + timedelta(hours=1)


def rate(connection: Connection, at: datetime | None = None) -> Receipt:
    event = Event("rate", USER, ITEM, 1.0, at)
    return feedback.accept(connection, event, sent_by="test")


def take_back(engine: Engine, receipt: Receipt) -> None:
    with engine.begin() as connection:
        undo.undo(connection, USER, receipt.event_id, sent_by="test")


def undone_at(engine: Engine) -> object:
    return shop.rows(engine, "select undone_at from feedback")[0][0]


def rated(engine: Engine, release_id: int) -> user_state.Rated:
    with engine.connect() as connection:
        return user_state.read(connection, release_id, USER).rated


@pytest.fixture
def first(publisher: Engine, owner: Engine) -> int:
    """A release whose training did not see the user."""
    release_id = live_shop.release(publisher)
    with owner.begin() as connection:
        connection.execute(text("delete from profiles where user_id = :user"), {"user": USER})
    return release_id


@pytest.mark.usefixtures("first")
def test_times_of_ratings_that_no_release_has_are_not_kept(owner: Engine) -> None:
    for _ in range(3):
        with owner.begin() as connection:
            receipt = rate(connection)
        take_back(owner, receipt)

    assert undone_at(owner) == []


def test_a_rating_undone_while_a_release_was_made_does_not_reappear(
    publisher: Engine, owner: Engine, first: int
) -> None:
    with owner.begin() as connection:
        receipt = rate(connection, shop.RATED_AT)
    take_back(owner, receipt)
    assert undone_at(owner) == []

    second = live_shop.release(publisher, "two", instead_of=first)

    assert undone_at(owner) == [shop.RATED_AT]
    assert rated(owner, second) == {}
    with owner.begin() as connection:
        again = rate(connection, shop.RATED_AT)
    take_back(owner, again)
    assert undone_at(owner) == [shop.RATED_AT]  # once


def test_times_are_kept_as_long_as_a_release_that_can_be_live_again(
    publisher: Engine, owner: Engine, first: int
) -> None:
    with owner.begin() as connection:
        receipt = rate(connection, shop.RATED_AT)
    second = live_shop.release(publisher, "two", instead_of=first)
    take_back(owner, receipt)
    live = live_shop.release(publisher, "three", instead_of=second)
    with owner.begin() as connection:  # this release has unlearned the rating
        unlearned = "update profiles set rated_at = array[:at]::timestamptz[]"
        connection.execute(
            text(f"{unlearned} where user_id = :user and release_id = :id"),
            {"at": LATER, "user": USER, "id": live},
        )

    retention.keep_newest(publisher, 2)
    with Session(publisher) as session, session.begin():
        assert releases.roll_back(session, actor="ann", reason="a test") == second
    assert rated(owner, second) == {}

    with Session(publisher) as session, session.begin():
        releases.activate(session, live, instead_of=second, actor="ann", reason="a test")
    retention.keep_newest(publisher, 1)
    assert undone_at(owner) == []


def test_an_undo_waits_for_a_publication_that_is_about_to_commit(owner: Engine, first: int) -> None:
    with owner.begin() as connection:
        receipt = rate(connection, LATER)
    with ThreadPoolExecutor(1) as thread, Session(owner) as publication:
        publication.execute(
            text(
                "insert into profiles (release_id, user_id, segment, item_ids, ratings, rated_at)"
                " values (:id, :user, '', array[:item], '{1}', array[:at]::timestamptz[])"
            ),
            {"id": first, "user": USER, "item": ITEM, "at": LATER},
        )
        undone_times.add_learned(publication, first)
        undone = thread.submit(take_back, owner, receipt)
        waiting = "select from pg_locks where locktype = 'advisory' and not granted"
        while not shop.rows(owner, waiting):
            assert not undone.done()
        publication.commit()
        undone.result(timeout=10)

    assert undone_at(owner) == [LATER]
    assert rated(owner, first) == {}


@pytest.mark.usefixtures("first")
def test_undos_stay_in_the_outbox_until_no_retrain_can_be_older(
    publisher: Engine, owner: Engine
) -> None:
    with owner.begin() as connection:
        receipt = rate(connection)
        last = rate(connection)
    with owner.begin() as connection:
        undo.undo(connection, USER, last.event_id, sent_by="test")
        connection.execute(text("update outbox set received_at = :at"), {"at": shop.RATED_AT})
        until = connection.scalar(text("select max(xact) + 1 from outbox"))
    OUTBOX.move_cursor(publisher, until=until or 0, n_rows=3)

    def prune(days: int) -> list[Any]:
        before = shop.RATED_AT + timedelta(days=days)
        names = ("events_before", "users_before", "audit_before", "lists_before")
        pruning.prune(publisher, **dict.fromkeys(names, before))
        return shop.rows(owner, "select kind, event_id from outbox order by event_id")

    kinds = [kind for kind, _ in prune(days=30)]
    assert kinds == ["rate", "undo"]
    assert receipt.event_id not in {event_id for _, event_id in prune(days=30)}
    assert prune(days=32) == []
