import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from serving.errors import FeedbackChangedError
from serving.schemas import About, EventResult, InvalidEvent, NewEvent
from serving.storage import database
from serving.storage.prepared import Prepared
from serving.users import accounts, feedback, undo
from serving.users.batches import rows, writing
from serving.users.batches.writing import Budget
from serving.users.feedback import Event
from serving.users.quotas import Quotas
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.server import as_role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ABOUT = About.model_validate(shop.ABOUT | {"categories": (), "n_items": 2})
SENT = "select kind, item_id, rating, value, list_id from outbox order by event_id"
EVENT_KINDS = ("rate", "unrate", "hide", "not_interested", "purchase", "view")
N_CLIENTS, N_ROUNDS, N_EVENTS = 2, 10, 400


@pytest.fixture
def connection(session: Session) -> Connection:
    """A connection whose transaction is rolled back, with items "a" and "b"."""
    connection = session.connection()
    connection.execute(
        text("insert into items (item_id, title, search) values ('a', 'A', ''), ('b', 'B', '')")
    )
    return connection


def budget(**limits: int) -> Budget:
    return Budget(Quotas(**({"events": 0, "users": 0} | limits)), "shop", "key")


def event(kind: str, item: str = "a", user: str = "u", **fields: Any) -> NewEvent:
    return NewEvent(kind=kind, user_id=user, item_id=item, **fields)


def send(
    connection: Connection, *events: NewEvent | InvalidEvent, within: Budget | None = None
) -> list[EventResult]:
    return writing.accept(connection, events, ABOUT, within or budget())


def codes(results: list[EventResult]) -> list[str | None]:
    """Return the status of each event, or the code of its refusal."""
    return [result.code or result.status for result in results]


def stored(connection: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(SENT))]


def test_events_of_any_kind_are_written_with_their_value_in_their_order(
    connection: Connection,
) -> None:
    results = send(
        connection,
        event("view", list_id="l1"),
        event("purchase", "b", value=2.5),
        event("rate", value=7),
        event("hide", "b"),
    )

    assert codes(results) == ["accepted"] * 4
    assert stored(connection) == [
        ("view", "a", None, None, "l1"),
        ("purchase", "b", None, 2.5, None),
        ("rate", "a", 7, None, None),
        ("hide", "b", None, None, None),
    ]
    ids = [result.event_id for result in results]
    assert ids == sorted(ids, key=str)
    times = [result.occurred_at for result in results]
    assert times == sorted({*times}, key=str)  # those without a time differ by a microsecond


def test_only_ratings_and_hides_change_the_current_feedback(connection: Connection) -> None:
    send(connection, event("rate", value=7), event("purchase"), event("view", "b"))

    rows = connection.execute(text("select item_id, rating, hidden from feedback")).all()
    assert rows == [("a", 7, None)]


def test_a_bad_event_stops_no_good_one(connection: Connection) -> None:
    with connection.begin_nested():
        accounts.erase(connection, "gone", requested_by="test")
    results = send(
        connection,
        event("view", "zz"),
        event("view"),
        event("dance"),
        event("view", user="gone"),
        event("rate", value=11),
        event("rate"),
        event("hide", value=1),
        event("view", value=-1),
        event("listen", value=1.5),
        event("view", occurred_at=datetime.now(UTC) + HOUR),
        InvalidEvent("kind: Field required."),
        event("listen", "b", value=1),
    )

    assert codes(results) == [
        "unknown-item", "accepted", "unknown-kind", "user-erased", "off-scale", "request-refused",
        "request-refused", "request-refused", "request-refused", "request-refused",
        "request-refused", "accepted",
    ]  # fmt: skip
    assert [row[:2] for row in stored(connection)] == [("view", "a"), ("listen", "b")]


def test_a_value_above_the_bound_is_refused(connection: Connection) -> None:
    results = send(connection, event("view", value=1e9), event("view", value=1e308))

    assert codes(results) == ["accepted", "request-refused"]
    assert results[1].detail == "value: 1e+308 is above 1,000,000,000."


def test_an_unknown_kind_is_refused_with_the_known_ones(connection: Connection) -> None:
    [result] = send(connection, event("dance"))

    detail = "There is no kind 'dance'; there are listen, purchase, view, rate, unrate, hide"
    assert result.detail is not None
    assert result.detail.startswith(detail)
    assert result.title == "Unknown kind of event"


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


