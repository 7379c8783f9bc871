import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event

import psycopg2
import pyarrow as pa
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from serving import catalogue, loading, recommendations, releases, retention
from serving.database import LISTS
from serving.errors import IncompleteReleaseError, LiveReleaseMovedError, ReleasePinnedError
from serving.publish import publish
from serving.schemas import Recommendations
from tests.serving import shop
from tests.serving.shop import Rows

Slowly = dict[str, Iterator[pa.RecordBatch] | list[pa.RecordBatch]]


def seen(engine: Engine, user_id: str = "u") -> Recommendations:
    with engine.connect() as connection:
        return recommendations.for_person(connection, user_id, limit=100)


def ids(answer: Recommendations) -> str:
    return "".join(item.item_id for item in answer.items)


def rows(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_a_fit_becomes_what_people_see(publisher: Engine) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)

    assert (ids(seen(publisher, "u")), seen(publisher, "u").kind) == ("ab", "batch")
    assert (ids(seen(publisher, "nobody")), seen(publisher, "nobody").kind) == ("dcb", "fallback")
    with Session(publisher) as session:
        [kept] = releases.kept(session)
        [act] = releases.history(session)
    assert (kept.release_id, kept.live, kept.n_users, kept.n_items) == (release_id, True, 2, 4)
    assert (act.action, act.actor, act.instead_of) == ("publish", "one/publish", None)


def test_a_published_fit_changes_nothing(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)

    again = shop.release(publisher, "one", instead_of=None, recommendations=[])

    assert again == first
    with Session(publisher) as session:
        assert releases.live_id(session) == second
        assert len(releases.history(session)) == 2


def test_a_pinned_release_stays_until_the_pin_is_lifted(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)
    with Session(publisher) as session, session.begin():
        releases.roll_back(session, actor="ann", reason="worse")

    with pytest.raises(ReleasePinnedError, match=f"release {first} is pinned by ann"):
        shop.release(publisher, "three", instead_of=first)

    with Session(publisher) as session, session.begin():
        releases.unpin(session, actor="ann")
    assert shop.release(publisher, "three", instead_of=first) > second


def test_who_was_judged_against_another_release_is_not_published(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)

    with pytest.raises(LiveReleaseMovedError, match=f"release {first} is live, not None"):
        shop.release(publisher, "two", instead_of=None)

    assert seen(publisher).release_id == first


NOT_FINITE: Rows = [{"user_id": "u", "item_ids": ["a"], "scores": [math.nan]}]
NO_ID: Rows = [{"user_id": None, "item_ids": ["a"], "scores": [1.0]}]
UNEVEN: Rows = [{"user_id": "u", "item_ids": ["a", "b"], "scores": [1.0]}]
UNTITLED: Rows = [{"item_id": "a", "title": "", "categories": [], "vendor": None, "released": None}]
BROKEN: list[tuple[str, Rows, str]] = [
    ("recommendations", NOT_FINITE, "not finite"),
    ("recommendations", NO_ID, "a value is missing"),
    ("recommendations", UNEVEN, "ck_recommendations_same_length"),
    ("recommendations", shop.lists_of("user_id", u="aba"), "stands twice"),
    ("recommendations", shop.lists_of("user_id", u="a") * 2, "pk_recommendations"),
    ("recommendations", shop.lists_of("user_id", u="aXb"), "without a title, such as X"),
    ("similar_items", shop.lists_of("item_id", a="Z"), "without a title, such as Z"),
    ("fallback_lists", shop.lists_of("segment", everybody="Y"), "without a title, such as Y"),
    ("fallback_lists", shop.lists_of("segment", sex="a"), "no fallback list for everybody"),
    ("items", UNTITLED, "a title or an id is missing"),
    ("items", shop.items(a="Twice") * 2, "staged_items_pkey"),
    ("items", [UNTITLED[0] | {"title": None}], "a title or an id"),
]


@pytest.mark.parametrize(("table", "given", "cause"), BROKEN, ids=[cause for *_, cause in BROKEN])
def test_a_broken_fit_is_refused_and_nothing_changes(
    publisher: Engine, table: str, given: Rows, cause: str
) -> None:
    first = shop.release(publisher, "one", instead_of=None)

    with pytest.raises(IncompleteReleaseError, match=cause):
        shop.release(publisher, "two", instead_of=first, **{table: given})

    assert (seen(publisher).release_id, ids(seen(publisher))) == (first, "ab")
    assert rows(publisher, "select count(*) from releases") == [(1,)]
    assert rows(publisher, "select title from items where item_id = 'a'") == [("Amélie",)]


