"""Events of a batch are undone one by one."""

import pytest
from sqlalchemy import Connection, text

from serving.errors import FeedbackChangedError
from serving.users import undo
from tests.serving.users.batches.sending import (
    HOUR,
    NOON,
    event,
    send,
)


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
