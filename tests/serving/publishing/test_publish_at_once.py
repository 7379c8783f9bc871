"""Publishing while others read, publish or die."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event

import psycopg2
import pyarrow as pa
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from serving.errors import LiveReleaseChangedError
from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.release_cache import ReleaseCache
from serving.publishing.publish import publish
from tests.support.serving import shop
from tests.support.serving.shop import Rows, ids, rows, seen

Slowly = dict[str, Iterator[pa.RecordBatch] | list[pa.RecordBatch]]


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
    with shop.reading(publisher) as reader:
        reader.execution_options(isolation_level="REPEATABLE READ")
        before = recommendations.for_user(reader, ReleaseCache(), "u", ListRequest(limit=10)).items
        shop.release(publisher, "two", instead_of=first, recommendations=[])
        assert (
            recommendations.for_user(reader, ReleaseCache(), "u", ListRequest(limit=10)).items
            == before
        )

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

    def race(retrain_id: str) -> int | None:
        together.wait(timeout=10)
        try:
            return shop.release(publisher, retrain_id, instead_of=first)
        except LiveReleaseChangedError:
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
