from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from serving.errors import (
    IdempotencyKeyReusedError,
    OffScaleError,
    RequestRefusedError,
    UnknownItemError,
    UserErasedError,
)
from serving.schemas import About, EventKind, Receipt
from serving.users import accounts, feedback
from serving.users.feedback import Event
from tests.support.serving import shop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def connection(session: Session) -> Connection:
    """A connection whose transaction is rolled back, with items "a" and "b"."""
    connection = session.connection()
    connection.execute(
        text("insert into items (item_id, title, search) values ('a', 'A', ''), ('b', 'B', '')")
    )
    return connection


def do(
    connection: Connection,
    kind: EventKind,
    rating: float | None = None,
    *,
    at: datetime | None = None,
    key: str | None = None,
    item: str = "a",
    user: str = "u",
) -> Receipt:
    event = Event(kind, user, item, rating, at, key)
    return feedback.accept(connection, event, sent_by="shop")


def held(connection: Connection) -> tuple[float | None, str | None]:
    """Return what holds of "u" and "a"."""
    statement = "select rating, hidden from feedback where user_id = 'u' and item_id = 'a'"
    rating, hidden = connection.execute(text(statement)).one()
    return rating, hidden


def events(connection: Connection) -> int:
    found: int = connection.execute(text("select count(*) from outbox")).scalar_one()
    return found


def test_an_event_is_in_the_outbox_and_in_what_holds(connection: Connection) -> None:
    receipt = do(connection, "rate", 4, at=NOON, key="k")

    row = connection.execute(text("select * from outbox")).mappings().one()
    assert (receipt.status, receipt.event_id, receipt.occurred_at) == (
        "accepted",
        row["event_id"],
        NOON,
    )
    assert (row["kind"], row["user_id"], row["item_id"], row["rating"]) == ("rate", "u", "a", 4)
    assert (row["idempotency_key"], row["occurred_at"], row["sent_by"]) == ("k", NOON, "shop")
    assert row["xact"] > 0
    assert held(connection) == (4, None)


def test_without_a_time_an_event_happened_when_it_came(connection: Connection) -> None:
    receipt = do(connection, "rate", 4)

    assert receipt.occurred_at == connection.scalar(text("select now()"))
    assert len(receipt.event_id) == 32


