"""Erasures, publications and reads at the same time; the list of erasures."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from jobs.erasure import digests
from serving.errors import UserErasedError
from serving.lists import user_state
from serving.lists.releases.cache import ReleaseCache
from serving.publishing import loading, releases
from serving.rules import window_lists
from serving.schemas import Verdict
from serving.tables import Base
from serving.user_attributes import changes as attributes
from serving.user_attributes.changes import Change
from serving.users import accounts, erasures, feedback, profiles, shown_lists, undo
from serving.users.feedback import Event
from serving.users.rated_items import rated_items
from serving.users.shown_lists import ShownList, new_list_id
from tests.conftest import schema_of
from tests.support.serving import lock_waits, shop
from tests.support.serving.shop import RATED_AT, rows, seen

# Tables without a row about, or made from, a single user.
WITHOUT_USERS = {
    "about", "activations", "alerts", "api_keys", "audit", "content_weights", "erasures",
    "fallback_lists",
    "item_changes", "item_changes_cursor", "item_factors", "items", "live_release",
    "measurements", "outbox_cursor", "placements", "quarantine_decisions", "releases", "rules",
    "similar_items", "slate", "taken_together", "unavailable_items",
    "user_attributes_cursor", "verdicts",
}  # fmt: skip
OLD = {"sex": "F", "age": "old"}
WINDOW = {"user_id": "u", "item_ids": ["a"], "scores": [1.0], "relevant": ["a"]}


def erase(owner: Engine, user_id: str = "u") -> None:
    with owner.begin() as connection:
        accounts.erase(connection, user_id, requested_by="test")


def traces(owner: Engine) -> list[object]:
    """Return the tables that have rows of the user `u`."""
    return [
        table
        for table in erasures.USER_TABLES
        if rows(owner, f"select 1 from {table} where user_id = 'u'")  # noqa: S608 # our names
    ]


def fill(publisher: Engine, owner: Engine) -> None:
    """Write a row of the user to every table."""
    shop.release(publisher, "one", instead_of=None)
    with owner.begin() as connection:
        feedback.accept(connection, Event("hide", "u", "a"), sent_by="test")
        attributes.apply(connection, Change("u", OLD), sent_by="test")
        token = text("insert into user_tokens (user_id, digest) values ('u', 'x')")
        connection.execute(token)
        shown = ShownList(new_list_id(), "batch", "u", 1, 0, ("a",))
        shown_lists.write(connection, [shown])
    with Session(owner) as session, session.begin():
        window_lists.replace(session, verdict(), [WINDOW])


def verdict() -> Verdict:
    fields: dict[str, Any] = {"retrain_id": "r", "verdict": "promote", "reason": "A test."}
    fields |= {"recipe": "als", "criteria": [], "comparisons": [], "decided_at": RATED_AT}
    return Verdict.model_validate(fields)


def test_every_table_is_known_to_have_users_or_none() -> None:
    assert {*Base.metadata.tables} == {*erasures.USER_TABLES} | WITHOUT_USERS
    named = {name for name, table in Base.metadata.tables.items() if "user_id" in table.columns}
    assert named == {*erasures.USER_TABLES}


def test_an_erasure_leaves_no_row(publisher: Engine, owner: Engine) -> None:
    fill(publisher, owner)
    assert traces(owner) == [*erasures.USER_TABLES]

    erase(owner)

    assert traces(owner) == []


def test_an_erasure_leaves_nothing_of_undone_events(publisher: Engine, owner: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)
    with owner.begin() as connection:
        hidden = feedback.accept(connection, Event("hide", "u", "a"), sent_by="test")
        feedback.accept(connection, Event("rate", "u", "b", 3.0), sent_by="test")
        undo.undo(connection, "u", hidden.event_id, sent_by="test")
        other = feedback.accept(connection, Event("hide", "v", "a"), sent_by="test")
        undo.undo(connection, "v", other.event_id, sent_by="test")

    erase(owner)

    assert traces(owner) == []
    assert rows(owner, "select user_id, kind from outbox order by event_id") == [
        ("v", "hide"), ("v", "undo"),
    ]  # fmt: skip
    assert rows(owner, "select user_id, undone_at from feedback") == [("v", [])]


def test_after_a_restored_backup_all_rows_are_deleted_again(
    publisher: Engine, owner: Engine
) -> None:
    erase(owner)
    with owner.begin() as connection:
        list_of_erasures = erasures.listed(connection)
        connection.execute(text("delete from erasures"))
    fill(publisher, owner)
    with owner.begin() as connection:
        assert erasures.restore(connection, list_of_erasures, by="the lake") == 1
        assert erasures.restore(connection, list_of_erasures, by="the lake") == 0

    with owner.begin() as connection:
        assert erasures.delete_everywhere(connection) == len(erasures.USER_TABLES)

    assert traces(owner) == []


@pytest.mark.parametrize("user_id", ["u", "it's", "a\\b", "ü/\N{SNOWMAN}", " 42 ", "%s :x"])
def test_postgres_and_the_jobs_compute_the_same_digest(owner: Engine, user_id: str) -> None:
    erase(owner, user_id)

    digest = digests.digest(schema_of(owner), user_id)
    assert rows(owner, "select digest from erasures") == [(digest,)]
    assert digests.ErasedUsers(schema_of(owner), [digest]).find(user_id) == digest


def test_a_user_who_is_erased_while_a_release_is_validated_is_not_in_it(
    publisher: Engine, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists of erased users were deleted before: the checksum is of the rows without them."""
    original = loading.checksum
    calls = iter(range(10))

    def erased_meanwhile(session: Session, release_id: int) -> str:
        if next(calls) == 0:
            erase(owner)
        return original(session, release_id)

    monkeypatch.setattr(loading, "checksum", erased_meanwhile)

    release_id = shop.release(publisher, "one", instead_of=None)

    assert traces(owner) == []
    with Session(owner) as session:
        stored = rows(owner, "select checksum from releases")
        assert stored == [(original(session, release_id),)]


