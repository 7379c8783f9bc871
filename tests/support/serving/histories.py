"""Acts of users, step by step, written to Postgres and to the expected shop."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
)
from sqlalchemy import Connection, Engine

from serving import catalogue
from serving.errors import FeedbackChangedError, IdempotencyKeyReusedError, UserErasedError
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import (
    EventResult,
    HideKind,
    NewEvent,
    Receipt,
    SentKind,
    UndoReceipt,
    UserReceipt,
)
from serving.user_attributes import changes
from serving.user_attributes.changes import Change
from serving.users import accounts, feedback, undo
from serving.users.batches import writing
from serving.users.batches.writing import Budget
from serving.users.feedback import Event
from serving.users.quotas import Quotas
from tests.support.serving import assertions
from tests.support.serving.expected_shop import (
    AcceptedAct,
    AcceptedEvent,
    AcceptedUndo,
    ExpectedShop,
)
from tests.support.serving.stand_in import HIDES, KNOWN, START

EVENT_KINDS: tuple[SentKind, ...] = ("rate", "unrate", *HIDES)

users, events = Bundle("users"), Bundle("events")
items = st.sampled_from("abez")
kinds = st.sampled_from(EVENT_KINDS)
# few times, so that some are equal
times = st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours))
# kinds of the manifest, of more items than users rate
acts = st.tuples(st.sampled_from(["view", "purchase"]), st.sampled_from(KNOWN))
stars = st.integers(1, 5).map(float)
attributes = st.sampled_from(
    [{"sex": "F", "age": "old"}, {"sex": "F", "age": "young"}, {"age": "old"}]
)


@dataclass(frozen=True)
class Shop:
    """The engines of the roles on this test's schema."""

    owner: Engine
    reader: Engine
    writer: Engine
    publisher: Engine


@dataclass(frozen=True)
class OpenEvent:
    """An event whose transaction is still open."""

    connection: Connection
    accepted: AcceptedEvent


