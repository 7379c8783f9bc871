"""Random histories against a model of what holds: a list of events, looked at anew each time."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine, text

from serving import feedback, newcomers
from serving.errors import KeyReusedError, PersonForgottenError
from serving.feedback import Event
from serving.schemas import Receipt

START = datetime(2026, 3, 1, tzinfo=UTC)
HIDES = ("hide", "not_interested")
SOME = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,  # the machine is shared
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

people = st.sampled_from(["u", "v"])
things = st.sampled_from(["a", "b"])
times = st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours))  # few: ties happen
stars = st.integers(1, 5).map(float)


@dataclass(frozen=True)
class Told:
    """An event that was accepted, and its receipt."""

    event: Event
    receipt: Receipt


def test_what_holds_is_what_the_newest_events_say(engine: Engine) -> None:
    Histories.engine = engine
    run_state_machine_as_test(Histories, settings=SOME)


class Histories(RuleBasedStateMachine):
    """What two people did with two things, told to Postgres and to a list."""

    engine: ClassVar[Engine]
    told = Bundle("told")

    def __init__(self) -> None:
        super().__init__()
        self.connection: Connection = self.engine.connect()
        self.outer = self.connection.begin()
        self.connection.execute(
            text("insert into items (item_id, title, search) values ('a','A',''), ('b','B','')")
        )
        self.events: list[Event] = []
        self.forgotten: set[str] = set()
        self.n_keys = 0

    def teardown(self) -> None:
        self.outer.rollback()
        self.connection.close()

    @rule(target=told, user=people, item=things, rating=stars, at=times)
    def rate(self, user: str, item: str, rating: float, at: datetime) -> Told | None:
        return self.tell(Event("rate", user, item, rating, at))

    @rule(target=told, user=people, item=things, at=times)
    def unrate(self, user: str, item: str, at: datetime) -> Told | None:
        return self.tell(Event("unrate", user, item, None, at))

    @rule(target=told, user=people, item=things, at=times)
    def hide(self, user: str, item: str, at: datetime) -> Told | None:
        return self.tell(Event("hide", user, item, None, at))

    @rule(target=told, user=people, item=things, at=times)
    def not_interested(self, user: str, item: str, at: datetime) -> Told | None:
        return self.tell(Event("not_interested", user, item, None, at))

    @rule(before=told, at=times)
    def repeat(self, before: Told | None, at: datetime) -> None:
        if before is None:
            return
        again = replace(before.event, occurred_at=at)
        if again.user_id in self.forgotten:
            with pytest.raises(PersonForgottenError):
                self.accept(again)
        else:
            assert self.accept(again) == before.receipt.model_copy(update={"status": "repeated"})

    @rule(before=told)
    def reuse_the_key(self, before: Told | None) -> None:
        if before is None or before.event.user_id in self.forgotten:
            return
        other = "b" if before.event.item_id == "a" else "a"
        with pytest.raises(KeyReusedError):
            self.accept(replace(before.event, item_id=other))

    @rule(before=consumes(told))
    def forget(self, before: Told | None) -> None:
        if before is None:
            return
        user = before.event.user_id
        found = newcomers.forget(self.connection, user, requested_by="test")
        assert found.n_events == sum(event.user_id == user for event in self.events)
        self.forgotten.add(user)
        self.events = [event for event in self.events if event.user_id != user]

    @invariant()
    def what_holds_is_what_the_model_says(self) -> None:
        rows = self.connection.execute(
            text("select user_id, item_id, rating, hidden from feedback")
        )
        pairs: dict[tuple[str, str], list[Event]] = {}
        for event in self.events:
            pairs.setdefault((event.user_id, event.item_id), []).append(event)
        expected = {(*pair, *holds(events)) for pair, events in pairs.items()}
        assert {tuple(row) for row in rows} == expected

    @invariant()
    def every_event_is_in_the_outbox_once(self) -> None:
        keys = self.connection.scalars(text("select idempotency_key from outbox")).all()
        assert sorted(keys) == sorted(str(event.idempotency_key) for event in self.events)

    def tell(self, event: Event) -> Told | None:
        self.n_keys += 1
        event = replace(event, idempotency_key=f"k{self.n_keys}")
        if event.user_id in self.forgotten:
            with pytest.raises(PersonForgottenError):
                self.accept(event)
            return None
        receipt = self.accept(event)
        assert receipt.status == "accepted"
        self.events.append(event)
        return Told(event, receipt)

    def accept(self, event: Event) -> Receipt:
        with self.connection.begin_nested():
            return feedback.accept(self.connection, event, sent_by="test")


def holds(events: list[Event]) -> tuple[float | None, str | None]:
    """Return the rating and the hide that hold after a pair's events, in the order they came."""
    in_time = sorted(events, key=lambda event: event.occurred_at or START)  # stable: ties by order
    ratings = [event.rating for event in in_time if event.kind not in HIDES]
    newest = in_time[-1].kind
    return ratings[-1] if ratings else None, newest if newest in HIDES else None