def waits(owner: Engine, started: Any) -> None:
    """Wait until what was started waits for a lock."""
    with owner.connect() as connection:
        while not lock_waits.n_waiting(connection):
            assert not started.done()


def test_an_erasure_waits_for_a_release_that_goes_live(
    publisher: Engine, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = releases.activate

    with ThreadPoolExecutor(1) as threads:

        def erased_meanwhile(*args: Any, **options: Any) -> Any:
            erasing = threads.submit(erase, owner)
            waits(owner, erasing)
            pending.append(erasing)
            return original(*args, **options)

        pending: list[Any] = []
        monkeypatch.setattr(releases, "activate", erased_meanwhile)
        shop.release(publisher, "one", instead_of=None)
        pending[0].result()

    assert traces(owner) == []


def test_an_erasure_waits_for_new_window_lists(publisher: Engine, owner: Engine) -> None:
    with ThreadPoolExecutor(1) as threads:
        with Session(publisher) as session, session.begin():
            window_lists.replace(session, verdict(), [WINDOW])
            erasing = threads.submit(erase, owner)
            waits(owner, erasing)
        erasing.result()

    assert traces(owner) == []


def test_reads_leave_out_an_erased_user_whatever_the_tables_have(
    publisher: Engine, owner: Engine
) -> None:
    erase(owner)
    with owner.begin() as connection:
        kept = erasures.listed(connection)
        connection.execute(text("delete from erasures"))
    fill(publisher, owner)
    assert seen(publisher, "u").kind == "batch"
    with owner.begin() as connection:
        erasures.restore(connection, kept, by="the lake")

    assert seen(publisher, "u").kind == "fallback"
    with shop.reading(publisher) as connection:
        cache = ReleaseCache()
        release, _ = cache.live(connection)
        page = rated_items(connection, cache, "u", limit=10, offset=0)
        state = user_state.read(connection, release.release_id, "u")
        first_users = [user.user_id for user in profiles.first_users(connection, limit=10)]
    assert (page.items, page.hidden) == ((), ())
    assert (state.is_known, state.rated, state.hidden) == (False, {}, frozenset())
    assert state.segment_in(release) == ""
    assert first_users == ["v"]


def test_progress_is_recorded_for_the_users_that_a_run_has_seen(owner: Engine) -> None:
    for user_id in ("u", "v", "w"):
        erase(owner, user_id)
    u, v = (digests.digest(schema_of(owner), user_id) for user_id in "uv")

    def states() -> list[tuple[bool, bool]]:
        with owner.begin() as connection:
            found = [erasures.find(connection, user_id) for user_id in "uvw"]
        return [(x.erased_at is not None, x.purged_at is not None) for x in found if x]

    with owner.begin() as connection:
        erasures.record_progress(connection, among=[u, v], found=[u], unpurged=[u])
    assert states() == [(True, False), (True, True), (False, False)]
    with owner.begin() as connection:
        erasures.record_progress(connection, among=[u, v], found=[v], unpurged=[v])
    assert states() == [(True, True), (True, False), (False, False)]
    with owner.begin() as connection:
        assert len(erasures.newest(connection, limit=2)) == 2
        assert len(erasures.new(connection)) == 1


def test_an_event_waits_for_an_erasure_and_is_refused(publisher: Engine, owner: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)
    autocommit = owner.execution_options(isolation_level="AUTOCOMMIT")

    def rate() -> None:
        with autocommit.connect() as connection:
            feedback.accept(connection, Event("rate", "u", "a", 7.0), sent_by="shop")

    with ThreadPoolExecutor(1) as threads:
        with owner.begin() as connection:
            accounts.erase(connection, "u", requested_by="test")
            rating = threads.submit(rate)
            waits(owner, rating)
        with pytest.raises(UserErasedError):
            rating.result()

    assert traces(owner) == []


def test_an_erasure_waits_for_an_event(publisher: Engine, owner: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)
    with ThreadPoolExecutor(1) as threads:
        with owner.begin() as connection:
            feedback.accept(connection, Event("rate", "u", "a", 7.0), sent_by="shop")
            erasing = threads.submit(erase, owner)
            waits(owner, erasing)
        erasing.result()

    assert traces(owner) == []


def test_a_users_id_cannot_be_chosen_so_that_its_lock_is_another(
    publisher: Engine, owner: Engine, api: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    others = text(
        "select pg_advisory_lock(hashtextextended('u', 0)), pg_advisory_lock(hashtext('u'))"
    )
    with owner.connect() as holder, api.begin() as connection:
        holder.execute(others)
        connection.execute(text("set local lock_timeout = '2s'"))
        event = Event("rate", "u", "a", 7, None, None)
        receipt = feedback.accept(connection, event, sent_by="test")
        undo.undo(connection, "u", receipt.event_id, sent_by="test")
        accounts.erase(connection, "u", requested_by="test")
        holder.rollback()