class Histories(RuleBasedStateMachine):
    """Acts of users as rules of a state machine, and the resources that they need."""

    shop: ClassVar[Shop]

    def __init__(self) -> None:
        super().__init__()
        self.owning = self.shop.owner.connect()
        assertions.empty(self.owning)
        self.folder = TemporaryDirectory()
        self.root = str(Path(self.folder.name, "lake"))
        self.reading = self.shop.reader.connect()
        self.cache = ReleaseCache()  # one for all steps, like a process of the API
        self.expected = ExpectedShop()
        self.numbers = count()
        self.open: OpenEvent | None = None
        self.checked = (0, 0)

    def teardown(self) -> None:
        if self.open is not None:
            self.open.connection.close()
        self.reading.close()
        self.owning.close()
        self.folder.cleanup()

    @initialize(target=users)
    def users_of_the_files(self) -> object:
        return multiple("u", "v", "w")

    @rule(target=events, user=users, item=items, rating=stars, at=times)
    def rate(self, user: str, item: str, rating: float, at: datetime) -> object:
        return self.send("rate", user, item, at, rating)

    @rule(target=events, user=users, item=items, at=times)
    def unrate(self, user: str, item: str, at: datetime) -> object:
        return self.send("unrate", user, item, at)

    @rule(target=events, user=users, item=items, kind=st.sampled_from(HIDES), at=times)
    def hide(self, user: str, item: str, kind: HideKind, at: datetime) -> object:
        return self.send(kind, user, item, at)

    @rule(target=events, before=events, kind=kinds, rating=stars, at=times)
    def change_their_mind(
        self, before: AcceptedEvent, kind: SentKind, rating: float, at: datetime
    ) -> object:
        event = before.event
        return self.send(kind, event.user_id, event.item_id, at, rating if kind == "rate" else None)

    @rule(user=users, sent=st.lists(acts, min_size=1, max_size=3))
    def act(self, user: str, sent: list[tuple[str, str]]) -> None:
        """Send events of the manifest's kinds as a batch, twice: each is written once."""
        batch = [
            NewEvent(kind=kind, user_id=user, item_id=item, event_id=self.new_key())
            for kind, item in sent
        ]
        results = self.accept_batch(batch)
        if user in self.expected.erased:
            assert {result.code for result in results} == {"user-erased"}
            return
        assert {result.status for result in results} == {"accepted"}
        repeated = [result.model_copy(update={"status": "repeated"}) for result in results]
        assert self.accept_batch(batch) == repeated
        turn = next(self.expected.turns)
        for event, result in zip(batch, results, strict=True):
            self.expected.acts.append(AcceptedAct(event, str(result.event_id), turn))

    @precondition(lambda self: self.open is None)
    @rule(user=users, item=items, rating=stars, at=times)
    def rate_slowly(self, user: str, item: str, rating: float, at: datetime) -> None:
        """Leave an event's transaction open until `settle`, so that later events overtake it."""
        if user in self.expected.erased:
            return
        connection = self.shop.writer.connect()
        event = Event("rate", user, item, rating, at, self.new_key())
        receipt = feedback.accept(connection, event, sent_by="test")
        self.open = OpenEvent(connection, AcceptedEvent(event, receipt, next(self.expected.turns)))

    @precondition(lambda self: self.open is not None)
    @rule(target=events)
    def settle(self) -> object:
        if self.open is None:
            return multiple()
        self.open.connection.commit()
        self.open.connection.close()
        accepted, self.open = self.open.accepted, None
        self.expected.add(accepted)
        return accepted

    @rule(before=events, at=times)
    def repeat_and_reuse_the_key(self, before: AcceptedEvent, at: datetime) -> None:
        retry = replace(before.event, occurred_at=at)
        if retry.user_id in self.expected.erased:
            with pytest.raises(UserErasedError):
                self.accept(retry)
        else:
            pair = (before.event.user_id, before.event.item_id)
            is_newest = self.expected.newest.get(pair) == before.receipt.event_id
            previous = before.receipt.previous if is_newest else None
            expected = before.receipt.model_copy(
                update={"status": "repeated", "previous": previous}
            )
            assert self.accept(retry) == expected
            other = "b" if before.event.item_id == "a" else "a"
            with pytest.raises(IdempotencyKeyReusedError):
                self.accept(replace(retry, item_id=other))

    @rule(before=events)
    def undo(self, before: AcceptedEvent) -> None:
        """Undo an event, which changes something only if it is the newest of its pair."""
        user, item = before.event.user_id, before.event.item_id
        event_id = before.receipt.event_id
        self.settle_for(user)
        if user in self.expected.erased:
            with pytest.raises(UserErasedError):
                self.take_back(user, event_id)
        elif event_id in self.expected.undone:
            assert self.take_back(user, event_id).status == "repeated"
        elif self.expected.newest.get((user, item)) != event_id:
            with pytest.raises(FeedbackChangedError):
                self.take_back(user, event_id)
        else:
            receipt = self.take_back(user, event_id)
            assert receipt.status == "accepted"
            self.expected.undos.append(AcceptedUndo(receipt, next(self.expected.turns)))
            del self.expected.newest[user, item]
            now = (receipt.current.rating, receipt.current.hidden)
            assert now == self.expected.state(user, item)

    @rule(target=users)
    def start(self) -> str:
        with self.shop.writer.begin() as connection:
            return accounts.create(connection).user_id

    @rule(user=users, sent=attributes)
    def set_attributes(self, user: str, sent: dict[str, str]) -> None:
        """Set a user's attributes, which may be of a segment with a list of its own."""
        if user in self.expected.erased:
            with pytest.raises(UserErasedError):
                self.describe(user, sent)
            return
        self.expected.attributes[user] = sent
        self.expected.described[user] = next(self.expected.turns)
        assert self.describe(user, sent).segment == self.expected.segment(user)

    @rule(user=users)
    def erase(self, user: str) -> None:
        self.settle_for(user)
        with self.shop.writer.begin() as connection:
            erasure = accounts.erase(connection, user, requested_by="test")
        assert erasure.n_events == self.expected.erase(user)

    def send(
        self, kind: SentKind, user: str, item: str, at: datetime, rating: float | None = None
    ) -> object:
        self.settle_for(user)
        event = Event(kind, user, item, rating, at, self.new_key())
        if user in self.expected.erased:
            with pytest.raises(UserErasedError):
                self.accept(event)
            return multiple()
        before = self.expected.state(user, item)
        receipt = self.accept(event)
        assert receipt.status == "accepted"
        assert receipt.previous is not None
        assert (receipt.previous.rating, receipt.previous.hidden) == before
        accepted = AcceptedEvent(event, receipt, next(self.expected.turns))
        self.expected.add(accepted)
        return accepted

    def accept(self, event: Event) -> Receipt:
        with self.shop.writer.begin() as connection:
            return feedback.accept(connection, event, sent_by="test")

    def describe(self, user: str, sent: dict[str, str]) -> UserReceipt:
        with self.shop.writer.begin() as connection:
            return changes.apply(connection, Change(user, sent), sent_by="test")

    def accept_batch(self, batch: list[NewEvent]) -> list[EventResult]:
        with self.shop.writer.begin() as connection:
            budget = Budget(Quotas(events=0, users=0), "shop", "test")
            return writing.accept(connection, batch, catalogue.about(connection), budget)

    def take_back(self, user: str, event_id: str) -> UndoReceipt:
        with self.shop.writer.begin() as connection:
            return undo.undo(connection, user, event_id, sent_by="test")

    def new_key(self) -> str:
        return f"k{next(self.numbers)}"

    def settle_for(self, user: str) -> None:
        """Commit the user's open event, which their next event would wait for."""
        if self.open is not None and self.open.accepted.event.user_id == user:
            self.settle()