def test_later_events_have_larger_ids() -> None:
    ids = [feedback.new_event_id() for _ in range(100)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 100


def test_the_newest_rating_holds_in_whatever_order_they_come(connection: Connection) -> None:
    do(connection, "rate", 4, at=NOON)
    do(connection, "rate", 2, at=NOON - HOUR)
    assert held(connection) == (4, None)

    do(connection, "unrate", at=NOON + HOUR)
    assert held(connection) == (None, None)

    do(connection, "rate", 5, at=NOON)  # older than the undo: late, and too late
    assert held(connection) == (None, None)
    assert events(connection) == 4


def test_of_two_ratings_of_one_instant_the_later_written_holds(connection: Connection) -> None:
    do(connection, "rate", 4, at=NOON)
    do(connection, "rate", 2, at=NOON)

    assert held(connection) == (2, None)


@pytest.mark.parametrize("kind", ["hide", "not_interested"])
def test_a_hide_keeps_the_rating_and_a_later_rating_takes_it_back(
    connection: Connection, kind: EventKind
) -> None:
    do(connection, "rate", 4, at=NOON)
    do(connection, kind, at=NOON + HOUR)
    assert held(connection) == (4, kind)

    do(connection, "rate", 5, at=NOON + 2 * HOUR)
    assert held(connection) == (5, None)


def test_undo_takes_a_hide_back_where_nothing_was_rated(connection: Connection) -> None:
    do(connection, "hide", at=NOON)
    do(connection, "unrate", at=NOON + HOUR)

    assert held(connection) == (None, None)


def test_a_hide_that_comes_late_hides_nothing(connection: Connection) -> None:
    do(connection, "rate", 4, at=NOON)
    do(connection, "hide", at=NOON - 2 * HOUR)
    do(connection, "hide", at=NOON - HOUR)

    assert held(connection) == (4, None)


def test_a_rating_that_comes_late_counts_and_shows_nothing_again(connection: Connection) -> None:
    do(connection, "hide", at=NOON)
    do(connection, "rate", 4, at=NOON - HOUR)

    assert held(connection) == (4, "hide")


def test_a_fast_clock_does_not_outlive_an_undo(connection: Connection) -> None:
    do(connection, "rate", 4, at=datetime.now(UTC) + timedelta(minutes=4))
    do(connection, "unrate")

    assert held(connection) == (None, None)


@pytest.mark.parametrize(
    "at",
    [
        datetime.now(UTC) + timedelta(days=1),
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
    ],
)
def test_a_time_that_cannot_be_is_refused(connection: Connection, at: datetime) -> None:
    with pytest.raises(RequestRefusedError, match=r"occurred_at"):
        do(connection, "rate", 4, at=at)

    assert events(connection) == 0


def test_the_same_key_with_the_same_event_is_answered_and_not_written(
    connection: Connection,
) -> None:
    first = do(connection, "rate", 4, at=NOON, key="k")
    do(connection, "rate", 2, at=NOON + HOUR)

    again = do(connection, "rate", 4, at=NOON + 2 * HOUR, key="k")

    assert again == first.model_copy(update={"status": "repeated"})
    assert (held(connection), events(connection)) == ((2, None), 2)


def test_the_same_key_with_another_event_is_refused(connection: Connection) -> None:
    do(connection, "rate", 4, key="k")
    do(connection, "hide", key="h")

    others = [
        Event("rate", "u", "a", 5, None, "k"),
        Event("unrate", "u", "a", None, None, "k"),
        Event("rate", "u", "b", 4, None, "k"),
        Event("rate", "v", "a", 4, None, "k"),
        Event("not_interested", "u", "a", None, None, "h"),
    ]
    for other in others:
        with pytest.raises(IdempotencyKeyReusedError, match="belongs to another event"):
            feedback.accept(connection, other, sent_by="shop")
    assert events(connection) == 2


def test_an_item_that_the_catalogue_does_not_have_is_named(connection: Connection) -> None:
    with pytest.raises(UnknownItemError, match="'zz'"):
        do(connection, "rate", 4, item="zz")

    assert events(connection) == 0


def test_nothing_is_taken_from_somebody_who_is_forgotten(publisher: Engine, owner: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)
    with owner.begin() as connection:
        do(connection, "rate", 4, key="k")
        accounts.erase(connection, "u", requested_by="test")

    for key in ("k", None):
        with pytest.raises(UserErasedError, match="'u'"), owner.begin() as connection:
            do(connection, "rate", 4, key=key)

    assert shop.rows(owner, "select user_id from outbox union select user_id from feedback") == []


@pytest.mark.parametrize("rating", [0.5, 1, 3.5, 5])
def test_a_rating_on_the_scale_passes(rating: float) -> None:
    feedback.refuse_off_scale(rating, half_steps())


@pytest.mark.parametrize("rating", [0, 0.4, 5.5, 3.25, -1, 1e300, 3.4999])
def test_a_rating_off_the_scale_is_refused_with_the_scale(rating: float) -> None:
    with pytest.raises(OffScaleError, match=r"0\.5 to 5 in steps of 0\.5"):
        feedback.refuse_off_scale(rating, half_steps())


def half_steps() -> About:
    return About.model_validate(
        shop.ABOUT | {"lowest": 0.5, "highest": 5, "step": 0.5, "categories": (), "n_items": 0}
    )


def test_the_outbox_says_what_waits_and_since_when(connection: Connection) -> None:
    empty = feedback.outbox_state(connection)
    assert (empty.n_events, empty.n_waiting, empty.oldest_waiting_at) == (0, 0, None)

    do(connection, "rate", 4)
    do(connection, "hide")
    waiting = feedback.outbox_state(connection)
    assert (waiting.n_events, waiting.n_waiting, waiting.collected_at) == (2, 2, None)
    assert waiting.oldest_waiting_at == connection.scalar(text("select now()"))

    collected = "insert into outbox_cursor (until, n_events) select max(xact) + {}, 7 from outbox"
    connection.execute(text(collected.format(1)))
    state = feedback.outbox_state(connection)
    assert (state.n_events, state.n_waiting, state.oldest_waiting_at) == (7, 0, None)
    assert state.collected_at is not None


def test_an_event_of_the_transaction_where_collecting_ended_waits(connection: Connection) -> None:
    do(connection, "rate", 4)
    connection.execute(
        text("insert into outbox_cursor (until, n_events) select max(xact), 0 from outbox")
    )

    assert feedback.outbox_state(connection).n_waiting == 1
