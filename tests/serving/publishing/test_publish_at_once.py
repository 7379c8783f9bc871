"""Publishing during reads, other publications and crashes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event

import psycopg2
import pyarrow as pa
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from serving import catalogue
from serving.errors import LiveReleaseChangedError
from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.releases.cache import ReleaseCache
from serving.publishing.publish import publish
from serving.schemas import ItemPage
from tests.support.serving import shop
from tests.support.serving.shop import Rows, ids, rows, seen

Batches = dict[str, Iterator[pa.RecordBatch] | list[pa.RecordBatch]]


def test_a_crash_in_the_middle_of_copy_leaves_the_live_release_untouched(
    publisher: Engine, superuser: Connection
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    terminate_copy = text("select pg_terminate_backend(pid) from pg_stat_progress_copy")
    terminated: list[bool] = []

    def terminate() -> None:
        terminated.extend(superuser.scalars(terminate_copy))

    batches: Batches = dict(shop.tables())
    batches["recommendations"] = shop.slowly(shop.tables()["recommendations"], terminate)
    with pytest.raises((DBAPIError, psycopg2.OperationalError)):
        publish(publisher, shop.FIT, batches, actor="x", reason="y", instead_of=first)
    assert terminated == [True]

    assert (seen(publisher).release_id, ids(seen(publisher))) == (first, "ab")
    assert rows(publisher, "select count(*) from recommendations") == [(2,)]
    assert shop.release(publisher, "two", instead_of=first) > first


def test_a_loaded_release_is_invisible_until_its_transaction_ends(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    seen_ids: list[int] = []
    batches: Batches = dict(shop.tables(recommendations=shop.lists_of("user_id", u="d")))
    batches["fallback_lists"] = shop.slowly(
        shop.tables()["fallback_lists"], lambda: seen_ids.append(seen(publisher).release_id)
    )
    fit = replace(shop.FIT, counts={})

    second = publish(publisher, fit, batches, actor="x", reason="y", instead_of=first)

    assert seen_ids == [first]
    assert (seen(publisher).release_id, ids(seen(publisher))) == (second, "d")


def test_a_long_read_transaction_does_not_block_a_publication_or_see_it(publisher: Engine) -> None:
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
    """Return tables in which all lists have 40 items of this generation only."""
    item_ids = [f"{number}-{position}" for position in range(40)]
    scores = [1.0 - position / 100 for position in range(40)]
    user_ids = [f"user {n}" for n in range(30)]
    lists = [{"user_id": u, "item_ids": item_ids, "scores": scores} for u in user_ids]
    return {
        "items": shop.items(**{item_id: f"Title {item_id}" for item_id in item_ids}),
        "recommendations": lists,
        "similar_items": [],
        "taken_together": [],
        "fallback_lists": [{"segment": "", "item_ids": item_ids, "scores": scores}],
    }


def search(publisher: Engine) -> ItemPage:
    """Return the first item of the catalogue, and the number of items."""
    with shop.reading(publisher) as connection:
        return catalogue.page(connection, q="", category=None, limit=1, offset=0)


@pytest.mark.parametrize("release", [shop.release, shop.snapshot])
def test_readers_never_see_an_empty_or_a_mixed_list(
    publisher: Engine, release: Callable[..., int]
) -> None:
    live = release(publisher, "0", instead_of=None, **generation(0))
    done = Event()

    def read(number: int) -> set[tuple[int, str]]:
        shown = set()
        while not done.is_set():
            answer = seen(publisher, f"user {number}")
            assert (answer.kind, len(answer.items)) == ("batch", 40)
            generations = {item.item_id.partition("-")[0] for item in answer.items}
            assert len(generations) == 1
            shown.add((answer.release_id, generations.pop()))
            assert search(publisher).total == 40 or release is not shop.snapshot
        return shown

    with ThreadPoolExecutor(4) as threads:
        reads = [threads.submit(read, number) for number in range(4)]
        try:
            for number in range(1, 16):
                fit = str(number)
                live = release(publisher, fit, instead_of=live, **generation(number))
        finally:
            done.set()
        shown = set().union(*(r.result() for r in reads))

    by_release = dict(shown)
    assert len(by_release) == len(shown)  # one release never shows two generations
    assert len(by_release) > 3  # the reads overlapped the publications


def test_of_two_concurrent_publications_one_is_refused(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    barrier = Barrier(2)

    def race(retrain_id: str) -> int | None:
        barrier.wait(timeout=10)
        try:
            return shop.release(publisher, retrain_id, instead_of=first)
        except LiveReleaseChangedError:
            return None

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(race, ["two", "three"]))

    assert outcomes.count(None) == 1
    assert seen(publisher).release_id in outcomes


def test_concurrent_publications_of_one_fit_create_one_release(publisher: Engine) -> None:
    barrier = Barrier(2)

    def race(_: int) -> int:
        barrier.wait(timeout=10)
        return shop.release(publisher, "one", instead_of=None)

    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(race, range(2)))) == 1

    assert rows(publisher, "select count(*) from releases") == [(1,)]
