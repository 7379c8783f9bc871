"""A bad event of a batch is refused alone, with the reason."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from serving.schemas import InvalidEvent
from serving.users import accounts
from tests.serving.users.batches.sending import (
    HOUR,
    budget,
    codes,
    event,
    send,
    stored,
)


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


def test_events_beyond_a_quota_are_refused_and_the_others_written(connection: Connection) -> None:
    within = budget(events=3, of_user=2)
    views = [event("view", user=user) for user in "uuuvw"]

    results = send(connection, *views, within=within)

    refused = "quota-exceeded"
    assert codes(results) == ["accepted", "accepted", refused, "accepted", refused]
    assert "The user" in str(results[2].detail)
    assert "The key 'key'" in str(results[4].detail)
