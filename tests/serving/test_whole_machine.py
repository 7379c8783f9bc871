"""Random histories of the whole loop, against a plain model of what must hold after each step.

People rate, hide, start and are forgotten; events are collected into a real lake; retrains without
Spark learn from it and publish; operators roll back, pin and make rules. Postgres, the lake and
every answer are looked at after each step: see `tests.support.serving.plain` for what they must
say.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs import collect
from serving.errors import (
    LiveReleaseChangedError,
    NoEarlierReleaseError,
    PublishingPausedError,
    ReleaseNotReadyError,
    RulesChangedError,
)
from serving.publishing import releases
from serving.rules import store
from serving.schemas import NewRules, SlateRules
from serving.schemas.rules import Pin
from serving.storage import database
from tests.conftest import schema_of
from tests.support.jobs.product import product
from tests.support.serving import looks
from tests.support.serving.histories import Histories, Shop, people
from tests.support.serving.plain import Release
from tests.support.serving.server import as_role
from tests.support.serving.stand_in import COLD, KNOWN, publish_fit, retrained
from warehouse.run_keys import RunKey
from warehouse.tables.vocabulary import NOTHING_TO_DO

KEEP = 3  # releases
PRODUCT = product()
SOME = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,  # the machine is shared
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

released = Bundle("released")
taken_away = st.sets(st.sampled_from("abefz"), max_size=2).map(sorted)


@pytest.fixture
def the_shop(owner: Engine, publisher: Engine, committing: str) -> Iterator[Shop]:
    url, schema = as_role(committing, "api"), schema_of(owner)
    reader = database.connect(url, schema, autocommit=True)
    writer = database.connect(url, schema)
    yield Shop(owner.execution_options(isolation_level="AUTOCOMMIT"), reader, writer, publisher)
    reader.dispose()
    writer.dispose()


def test_whatever_happens_everybody_sees_one_whole_release_and_what_he_said(
    the_shop: Shop,
) -> None:
    Loop.shop = the_shop
    run_state_machine_as_test(Loop, settings=SOME)


class Loop(Histories):
    """What people, operators and runs did to a shop, and to a model of it."""

    @initialize(target=released)
    def something_is_live(self) -> int:
        return self.publish(instead_of=None)

    @rule()
    def collect(self) -> None:
        until = None if self.open is None else self.open.told.turn
        done = [one for one in self.plain.told if until is None or one.turn < until]
        new = {one.receipt.event_id for one in done}.difference(self.plain.in_lake)
        looks.wait_for_others(self.reading, self.open.connection if self.open else None)
        run_key = RunKey("product__collect", str(next(self.numbers)), "collect")
        code = collect.run(self.root, PRODUCT, self.shop.publisher, run_key=run_key)
        assert code == (0 if new else NOTHING_TO_DO)
        self.plain.in_lake += sorted(new)
        looks.lake_holds(self.root, self.reading, self.plain)

    @rule(target=released)
    def retrain(self) -> object:
        if not self.plain.is_paused:
            return self.publish(instead_of=self.plain.live_id)
        with pytest.raises(PublishingPausedError):
            self.publish(instead_of=self.plain.live_id)
        return multiple()

    @rule(before=released)
    def retrain_in_vain(self, before: int) -> None:
        """Die in the middle of COPY; then come too late, another release being live by now."""
        if not self.plain.is_paused:
            with pytest.raises(ZeroDivisionError):
                self.publish(instead_of=self.plain.live_id, dies=ZeroDivisionError)
        if before != self.plain.live_id:
            with pytest.raises((LiveReleaseChangedError, PublishingPausedError)):
                self.publish(instead_of=before)

    @rule(before=released)
    def publish_again(self, before: int) -> None:
        [fit] = [each.fit for each in self.plain.releases if each.release_id == before]
        again = publish_fit(self.shop.publisher, fit, instead_of=None, keep=KEEP)
        assert again == before

    @rule()
    def roll_back(self) -> None:
        older = self.plain.older()
        with self.operating() as session:
            if older is None:
                with pytest.raises(NoEarlierReleaseError):
                    releases.roll_back(session, actor="ada", reason="A test.")
            else:
                assert releases.roll_back(session, actor="ada", reason="A test.") == older
        if older is not None:
            self.plain.go_live("roll_back", older)
            self.plain.is_paused = True

    @rule(chosen=released)
    def activate(self, chosen: int) -> None:
        [release] = [each for each in self.plain.releases if each.release_id == chosen]
        activate = partial(releases.activate, actor="ada", reason="A test.")
        with self.operating() as session:
            if release.retired:
                with pytest.raises(ReleaseNotReadyError):
                    activate(session, chosen, instead_of=self.plain.live_id)
                return
            with pytest.raises(LiveReleaseChangedError):
                activate(session, chosen, instead_of=None)
            activate(session, chosen, instead_of=self.plain.live_id)
        self.plain.go_live("activate", chosen)

    @rule()
    def hold_or_resume_publishing(self) -> None:
        live = self.plain.live.release_id
        with self.operating() as session:
            if self.plain.is_paused:
                self.plain.moves.append(("resume", live, live))
                assert releases.resume_publishing(session, actor="ada")
            else:
                assert not releases.resume_publishing(session, actor="ada")
                releases.hold_publishing(session, live, actor="ada")
        self.plain.is_paused = not self.plain.is_paused

    @rule(hide=taken_away, ranks=st.lists(st.integers(1, 9), max_size=2, unique=True),
          most=st.none() | st.integers(1, 3), only_available=st.booleans())  # fmt: skip
    def change_the_rules(
        self, hide: list[str], ranks: list[int], most: int | None, *, only_available: bool
    ) -> None:
        pins = [Pin(item_id=i, rank=r) for i, r in zip("zc", ranks, strict=False) if i not in hide]
        made = SlateRules(
            hide=tuple(hide), pin=tuple(pins), most_per_category=most, only_available=only_available
        )
        version = self.plain.version
        with self.shop.writer.begin() as connection:
            stale = NewRules(rules=made, instead_of=version + 1, reason="A test.")
            with pytest.raises(RulesChangedError):
                store.replace(connection, stale, actor="ada")
            new = stale.model_copy(update={"instead_of": version})
            assert store.replace(connection, new, actor="ada").version == version + 1
        self.plain.rules, self.plain.version = made, version + 1

    @rule(items=taken_away, available=st.booleans())
    def change_the_stock(self, items: list[str], *, available: bool) -> None:
        with self.shop.writer.begin() as connection:
            store.set_availability(connection, items, available=available)
        self.plain.missing = (
            self.plain.missing - {*items} if available else self.plain.missing | {*items}
        )

    @rule(user=people, item=st.sampled_from([*KNOWN, COLD, "nowhere"]), limit=st.integers(1, 9))
    def look(self, user: str, item: str, limit: int) -> None:
        looks.his_list(self.reading, self.cache, self.plain, user, limit)
        looks.why(self.reading, self.cache, self.plain, user, item)
        looks.his_ratings(self.reading, self.cache, self.plain, user)

    @invariant()
    def every_list_is_of_the_live_release_and_says_what_he_said(self) -> None:
        for user in {*"uvw", *(one.event.user_id for one in self.plain.told)}:
            looks.his_list(self.reading, self.cache, self.plain, user, 20)
        looks.the_shelf(self.reading, self.cache, self.plain)

    @invariant()
    def postgres_holds_what_was_told_and_nothing_of_the_forgotten(self) -> None:
        looks.outbox_and_feedback(self.owning, self.plain)

    @invariant()
    def the_live_release_is_whole(self) -> None:
        looks.pointer(self.owning, self.plain)
        state = (len(self.plain.moves), len(self.plain.forgotten))
        if self.whole != state:  # nothing else may touch lists
            looks.live_lists(self.owning, self.plain)
            self.whole = state

    def publish(self, *, instead_of: int | None, dies: type[Exception] | None = None) -> int:
        fit = retrained(self.root, next(self.numbers))
        release_id = publish_fit(
            self.shop.publisher, fit, instead_of=instead_of, keep=KEEP, dies=dies
        )
        self.plain.releases.append(Release(release_id, fit))
        self.plain.go_live("publish", release_id)
        self.plain.retire(KEEP)
        return release_id

    @contextmanager
    def operating(self) -> Iterator[Session]:
        with Session(self.shop.publisher) as session, session.begin():
            yield session
