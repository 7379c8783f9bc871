"""The release that a process keeps in memory while other releases become live."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import Connection, Engine

from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.releases import loading as release_loading
from serving.lists.releases.cache import ReleaseCache
from serving.lists.releases.loaded import LoadedRelease
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import rate


def test_a_release_is_read_once_and_the_next_one_as_soon_as_it_is_live(
    publisher: Engine, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_shop.release(publisher)
    rate(owner, "fan", "f3", 5.0)
    loads, cache, start = [], ReleaseCache(), Barrier(4)

    def counted(connection: Connection, release_id: int) -> LoadedRelease:
        loads.append(release_id)
        return load(connection, release_id)

    load = release_loading.load
    monkeypatch.setattr(release_loading, "load", counted)

    def read() -> None:
        with shop.reading(publisher) as connection:
            start.wait(timeout=10)
            recommendations.for_user(connection, cache, "fan", ListRequest())

    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    first = loads[0]
    assert loads == [first]
    second = live_shop.release(publisher, "two", instead_of=first)
    with shop.reading(publisher) as connection:
        answer = recommendations.for_user(connection, cache, "fan", ListRequest())
    assert (answer.release_id, loads) == (second, [first, second])


def test_an_answer_has_the_factors_of_the_release_that_it_names(
    publisher: Engine, owner: Engine
) -> None:
    first = live_shop.release(publisher)
    rate(owner, "fan", "f3", 5.0)
    cache = ReleaseCache()
    with shop.reading(publisher) as before, shop.reading(publisher) as after:
        before.execution_options(isolation_level="REPEATABLE READ")
        after.execution_options(isolation_level="AUTOCOMMIT")
        recommendations.for_user(
            before, ReleaseCache(), "fan", ListRequest()
        )  # its snapshot is taken
        second = live_shop.release(publisher, "two", instead_of=first, sign=-1)
        answers = [
            recommendations.for_user(connection, cache, "fan", ListRequest())
            for connection in (after, before, after)
        ]

    assert [answer.release_id for answer in answers] == [second, first, second]
    assert cache._releases.keys() == {first, second}  # noqa: SLF001 # the cached releases
    for release_id, release in cache._releases.items():  # noqa: SLF001
        assert (release.rows[0, 0] > 0) == (release_id == first)
