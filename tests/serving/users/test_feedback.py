from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from serving.errors import (
    IdempotencyKeyReusedError,
    OffScaleError,
    RequestRefusedError,
    UnknownItemError,
    UserErasedError,
)
from serving.schemas import About, Receipt, SentKind
from serving.users import accounts, feedback
from serving.users.feedback import Event
from tests.support.serving import shop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def send(
    connection: Connection,
    kind: SentKind,
    rating: float | None = None,
    *,
    at: datetime | None = None,
    key: str | None = None,
    item: str = "a",
    user: str = "u",
) -> Receipt:
    event = Event(kind, user, item, rating, at, key)
    return feedback.accept(connection, event, sent_by="shop")


def current(connection: Connection) -> tuple[float | None, str | None]:
    """Return rating and hide of user "u" and item "a"."""
    statement = "select rating, hidden from feedback where user_id = 'u' and item_id = 'a'"
    rating, hidden = connection.execute(text(statement)).one()
    return rating, hidden


def n_events(connection: Connection) -> int:
    n: int = connection.execute(text("select count(*) from outbox")).scalar_one()
    return n


def test_an_event_is_written_to_the_outbox_and_to_the_current_feedback(
    connection: Connection,
) -> None:
    receipt = send(connection, "rate", 4, at=NOON, key="k")

    row = connection.execute(text("select * from outbox")).mappings().one()
    assert (receipt.status, receipt.event_id, receipt.occurred_at) == (
        "accepted",
        row["event_id"],
        NOON,
    )
    assert (row["kind"], row["user_id"], row["item_id"], row["rating"]) == ("rate", "u", "a", 4)
    assert (row["idempotency_key"], row["occurred_at"], row["sent_by"]) == ("k", NOON, "shop")
    assert row["xact"] > 0
    assert current(connection) == (4, None)


def test_an_event_without_a_time_gets_the_time_of_arrival(connection: Connection) -> None:
    receipt = send(connection, "rate", 4)

    assert receipt.occurred_at == connection.scalar(text("select now()"))
    assert len(receipt.event_id) == 32