def test_rows_that_the_fit_counted_and_nobody_sent_are_missed(publisher: Engine) -> None:
    fit = replace(shop.FIT, counts={"recommendations": 3, "profiles": 2})

    with pytest.raises(IncompleteReleaseError, match="recommendations: 2 of 3 rows"):
        publish(publisher, fit, shop.tables(), actor="x", reason="y", instead_of=None)


def test_a_crash_in_the_middle_of_copy_leaves_the_live_release_untouched(
    publisher: Engine, superuser: Connection
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    copying = text("select pg_terminate_backend(pid) from pg_stat_progress_copy")
    killed: list[bool] = []

    def die() -> None:
        killed.extend(superuser.scalars(copying))

    batches: Slowly = dict(shop.tables())
    batches["recommendations"] = shop.slowly(shop.tables()["recommendations"], die)
    with pytest.raises((DBAPIError, psycopg2.OperationalError)):
        publish(publisher, shop.FIT, batches, actor="x", reason="y", instead_of=first)
    assert killed == [True]

    assert (seen(publisher).release_id, ids(seen(publisher))) == (first, "ab")
    assert rows(publisher, "select count(*) from recommendations") == [(2,)]
    assert shop.release(publisher, "two", instead_of=first) > first


def test_what_the_batches_raise_comes_out_as_it_is(publisher: Engine) -> None:
    def fail() -> None:
        raise LookupError("the lake is away")

    batches: Slowly = dict(shop.tables())
    batches["profiles"] = shop.slowly(shop.tables()["profiles"], fail)

    with pytest.raises(LookupError, match="the lake is away"):
        publish(publisher, shop.FIT, batches, actor="x", reason="y", instead_of=None)


def test_a_loaded_release_is_invisible_until_its_transaction_ends(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    looked: list[int] = []
    batches: Slowly = dict(shop.tables(recommendations=shop.lists_of("user_id", u="d")))
    batches["fallback_lists"] = shop.slowly(
        shop.tables()["fallback_lists"], lambda: looked.append(seen(publisher).release_id)
    )
    fit = replace(shop.FIT, counts={})

    second = publish(publisher, fit, batches, actor="x", reason="y", instead_of=first)

    assert looked == [first]
    assert (seen(publisher).release_id, ids(seen(publisher))) == (second, "d")


def test_a_long_reader_neither_blocks_a_publication_nor_sees_it(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    with publisher.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        before = recommendations.for_person(reader, "u", limit=10)
        shop.release(publisher, "two", instead_of=first, recommendations=[])
        assert recommendations.for_person(reader, "u", limit=10) == before

    assert seen(publisher).kind == "fallback"


def generation(number: int) -> dict[str, Rows]:
    """Return tables whose every list shows 40 items that only this generation has."""
    item_ids = [f"{number}-{place}" for place in range(40)]
    scores = [1.0 - place / 100 for place in range(40)]
    people = [f"user {n}" for n in range(30)]
    lists = [{"user_id": u, "item_ids": item_ids, "scores": scores} for u in people]
    return {
        "items": shop.items(**{item_id: f"Title {item_id}" for item_id in item_ids}),
        "recommendations": lists,
        "similar_items": [],
        "fallback_lists": [{"segment": "", "item_ids": item_ids, "scores": scores}],
    }


def test_readers_never_see_an_empty_or_a_mixed_list(publisher: Engine) -> None:
    live = shop.release(publisher, "0", instead_of=None, **generation(0))
    done = Event()

    def read(person: int) -> set[tuple[int, str]]:
        found = set()
        while not done.is_set():
            answer = seen(publisher, f"user {person}")
            assert (answer.kind, len(answer.items)) == ("batch", 40)
            generations = {item.item_id.partition("-")[0] for item in answer.items}
            assert len(generations) == 1
            found.add((answer.release_id, generations.pop()))
        return found

    with ThreadPoolExecutor(4) as threads:
        reads = [threads.submit(read, person) for person in range(4)]
        try:
            for number in range(1, 16):
                fit = str(number)
                live = shop.release(publisher, fit, instead_of=live, **generation(number))
        finally:
            done.set()
        found = set().union(*(r.result() for r in reads))

    by_release = dict(found)
    assert len(by_release) == len(found)  # one release never shows two generations
    assert len(by_release) > 3  # they did read while it changed


def test_of_two_publishers_at_once_one_is_told_to_retrain(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    together = Barrier(2)

    def race(fit_id: str) -> int | None:
        together.wait(timeout=10)
        try:
            return shop.release(publisher, fit_id, instead_of=first)
        except LiveReleaseMovedError:
            return None

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(race, ["two", "three"]))

    assert outcomes.count(None) == 1
    assert seen(publisher).release_id in outcomes


def test_two_publishers_of_one_fit_make_one_release(publisher: Engine) -> None:
    together = Barrier(2)

    def race(_: int) -> int:
        together.wait(timeout=10)
        return shop.release(publisher, "one", instead_of=None)

    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(race, range(2)))) == 1

    assert rows(publisher, "select count(*) from releases") == [(1,)]


def test_five_releases_stay_and_the_lists_of_older_ones_go(publisher: Engine) -> None:
    made = [shop.release(publisher, "0", instead_of=None)]
    made += [shop.release(publisher, str(n), instead_of=made[0] + n - 1) for n in range(1, 7)]

    with Session(publisher) as session:
        kept = [release.release_id for release in releases.kept(session)]
    assert kept == made[:1:-1]
    for table in LISTS:
        held = rows(publisher, f"select distinct release_id from {table}")  # noqa: S608 # our own names
        assert sorted(held) == [(release_id,) for release_id in kept[::-1]], table
    assert len(rows(publisher, "select from activations")) == 7


def test_the_live_release_is_never_deleted(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    shop.release(publisher, "two", instead_of=first)
    third = shop.release(publisher, "three", instead_of=first + 1)
    with Session(publisher) as session, session.begin():
        releases.activate(session, first, instead_of=third, actor="ann", reason="the best")

    retention.keep_newest(publisher, 1)

    assert ids(seen(publisher)) == "ab"
    with Session(publisher) as session:
        assert [r.release_id for r in releases.kept(session)] == [third, first]


def test_a_deletion_that_a_crash_cut_short_is_finished_by_the_next_publication(
    publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 1)
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)
    with publisher.begin() as connection:
        gone = text("update releases set retired_at = now() where release_id = :id")
        connection.execute(gone, {"id": first})

    shop.release(publisher, "two", instead_of=second)

    left = "select count(*) from recommendations where release_id ="
    assert rows(publisher, f"{left} {first}") == [(0,)]
    assert rows(publisher, f"{left} {second}") == [(2,)]
    purged = "select release_id from releases where purged_at is not null"
    assert rows(publisher, purged) == [(first,)]


def test_the_catalogue_follows_and_forgets_no_item_that_an_older_list_shows(
    publisher: Engine,
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    version = "select item_id, xmin::text from items"
    before = set(rows(publisher, version))
    changed = shop.items(**shop.TITLES | {"b": "Schindler's Ark"})
    without_d = [row for row in changed if row["item_id"] != "d"]

    shop.release(publisher, "two", instead_of=first, items=without_d)

    written = set(rows(publisher, version)) - before
    assert [item_id for item_id, _ in written] == ["b"]
    with publisher.connect() as connection:
        assert catalogue.item(connection, "d").title == shop.TITLES["d"]
        assert catalogue.item(connection, "b").title == "Schindler's Ark"
        about = catalogue.about(connection)
    assert (about.categories, about.n_items) == (("Drama", "a", "b", "c", "d"), 4)


def test_the_checksum_tells_whether_stored_lists_changed(publisher: Engine, owner: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)
    changed = shop.lists_of("user_id", u="ba", v="c")
    third = shop.release(publisher, "three", instead_of=second, recommendations=changed)

    stored = [c for (c,) in rows(owner, "select checksum from releases order by release_id")]
    assert stored[0] == stored[1]
    assert stored[1] != stored[2]
    with Session(owner) as session, session.begin():
        assert loading.checksum(session, third) == stored[2]
        session.execute(text("update recommendations set scores[1] = 0.25 where user_id = 'v'"))
        assert loading.checksum(session, third) != stored[2]


def test_a_new_release_is_analysed_before_anybody_reads_it(publisher: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)

    known = "select reltuples from pg_class where oid = 'recommendations'::regclass"
    assert rows(publisher, known) == [(2.0,)]