def test_events_beyond_a_quota_are_refused_and_the_others_written(connection: Connection) -> None:
    within = budget(events=3, events_of_user=2)
    views = [event("view", user=user) for user in "uuuvw"]

    results = send(connection, *views, within=within)

    refused = "quota-exceeded"
    assert codes(results) == ["accepted", "accepted", refused, "accepted", refused]
    assert "The user" in str(results[2].detail)
    assert "The key 'key'" in str(results[4].detail)


def test_an_event_of_the_manifests_kinds_can_be_undone_in_any_order(
    connection: Connection,
) -> None:
    bought, viewed = send(connection, event("purchase", value=2, occurred_at=NOON), event("view"))

    receipt = undo.undo(connection, "u", str(bought.event_id), sent_by="shop")

    assert receipt.status == "accepted"
    columns = "kind, undoes, value, undone_kind, undone_at"
    [row] = connection.execute(text(f"select {columns} from outbox where kind = 'undo'"))  # noqa: S608
    assert tuple(row) == ("undo", bought.event_id, 2, "purchase", NOON)
    assert undo.undo(connection, "u", str(bought.event_id), sent_by="x").status == "repeated"
    assert undo.undo(connection, "u", str(viewed.event_id), sent_by="x").status == "accepted"


def test_of_ratings_in_a_batch_only_the_newest_event_can_be_undone(
    connection: Connection,
) -> None:
    first, _ = send(connection, event("rate", value=7), event("rate", value=9))

    with pytest.raises(FeedbackChangedError):
        undo.undo(connection, "u", str(first.event_id), sent_by="shop")


