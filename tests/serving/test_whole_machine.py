"""Random histories of the whole loop, compared with an expected shop after each step.

Users are created, described, rate, hide, undo, view, buy and are erased; the product changes and
removes items; events and changes are collected into a real lake; retrains without Spark learn from
it and publish; operators roll back, pause publishing and change rules and a placement. Postgres,
the lake and every answer are compared with `tests.support.serving.expected_shop`.
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
from serving.catalogue_changes import availability, changes
from serving.catalogue_changes.changes import Change
from serving.errors import (
    LiveReleaseChangedError,
    NoEarlierReleaseError,
    PlacementChangedError,
    PublishingPausedError,
    ReleaseNotReadyError,
    RulesChangedError,
    UnknownItemError,
)
from serving.placements import store as placements
from serving.placements.sources import SOURCES
from serving.publishing import releases
from serving.rules import store
from serving.schemas import (
    ItemContent,
    ItemPatch,
    NewPlacement,
    NewRules,
    PlacementShelf,
    ShelfSource,
    SlateRules,
)
from serving.schemas.item_changes import ItemStatus
from serving.schemas.rules import Pin
from serving.storage import database
from tests.conftest import schema_of
from tests.support.jobs.product import product
from tests.support.serving import assertions
from tests.support.serving.expected_shop import KEPT, PLACEMENT, Release
from tests.support.serving.histories import Histories, Shop, items, users
from tests.support.serving.server import as_role
from tests.support.serving.stand_in import CATEGORY, COLD, KNOWN, publish_fit, retrained
from warehouse.run_keys import RunKey
from warehouse.tables.vocabulary import NOTHING_TO_DO

KEEP = 3  # releases
PRODUCT = product()
SETTINGS = settings(
    max_examples=40,
    stateful_step_count=40,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

released = Bundle("released")
titles = st.sampled_from(["One", "Two"])
withdrawn = st.sets(st.sampled_from("abefz"), max_size=2).map(sorted)


@pytest.fixture
def the_shop(owner: Engine, publisher: Engine, committing: str) -> Iterator[Shop]:
    url, schema = as_role(committing, "api"), schema_of(owner)
    reader = database.connect(url, schema, autocommit=True)
    writer = database.connect(url, schema)
    yield Shop(owner.execution_options(isolation_level="AUTOCOMMIT"), reader, writer, publisher)
    reader.dispose()
    writer.dispose()


@pytest.mark.soak
def test_every_user_always_sees_one_complete_release_and_their_own_feedback(
    the_shop: Shop,
) -> None:
    Loop.shop = the_shop
    run_state_machine_as_test(Loop, settings=SETTINGS)


class Loop(Histories):
    """Acts of users, operators and runs on a shop and on the expected shop."""

    @initialize(target=released)
    def publish_the_first_release(self) -> int:
        return self.publish(instead_of=None)

    @rule()
    def collect(self) -> None:
        until = None if self.open is None else self.open.accepted.turn
        new = self.expected.sent_before(until).difference(self.expected.in_lake)
        n_changes = self.expected.n_changes_before(until)
        described = self.expected.described_before(until) - self.expected.described_in_lake
        has_new = bool(new or described) or n_changes > self.expected.n_changes_in_lake
        assertions.wait_for_others(self.reading, self.open.connection if self.open else None)
        run_key = RunKey("product__collect", str(next(self.numbers)), "collect")
        code = collect.run(self.root, PRODUCT, self.shop.publisher, run_key=run_key)
        assert code == (0 if has_new else NOTHING_TO_DO)
        self.expected.in_lake += sorted(new)
        self.expected.n_changes_in_lake = n_changes
        self.expected.described_in_lake |= described
        assertions.assert_bronze_feedback(self.root, self.reading, self.expected)
        assertions.assert_bronze_item_changes(self.root, self.expected)
        assertions.assert_bronze_user_changes(self.root, self.expected)

    @rule(target=released)
    def retrain(self) -> object:
        if not self.expected.is_paused:
            return self.publish(instead_of=self.expected.live_id)
        with pytest.raises(PublishingPausedError):
            self.publish(instead_of=self.expected.live_id)
        return multiple()

    @rule(before=released)
    def retrain_and_fail(self, before: int) -> None:
        """Fail in the middle of COPY; then publish after another release went live."""
        if not self.expected.is_paused:
            with pytest.raises(ZeroDivisionError):
                self.publish(instead_of=self.expected.live_id, dies=ZeroDivisionError)
        if before != self.expected.live_id:
            with pytest.raises((LiveReleaseChangedError, PublishingPausedError)):
                self.publish(instead_of=before)

    @rule(before=released)
    def publish_again(self, before: int) -> None:
        [fit] = [release.fit for release in self.expected.releases if release.release_id == before]
        repeated = publish_fit(self.shop.publisher, fit, instead_of=None, keep=KEEP)
        assert repeated == before

    @rule()
    def roll_back(self) -> None:
        older = self.expected.older()
        with self.operating() as session:
            if older is None:
                with pytest.raises(NoEarlierReleaseError):
                    releases.roll_back(session, actor="ada", reason="A test.")
            else:
                assert releases.roll_back(session, actor="ada", reason="A test.") == older
        if older is not None:
            self.expected.go_live("roll_back", older)
            self.expected.is_paused = True

    @rule(chosen=released)
    def activate(self, chosen: int) -> None:
        [release] = [release for release in self.expected.releases if release.release_id == chosen]
        activate = partial(releases.activate, actor="ada", reason="A test.")
        with self.operating() as session:
            if release.retired:
                with pytest.raises(ReleaseNotReadyError):
                    activate(session, chosen, instead_of=self.expected.live_id)
                return
            with pytest.raises(LiveReleaseChangedError):
                activate(session, chosen, instead_of=None)
            activate(session, chosen, instead_of=self.expected.live_id)
        self.expected.go_live("activate", chosen)

    @rule()
    def hold_or_resume_publishing(self) -> None:
        live = self.expected.live.release_id
        with self.operating() as session:
            if self.expected.is_paused:
                self.expected.moves.append(("resume", live, live))
                assert releases.resume_publishing(session, actor="ada")
            else:
                assert not releases.resume_publishing(session, actor="ada")
                releases.pause_publishing(session, live, actor="ada")
                self.expected.moves.append(("pause", live, live))
        self.expected.is_paused = not self.expected.is_paused

    @rule(hide=withdrawn, ranks=st.lists(st.integers(1, 9), max_size=2, unique=True),
          most=st.none() | st.integers(1, 3), only_available=st.booleans(),
          kept=st.none() | st.sampled_from([*KEPT]))  # fmt: skip
    def change_the_rules(
        self, hide: list[str], ranks: list[int], most: int | None, *, only_available: bool,
        kept: str | None,
    ) -> None:  # fmt: skip
        pins = [Pin(item_id=i, rank=r) for i, r in zip("zc", ranks, strict=False) if i not in hide]
        rules = SlateRules(
            hide=tuple(hide), pin=tuple(pins), most_per_category=most,
            only_available=only_available, keep_if=kept,
        )  # fmt: skip
        version = self.expected.version
        with self.shop.writer.begin() as connection:
            stale = NewRules(rules=rules, instead_of=version + 1, reason="A test.")
            with pytest.raises(RulesChangedError):
                store.replace(connection, stale, actor="ada")
            new = stale.model_copy(update={"instead_of": version})
            assert store.replace(connection, new, actor="ada").version == version + 1
        self.expected.rules, self.expected.version = rules, version + 1

    @rule(items=withdrawn, available=st.booleans())
    def change_the_stock(self, items: list[str], *, available: bool) -> None:
        with self.shop.writer.begin() as connection:
            availability.set_availability(connection, items, available=available)
        self.expected.missing = (
            self.expected.missing - {*items} if available else self.expected.missing | {*items}
        )

    @rule(item=items, title=titles)
    def put_an_item(self, item: str, title: str) -> None:
        content = ItemContent(title=title, categories=(CATEGORY[item],), released=2000)
        if item in self.expected.removed:
            self.change(item, content, "created")
        else:
            is_same = self.expected.title(item) == title
            self.change(item, content, "unchanged" if is_same else "changed")
        self.expected.removed.discard(item)
        self.expected.titles[item] = title

    @rule(item=items, title=titles)
    def rename_an_item(self, item: str, title: str) -> None:
        patch = ItemPatch(title=title)
        if item in self.expected.removed:
            with pytest.raises(UnknownItemError):
                self.change(item, patch, "changed")
            return
        is_same = self.expected.title(item) == title
        self.change(item, patch, "unchanged" if is_same else "changed")
        self.expected.titles[item] = title

    @rule(item=items)
    def remove_an_item(self, item: str) -> None:
        self.change(item, None, "unchanged" if item in self.expected.removed else "removed")
        self.expected.removed.add(item)

    @rule(sources=st.lists(st.sampled_from([*SOURCES]), max_size=4), limit=st.integers(1, 5))
    def change_the_placement(self, sources: list[ShelfSource], limit: int) -> None:
        shelves = tuple(
            PlacementShelf(title="A shelf", source=source, limit=limit)
            for source in ("for_you", *sources)
        )
        version = self.expected.placement.version
        with self.shop.writer.begin() as connection:
            stale = NewPlacement(shelves=shelves, instead_of=version + 1, reason="A test.")
            with pytest.raises(PlacementChangedError):
                placements.replace(connection, PLACEMENT, stale, actor="ada")
            new = stale.model_copy(update={"instead_of": version})
            changed = placements.replace(connection, PLACEMENT, new, actor="ada")
        assert (changed.version, changed.shelves) == (version + 1, shelves)
        self.expected.placement = changed

    @rule(user=users, item=st.sampled_from([*KNOWN, COLD, "nowhere"]), limit=st.integers(1, 9))
    def read(self, user: str, item: str, limit: int) -> None:
        assertions.assert_list(self.reading, self.cache, self.expected, user, limit)
        assertions.assert_explanation(self.reading, self.cache, self.expected, user, item)
        assertions.assert_ratings_page(self.reading, self.cache, self.expected, user)

    @invariant()
    def every_list_is_of_the_live_release_and_respects_feedback(self) -> None:
        for user in {*"uvw", *(accepted.event.user_id for accepted in self.expected.accepted)}:
            assertions.assert_list(self.reading, self.cache, self.expected, user, 20)
            assertions.assert_placement(self.reading, self.cache, self.expected, user)
        assertions.assert_popular_shelf(self.reading, self.cache, self.expected)

    @invariant()
    def the_catalogue_has_every_change(self) -> None:
        assertions.assert_catalogue(self.reading, self.expected)

    @invariant()
    def postgres_has_every_accepted_event_and_nothing_of_erased_users(self) -> None:
        assertions.assert_outbox_and_feedback(self.owning, self.expected)

    @invariant()
    def the_live_release_is_complete(self) -> None:
        assertions.assert_live_release(self.owning, self.expected)
        state = (len(self.expected.moves), len(self.expected.erased))
        if self.checked != state:  # only publications, rollbacks and erasures change lists
            assertions.assert_release_contents(self.owning, self.expected)
            self.checked = state

    def publish(self, *, instead_of: int | None, dies: type[Exception] | None = None) -> int:
        fit = retrained(self.root, next(self.numbers))
        release_id = publish_fit(
            self.shop.publisher, fit, instead_of=instead_of, keep=KEEP, dies=dies
        )
        self.expected.releases.append(Release(release_id, fit))
        self.expected.go_live("publish", release_id)
        self.expected.retire(KEEP)
        return release_id

    def change(
        self, item: str, content: ItemContent | ItemPatch | None, status: ItemStatus
    ) -> None:
        with self.shop.writer.begin() as connection:
            receipt = changes.apply(connection, Change(item, content), sent_by="test")
        assert receipt.status == status
        if status != "unchanged":
            self.expected.changes.append(next(self.expected.turns))

    @contextmanager
    def operating(self) -> Iterator[Session]:
        with Session(self.shop.publisher) as session, session.begin():
            yield session
