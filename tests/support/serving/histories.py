"""What people do to a shop, step by step, told to Postgres and to a plain model of it."""

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

from serving.errors import IdempotencyKeyReusedError, UserErasedError
from serving.lists.release_cache import ReleaseCache
from serving.schemas import EventKind, HideKind, Receipt
from serving.users import accounts, feedback
from serving.users.feedback import Event
from tests.support.serving import looks
from tests.support.serving.plain import Plain, Told
from tests.support.serving.stand_in import HIDES, START

EVENT_KINDS: tuple[EventKind, ...] = ("rate", "unrate", *HIDES)

people, told = Bundle("people"), Bundle("told")
things = st.sampled_from("abez")
kinds = st.sampled_from(EVENT_KINDS)
times = st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours))  # few: ties happen
stars = st.integers(1, 5).map(float)


@dataclass(frozen=True)
class Shop:
    """Who may do what on this test's schema."""

    owner: Engine
    reader: Engine
    writer: Engine
    publisher: Engine


@dataclass(frozen=True)
class Open:
    """An event whose transaction is not over yet."""

    connection: Connection
    told: Told


class Histories(RuleBasedStateMachine):
    """What people did, with what they need: the rules of a machine that others go on from."""

    shop: ClassVar[Shop]

    def __init__(self) -> None:
        super().__init__()
        self.owning = self.shop.owner.connect()
        looks.empty(self.owning)
        self.folder = TemporaryDirectory()
        self.root = str(Path(self.folder.name, "lake"))
        self.reading = self.shop.reader.connect()
        self.cache = ReleaseCache()  # as one process of the API has it, all the time
        self.plain = Plain()
        self.numbers = count()
        self.open: Open | None = None
        self.whole = (0, 0)

    def teardown(self) -> None:
        if self.open is not None:
            self.open.connection.close()
        self.reading.close()
        self.owning.close()
        self.folder.cleanup()

    @initialize(target=people)
    def some_are_known(self) -> object:
        return multiple("u", "v", "w")

    @rule(target=told, user=people, item=things, rating=stars, at=times)
    def rate(self, user: str, item: str, rating: float, at: datetime) -> object:
        return self.tell("rate", user, item, at, rating)

    @rule(target=told, user=people, item=things, at=times)
    def unrate(self, user: str, item: str, at: datetime) -> object:
        return self.tell("unrate", user, item, at)

    @rule(target=told, user=people, item=things, kind=st.sampled_from(HIDES), at=times)
    def hide(self, user: str, item: str, kind: HideKind, at: datetime) -> object:
        return self.tell(kind, user, item, at)

    @rule(target=told, before=told, kind=kinds, rating=stars, at=times)
    def think_again(self, before: Told, kind: EventKind, rating: float, at: datetime) -> object:
        said = before.event
        return self.tell(kind, said.user_id, said.item_id, at, rating if kind == "rate" else None)

    @precondition(lambda self: self.open is None)
    @rule(user=people, item=things, rating=stars, at=times)
    def rate_slowly(self, user: str, item: str, rating: float, at: datetime) -> None:
        """His transaction is open until `settle`: others come after it and are done before."""
        if user in self.plain.forgotten:
            return
        connection = self.shop.writer.connect()
        event = Event("rate", user, item, rating, at, self.new_key())
        receipt = feedback.accept(connection, event, sent_by="test")
        self.open = Open(connection, Told(event, receipt, next(self.plain.turns)))

    @precondition(lambda self: self.open is not None)
    @rule(target=told)
    def settle(self) -> object:
        if self.open is None:
            return multiple()
        self.open.connection.commit()
        self.open.connection.close()
        told, self.open = self.open.told, None
        self.plain.told.append(told)
        self.plain.told.sort(key=lambda one: one.turn)
        return told

    @rule(before=told, at=times)
    def repeat_and_reuse_the_key(self, before: Told, at: datetime) -> None:
        again = replace(before.event, occurred_at=at)
        if again.user_id in self.plain.forgotten:
            with pytest.raises(UserErasedError):
                self.accept(again)
        else:
            expected = before.receipt.model_copy(update={"status": "repeated"})
            assert self.accept(again) == expected
            other = "b" if before.event.item_id == "a" else "a"
            with pytest.raises(IdempotencyKeyReusedError):
                self.accept(replace(again, item_id=other))

    @rule(target=people)
    def start(self) -> str:
        with self.shop.writer.begin() as connection:
            return accounts.create(connection).user_id

    @rule(user=people)
    def forget(self, user: str) -> None:
        self.settle_for(user)
        with self.shop.writer.begin() as connection:
            found = accounts.erase(connection, user, requested_by="test")
        assert found.n_events == self.plain.forget(user)

    def tell(
        self, kind: EventKind, user: str, item: str, at: datetime, rating: float | None = None
    ) -> object:
        self.settle_for(user)
        event = Event(kind, user, item, rating, at, self.new_key())
        if user in self.plain.forgotten:
            with pytest.raises(UserErasedError):
                self.accept(event)
            return multiple()
        receipt = self.accept(event)
        assert receipt.status == "accepted"
        told = Told(event, receipt, next(self.plain.turns))
        self.plain.told.append(told)
        return told

    def accept(self, event: Event) -> Receipt:
        with self.shop.writer.begin() as connection:
            return feedback.accept(connection, event, sent_by="test")

    def new_key(self) -> str:
        return f"k{next(self.numbers)}"

    def settle_for(self, user: str) -> None:
        """End what is open of this person: what follows would wait for it."""
        if self.open is not None and self.open.told.event.user_id == user:
            self.settle()