@pytest.mark.parametrize("at", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_an_undo_restores_what_the_events_before_it_in_the_batch_left(
    connection: Connection, at: tuple[int, ...]
) -> None:
    times = [NOON + hours * HOUR for hours in at]
    kinds: list[tuple[str, float | None]] = [("rate", 7), ("hide", None), ("rate", 9)]
    sent = [
        event(kind, value=value, occurred_at=time)
        for (kind, value), time in zip(kinds, times, strict=True)
    ]
    results = send(connection, *sent)

    current = undo.undo(connection, "u", str(results[-1].event_id), sent_by="shop").current

    assert (current.rating, current.rated_at) == (7, times[0])
    assert current.hidden == ("hide" if times[1] >= times[0] else None)


sent_events = st.lists(
    st.builds(
        lambda kind, item, hours, stars: event(
            kind,
            item,
            value=float(stars) if kind == "rate" else None,
            occurred_at=NOON + hours * HOUR,
        ),
        st.sampled_from(EVENT_KINDS),
        st.sampled_from("ab"),
        st.integers(0, 3),
        st.integers(1, 10),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=sent_events, cut=st.integers(0, 8))
def test_a_batch_leaves_the_same_feedback_as_its_events_one_by_one(
    connection: Connection, events: list[NewEvent], cut: int
) -> None:
    def left() -> list[tuple[Any, ...]]:
        columns = "item_id, rating, rated_at, hidden, hidden_at, previous - 'event_id'"
        rows = connection.execute(text(f"select {columns} from feedback order by item_id")).all()  # noqa: S608 # our own names
        return [tuple(row) for row in rows]

    one_by_one = connection.begin_nested()
    for sent in events:
        if sent.kind in rows.BUILT_IN:
            single = Event(sent.kind, "u", sent.item_id, sent.value, sent.occurred_at)  # type: ignore[arg-type] # it is one of these
            feedback.accept(connection, single, sent_by="shop")
    expected = left()
    one_by_one.rollback()
    at_once = connection.begin_nested()
    for part in (events[:cut], events[cut:]):
        if part:
            send(connection, *part)
    assert left() == expected
    at_once.rollback()


def test_the_number_of_statements_does_not_grow_with_the_batch(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    executed = Prepared.execute

    def counted(self: Prepared, *args: Any, **values: Any) -> Any:
        statements.append(self.name)
        return executed(self, *args, **values)

    monkeypatch.setattr(Prepared, "execute", counted)
    items = ["a", "b", "zz"]
    send(connection, *[event("rate", items[n % 3], f"u{n % 50}", value=7) for n in range(500)])

    feedback_statements = ["write_feedback_of_events"] * 2  # some pairs have several events
    assert statements == ["write_events", "why_not_written", *feedback_statements]


def test_batches_of_the_same_events_at_once_do_not_block_each_other(
    publisher: Engine, owner: Engine, committing: str
) -> None:
    shop.release(publisher, "one", instead_of=None)
    barrier = threading.Barrier(N_CLIENTS, timeout=60)

    def problems_of(engine: Engine, *, is_reversed: bool) -> list[str]:
        """Send the same events in rounds, each client in another order."""
        problems = []
        for number in range(N_ROUNDS):
            events = [
                event("rate", "ab"[n % 2], f"u{n // 2}", value=7, event_id=f"{number}-{n}")
                for n in range(N_EVENTS)
            ]
            try:
                with engine.begin() as connection:
                    barrier.wait()
                    sent = events[::-1] if is_reversed else events
                    results = writing.accept(connection, sent, ABOUT, budget())
                    problems += [str(r.detail) for r in results if r.status == "refused"]
            except DBAPIError as error:
                problems.append(str(error))
        return problems

    engine = database.connect(as_role(committing, "api"), schema_of(owner))
    with ThreadPoolExecutor(N_CLIENTS) as pool:
        clients = [pool.submit(problems_of, engine, is_reversed=n > 0) for n in range(N_CLIENTS)]
        assert [client.result(120) for client in clients] == [[]] * N_CLIENTS
    engine.dispose()
    assert shop.rows(owner, "select count(*) from outbox") == [(N_ROUNDS * N_EVENTS,)]


def n_waiting(connection: Connection) -> int:
    """Return how many sessions wait for the connection's transaction, or for one that waits."""
    connection.execute(text("select pg_stat_clear_snapshot()"))
    n: int = connection.execute(
        text(
            "with recursive waiting as ("
            " select pg_backend_pid() as pid union"
            " select activity.pid from pg_stat_activity as activity join waiting"
            " on waiting.pid = any(pg_blocking_pids(activity.pid))"
            ") select count(*) - 1 from waiting"
        )
    ).scalar_one()
    return n


def test_batches_that_rate_the_same_items_in_another_order_do_not_block_each_other(
    publisher: Engine, api: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)

    def rate(items: str) -> list[str | None]:
        with api.begin() as connection:
            events = [event("rate", item, value=n) for n, item in enumerate(items, 1)]
            return codes(send(connection, *events))

    with ThreadPoolExecutor(2) as pool, api.connect() as holder:
        holding = holder.begin()
        send(holder, event("rate", "a", value=9), event("rate", "b", value=9))
        sent = [pool.submit(rate, items) for items in ("bba", "aab")]
        deadline = time.monotonic() + 60
        while n_waiting(holder) < len(sent) and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        holding.commit()
        assert [answer.result(60) for answer in sent] == [["accepted"] * 3] * 2


def test_an_erasure_waits_for_a_batch_and_then_deletes_its_events(
    publisher: Engine, owner: Engine, api: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    with api.connect() as writer, api.connect() as eraser:
        writing = writer.begin()
        assert codes(send(writer, event("view"), event("rate", value=7))) == ["accepted"] * 2

        def erase() -> None:
            with eraser.begin():
                accounts.erase(eraser, "u", requested_by="test")

        erasing = threading.Thread(target=erase)
        erasing.start()
        erasing.join(0.3)
        assert erasing.is_alive()
        writing.commit()
        erasing.join(10)

    assert shop.rows(owner, "select user_id from outbox union select user_id from feedback") == []


def test_a_batch_waits_for_an_erasure_and_then_is_refused(
    publisher: Engine, owner: Engine, api: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    results: list[EventResult] = []
    with api.connect() as writer, api.connect() as eraser:
        erasing = eraser.begin()
        accounts.erase(eraser, "u", requested_by="test")

        def write() -> None:
            with writer.begin():
                results.extend(send(writer, event("view"), event("view", user="v")))

        writing = threading.Thread(target=write)
        writing.start()
        writing.join(0.3)
        assert writing.is_alive()
        erasing.commit()
        writing.join(10)

    assert codes(results) == ["user-erased", "accepted"]
    assert shop.rows(owner, "select user_id from outbox") == [("v",)]