def test_later_events_have_larger_ids() -> None:
    ids = [feedback.new_event_id() for _ in range(100)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 100


def test_the_newest_rating_wins_in_any_order_of_arrival(connection: Connection) -> None:
    send(connection, "rate", 4, at=NOON)
    send(connection, "rate", 2, at=NOON - HOUR)
    assert current(connection) == (4, None)

    send(connection, "unrate", at=NOON + HOUR)
    assert current(connection) == (None, None)

    send(connection, "rate", 5, at=NOON)  # older than the unrating, so it is ignored
    assert current(connection) == (None, None)
    assert n_events(connection) == 4


def test_of_two_ratings_with_the_same_time_the_last_written_wins(connection: Connection) -> None:
    send(connection, "rate", 4, at=NOON)
    send(connection, "rate", 2, at=NOON)

    assert current(connection) == (2, None)


@pytest.mark.parametrize("kind", ["hide", "not_interested"])
def test_a_hide_keeps_the_rating_and_a_later_rating_shows_the_item_again(
    connection: Connection, kind: SentKind
) -> None:
    send(connection, "rate", 4, at=NOON)
    send(connection, kind, at=NOON + HOUR)
    assert current(connection) == (4, kind)

    send(connection, "rate", 5, at=NOON + 2 * HOUR)
    assert current(connection) == (5, None)


def test_an_unrating_shows_a_hidden_item_again_even_without_a_rating(
    connection: Connection,
) -> None:
    send(connection, "hide", at=NOON)
    send(connection, "unrate", at=NOON + HOUR)

    assert current(connection) == (None, None)


def test_a_hide_that_is_older_than_the_rating_is_ignored(connection: Connection) -> None:
    send(connection, "rate", 4, at=NOON)
    send(connection, "hide", at=NOON - 2 * HOUR)
    send(connection, "hide", at=NOON - HOUR)

    assert current(connection) == (4, None)


def test_a_rating_that_is_older_than_the_hide_counts_but_the_item_stays_hidden(
    connection: Connection,
) -> None:
    send(connection, "hide", at=NOON)
    send(connection, "rate", 4, at=NOON - HOUR)

    assert current(connection) == (4, "hide")


def test_a_rating_from_a_fast_clock_can_be_unrated_at_once(connection: Connection) -> None:
    send(connection, "rate", 4, at=datetime.now(UTC) + timedelta(minutes=4))
    send(connection, "unrate")

    assert current(connection) == (None, None)


@pytest.mark.parametrize(
    "at",
    [
        datetime.now(UTC) + timedelta(days=1),
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
    ],
)
def test_an_impossible_time_is_refused(connection: Connection, at: datetime) -> None:
    with pytest.raises(RequestRefusedError, match=r"occurred_at"):
        send(connection, "rate", 4, at=at)

    assert n_events(connection) == 0


def test_a_repeated_event_with_the_same_key_is_answered_but_not_written(
    connection: Connection,
) -> None:
    first = send(connection, "rate", 4, at=NOON, key="k")
    send(connection, "rate", 2, at=NOON + HOUR)

    repeated = send(connection, "rate", 4, at=NOON + 2 * HOUR, key="k")

    changes = {"status": "repeated", "previous": None}  # it is no longer the newest event
    assert repeated == first.model_copy(update=changes)
    assert (current(connection), n_events(connection)) == ((2, None), 2)


def test_the_same_key_with_another_event_is_refused(connection: Connection) -> None:
    send(connection, "rate", 4, key="k")
    send(connection, "hide", key="h")

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
    assert n_events(connection) == 2


def test_an_unknown_item_is_refused_by_name(connection: Connection) -> None:
    with pytest.raises(UnknownItemError, match="'zz'"):
        send(connection, "rate", 4, item="zz")

    assert n_events(connection) == 0


def test_no_event_is_accepted_for_an_erased_user(publisher: Engine, owner: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)
    with owner.begin() as connection:
        send(connection, "rate", 4, key="k")
        accounts.erase(connection, "u", requested_by="test")

    for key in ("k", None):
        with pytest.raises(UserErasedError, match="'u'"), owner.begin() as connection:
            send(connection, "rate", 4, key=key)

    assert shop.rows(owner, "select user_id from outbox union select user_id from feedback") == []


@pytest.mark.parametrize(
    ("rating", "step"), [(0.5, 0.5), (1, 1), (3.5, 3.5), (5, 5), (3.5 + 1e-8, 3.5), (4 - 1e-8, 4)]
)
def test_a_rating_on_the_scale_is_accepted_as_its_step(rating: float, step: float) -> None:
    assert feedback.on_scale(rating, half_steps()) == step


@pytest.mark.parametrize("rating", [0, 0.4, 5.5, 3.25, -1, 1e300, 3.4999])
def test_a_rating_off_the_scale_is_refused_with_the_scale(rating: float) -> None:
    with pytest.raises(OffScaleError, match=r"0\.5 to 5 in steps of 0\.5"):
        feedback.on_scale(rating, half_steps())


def test_a_rating_too_small_for_postgres_is_the_lowest_of_the_scale(
    connection: Connection,
) -> None:
    from_zero = half_steps().model_copy(update={"lowest": 0.0})
    rating = feedback.on_scale(1e-50, from_zero)

    assert send(connection, "rate", rating).status == "accepted"
    assert connection.scalar(text("select rating from feedback")) == 0


def half_steps() -> About:
    return About.model_validate(
        shop.ABOUT | {"lowest": 0.5, "highest": 5, "step": 0.5, "categories": (), "n_items": 0}
    )


def test_the_outbox_state_counts_waiting_events_and_dates_the_oldest(
    connection: Connection,
) -> None:
    empty = feedback.outbox_state(connection)
    assert (empty.n_events, empty.n_waiting, empty.oldest_waiting_at) == (0, 0, None)

    send(connection, "rate", 4)
    send(connection, "hide")
    waiting = feedback.outbox_state(connection)
    assert (waiting.n_events, waiting.n_waiting, waiting.collected_at) == (2, 2, None)
    assert waiting.oldest_waiting_at == connection.scalar(text("select now()"))

    collected = "insert into outbox_cursor (until, n_events) select max(xact) + {}, 7 from outbox"
    connection.execute(text(collected.format(1)))
    state = feedback.outbox_state(connection)
    assert (state.n_events, state.n_waiting, state.oldest_waiting_at) == (7, 0, None)
    assert state.collected_at is not None


def test_an_event_of_the_first_uncollected_transaction_is_waiting(connection: Connection) -> None:
    send(connection, "rate", 4)
    connection.execute(
        text("insert into outbox_cursor (until, n_events) select max(xact), 0 from outbox")
    )

    assert feedback.outbox_state(connection).n_waiting == 1
