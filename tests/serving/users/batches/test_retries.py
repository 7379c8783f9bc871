"""An event that is sent again is written once."""

from sqlalchemy import Connection

from serving.users import accounts, feedback
from serving.users.feedback import Event
from tests.serving.users.batches.sending import (
    NOON,
    codes,
    event,
    send,
    stored,
)


def test_an_event_that_is_sent_again_is_written_once(connection: Connection) -> None:
    order = event("purchase", value=2, event_id="order-1", occurred_at=NOON)
    [first, same, other] = send(
        connection, order, order, event("purchase", value=3, event_id="order-1")
    )
    [again, reused] = send(connection, order, event("view", event_id="order-1"))

    assert codes([first, same, other]) == ["accepted", "repeated", "idempotency-key-reused"]
    assert codes([again, reused]) == ["repeated", "idempotency-key-reused"]
    assert {first.event_id, same.event_id, again.event_id} == {first.event_id}
    assert first.occurred_at == again.occurred_at == NOON
    assert len(stored(connection)) == 1


def test_an_event_id_is_the_idempotency_key_of_the_other_routes(connection: Connection) -> None:
    rated = Event("rate", "u", "a", 7, NOON, "k")
    receipt = feedback.accept(connection, rated, sent_by="shop")

    results = send(connection, event("rate", value=7, event_id="k"), event("hide", event_id="k"))

    assert codes(results) == ["repeated", "idempotency-key-reused"]
    assert results[0].event_id == receipt.event_id


def test_an_event_whose_first_try_was_refused_is_refused_again(connection: Connection) -> None:
    unknown = event("view", "zz", event_id="k")

    assert codes(send(connection, unknown, unknown)) == ["unknown-item", "unknown-item"]


def test_an_event_that_was_refused_does_not_use_up_its_event_id(connection: Connection) -> None:
    with connection.begin_nested():
        accounts.erase(connection, "gone", requested_by="test")
    results = send(
        connection,
        event("view", "zz", event_id="k"),
        event("view", user="gone", event_id="k"),
        event("view", event_id="k"),
        event("view", event_id="k"),
        event("view", "b", event_id="k"),
    )

    assert codes(results) == [
        "unknown-item", "user-erased", "accepted", "repeated", "idempotency-key-reused"
    ]  # fmt: skip
    assert [row[:2] for row in stored(connection)] == [("view", "a")]
