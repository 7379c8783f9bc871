"""Where the events of a user are: in the outbox, in the lake, in the release."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from serving.inspection import events
from serving.schemas import UserEvent
from serving.users import accounts, feedback, undo
from serving.users.feedback import Event
from tests.support.serving import shop


def newest(api: Engine, release_id: int, user_id: str = "u") -> list[UserEvent]:
    with api.connect() as connection:
        return events.newest(connection, release_id, user_id)


def collect(owner: Engine) -> None:
    """Note that all events of the outbox are in the lake."""
    with owner.begin() as connection:
        connection.execute(
            text("insert into outbox_cursor (until, n_events) select max(xact) + 1, 1 from outbox")
        )


def send(owner: Engine, event: Event) -> str:
    with owner.begin() as connection:
        return feedback.accept(connection, event, sent_by="web").event_id


def test_each_event_has_its_origin_and_its_place(publisher: Engine, owner: Engine) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)  # "u" rated "c" and "d"
    hidden = send(owner, Event("hide", "u", "a", None, shop.RATED_AT + timedelta(days=1)))
    collect(owner)
    rated = send(owner, Event("rate", "u", "b", 7.0, shop.RATED_AT + timedelta(days=2)))

    found = newest(owner, release_id)

    assert [(e.kind, e.item_id, e.value, e.origin, e.state) for e in found] == [
        ("rate", "b", 7.0, "api", "pending"),
        ("hide", "a", None, "api", "in_lake"),
        ("rate", "c", 1.0, "file", "in_release"),
        ("rate", "d", 2.0, "file", "in_release"),
    ]
    assert [e.event_id for e in found] == [rated, hidden, None, None]
    assert (found[0].title, found[0].sent_by) == ("Schindler's List", "web")
    assert found[2].sent_by is None


def test_a_rating_of_the_api_that_the_release_has_learned_is_one_event(
    publisher: Engine, owner: Engine
) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)
    learned = send(owner, Event("rate", "u", "d", 2.0, shop.RATED_AT))
    collect(owner)

    first, *others = newest(owner, release_id)
    assert (first.event_id, first.origin, first.state) == (learned, "api", "in_release")
    assert [event.item_id for event in others] == ["c"]

    with owner.begin() as connection:  # the outbox was pruned since
        connection.execute(text("delete from outbox"))
    assert {(e.item_id, e.origin) for e in newest(owner, release_id)} == {
        ("c", "file"),
        ("d", "api"),
    }


def test_an_undone_event_is_marked(publisher: Engine, owner: Engine) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)
    rated = send(owner, Event("rate", "u", "b", 7.0))
    with owner.begin() as connection:
        undo.undo(connection, "u", rated, sent_by="web")

    undone = {event.kind: event.is_undone for event in newest(owner, release_id) if event.event_id}

    assert undone == {"rate": True, "undo": False}


def test_only_the_newest_events_of_this_user_are_read(
    publisher: Engine, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)
    send(owner, Event("rate", "v", "b", 7.0))
    send(owner, Event("rate", "u", "b", 7.0))
    with owner.begin() as connection:
        accounts.erase(connection, "v", requested_by="test")

    assert [event.item_id for event in newest(owner, release_id)] == ["b", "c", "d"]
    assert newest(owner, release_id, "v") == []
    monkeypatch.setattr(events, "MAX_EVENTS", 1)
    assert [event.item_id for event in newest(owner, release_id)] == ["b"]
