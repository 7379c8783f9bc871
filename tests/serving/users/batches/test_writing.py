"""What a batch writes, and what is left of it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from serving.schemas import NewEvent
from serving.storage.prepared import Prepared
from serving.users import feedback
from serving.users.batches import rows
from serving.users.feedback import Event
from tests.serving.users.batches.sending import (
    HOUR,
    NOON,
    codes,
    event,
    send,
    stored,
)

EVENT_KINDS = ("rate", "unrate", "hide", "not_interested", "purchase", "view")


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
