"""Previews, comparisons and inspections are computed one at a time, apart from lists."""

import inspect
import threading
import time

import anyio
import pytest
from anyio import to_thread
from pydantic import SecretStr

from serving.api import rate_limit
from serving.api.access import GuardedRoute
from serving.api.app import create_app
from serving.api.operators import MOST_WAITING, Comparisons
from serving.api.rate_limit import Turns
from serving.api.settings import ApiSettings
from serving.errors import TooManyComparisonsError, TooManySearchesError
from serving.storage.database import ServingSettings

AWAY = "postgresql+psycopg2://api:canary@127.0.0.1:1/lantern"
LONG = {
    "/v1/{dataset}/inspection/users/{user_id}",
    "/v1/{dataset}/inspection/users/{user_id}/items/{item_id}",
    "/v1/{dataset}/inspection/items/{item_id}",
    "/v1/{dataset}/rules/preview",
    "/v1/{dataset}/placements/preview",
    "/v1/{dataset}/releases/{release_id}/changes",
}
MAY_WAIT = {
    "/v1/{dataset}/erasures",
    "/v1/{dataset}/events",
    "/v1/{dataset}/items",
    "/v1/{dataset}/items/{item_id}",
    "/v1/{dataset}/user-attributes",
    "/v1/{dataset}/users/{user_id}",
    "/v1/{dataset}/users/{user_id}/attributes",
    "/v1/{dataset}/users/{user_id}/events/{event_id}",
}


class Computed:
    """Work that ends when `may_end` is set, and how much of it was done at once."""

    def __init__(self) -> None:
        self.may_end, self.begun = threading.Event(), threading.Event()
        self.n_now = self.most = self.n_done = 0

    def run(self) -> None:
        self.n_now += 1
        self.most = max(self.most, self.n_now)
        self.begun.set()
        self.may_end.wait(10)
        self.n_now -= 1
        self.n_done += 1


def test_what_takes_long_is_computed_one_at_a_time_and_more_than_the_queue_is_refused() -> None:
    refused: list[TooManyComparisonsError] = []

    async def ask(comparisons: Comparisons, computed: Computed) -> None:
        try:
            await comparisons.run(computed.run)
        except TooManyComparisonsError as error:
            refused.append(error)
            computed.may_end.set()

    async def ask_often(computed: Computed) -> None:
        comparisons = Comparisons()
        async with anyio.create_task_group() as tasks:
            for _ in range(1 + MOST_WAITING + 1):
                tasks.start_soon(ask, comparisons, computed)

    computed = Computed()
    anyio.run(ask_often, computed)

    assert (computed.most, computed.n_done) == (1, 1 + MOST_WAITING)
    assert [(error.status, error.retry_after) for error in refused] == [(503, 5.0)]


def test_who_waits_too_long_for_a_turn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "TURN_SECONDS", 0.05)

    async def ask_twice(computed: Computed) -> None:
        comparisons = Comparisons()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(comparisons.run, computed.run)
            await to_thread.run_sync(computed.begun.wait)
            with pytest.raises(TooManyComparisonsError):
                await comparisons.run(computed.run)
            computed.may_end.set()

    started = time.monotonic()
    anyio.run(ask_twice, Computed())
    assert time.monotonic() - started < 5


def test_one_key_leaves_turns_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, 33 changes of one key that waited for a lock kept out those of all data sets."""
    monkeypatch.setattr(rate_limit, "TURN_SECONDS", 0.5)
    refusal = TooManySearchesError("Too many.")
    refused: list[TooManySearchesError] = []

    async def ask(turns: Turns, computed: Computed) -> None:
        try:
            await turns.run(computed.run, "greedy")
        except TooManySearchesError as error:
            refused.append(error)

    async def ask_beside(computed: Computed) -> str:
        turns = Turns(refusal, at_once=2, at_once_each=1, most_waiting=3)
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(ask, turns, computed)
            await to_thread.run_sync(computed.begun.wait)
            other = await turns.run(lambda: "other", "modest")
            computed.may_end.set()
        assert not turns._shares  # noqa: SLF001 # nothing is kept of a sender without work
        return other

    computed = Computed()
    assert anyio.run(ask_beside, computed) == "other"
    assert (computed.most, computed.n_done) == (1, 4)
    assert [str(error) for error in refused] == ["Too many."]


def test_the_routes_that_take_long_have_no_thread_of_those_of_lists() -> None:
    app = create_app(ServingSettings(database_url=SecretStr(AWAY)), ApiSettings())
    of_their_own = {
        (method, route.path_format)
        for route in app.routes
        if isinstance(route, GuardedRoute) and hasattr(route.endpoint, "__wrapped__")
        for method in route.methods
    }

    assert {path for _, path in of_their_own} == LONG | MAY_WAIT
    assert ("GET", "/v1/{dataset}/items") in of_their_own  # a search
    assert all(
        inspect.iscoroutinefunction(route.endpoint)
        for route in app.routes
        if isinstance(route, GuardedRoute) and route.path_format in LONG
    )
