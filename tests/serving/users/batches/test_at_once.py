"""Batches and erasures at the same time wait for each other, and do not block."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from serving.schemas import EventResult
from serving.storage import database
from serving.users import accounts
from serving.users.batches import writing
from tests.conftest import schema_of
from tests.serving.users.batches.sending import (
    ABOUT,
    budget,
    codes,
    event,
    send,
)
from tests.support.serving import shop
from tests.support.serving.server import as_role

N_CLIENTS, N_ROUNDS, N_EVENTS = 2, 10, 400


def test_batches_of_the_same_events_at_once_do_not_block_each_other(
    publisher: Engine, owner: Engine, committing: str
) -> None:
    shop.release(publisher, "one", instead_of=None)
    barrier = threading.Barrier(N_CLIENTS, timeout=60)

    def problems_of(engine: Engine, *, is_reversed: bool) -> list[str]:
        """Send the same events in rounds, each client in another order."""
        problems = []
        for number in range(N_ROUNDS):
            events = [
                event("rate", "ab"[n % 2], f"u{n // 2}", value=7, event_id=f"{number}-{n}")
                for n in range(N_EVENTS)
            ]
            try:
                with engine.begin() as connection:
                    barrier.wait()
                    sent = events[::-1] if is_reversed else events
                    results = writing.accept(connection, sent, ABOUT, budget())
                    problems += [str(r.detail) for r in results if r.status == "refused"]
            except DBAPIError as error:
                problems.append(str(error))
        return problems

    engine = database.connect(as_role(committing, "api"), schema_of(owner))
    with ThreadPoolExecutor(N_CLIENTS) as pool:
        clients = [pool.submit(problems_of, engine, is_reversed=n > 0) for n in range(N_CLIENTS)]
        assert [client.result(120) for client in clients] == [[]] * N_CLIENTS
    engine.dispose()
    assert shop.rows(owner, "select count(*) from outbox") == [(N_ROUNDS * N_EVENTS,)]


def n_waiting(connection: Connection) -> int:
    """Return how many sessions wait for the connection's transaction, or for one that waits."""
    connection.execute(text("select pg_stat_clear_snapshot()"))
    n: int = connection.execute(
        text(
            "with recursive waiting as ("
            " select pg_backend_pid() as pid union"
            " select activity.pid from pg_stat_activity as activity join waiting"
            " on waiting.pid = any(pg_blocking_pids(activity.pid))"
            ") select count(*) - 1 from waiting"
        )
    ).scalar_one()
    return n


def test_batches_that_rate_the_same_items_in_another_order_do_not_block_each_other(
    publisher: Engine, api: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)

    def rate(items: str) -> list[str | None]:
        with api.begin() as connection:
            events = [event("rate", item, value=n) for n, item in enumerate(items, 1)]
            return codes(send(connection, *events))

    with ThreadPoolExecutor(2) as pool, api.connect() as holder:
        holding = holder.begin()
        send(holder, event("rate", "a", value=9), event("rate", "b", value=9))
        sent = [pool.submit(rate, items) for items in ("bba", "aab")]
        deadline = time.monotonic() + 60
        while n_waiting(holder) < len(sent) and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        holding.commit()
        assert [answer.result(60) for answer in sent] == [["accepted"] * 3] * 2


def test_an_erasure_waits_for_a_batch_and_then_deletes_its_events(
    publisher: Engine, owner: Engine, api: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    with api.connect() as writer, api.connect() as eraser:
        writing = writer.begin()
        assert codes(send(writer, event("view"), event("rate", value=7))) == ["accepted"] * 2

        def erase() -> None:
            with eraser.begin():
                accounts.erase(eraser, "u", requested_by="test")

        erasing = threading.Thread(target=erase)
        erasing.start()
        erasing.join(0.3)
        assert erasing.is_alive()
        writing.commit()
        erasing.join(10)

    assert shop.rows(owner, "select user_id from outbox union select user_id from feedback") == []


def test_a_batch_waits_for_an_erasure_and_then_is_refused(
    publisher: Engine, owner: Engine, api: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    results = list[EventResult]()
    with api.connect() as writer, api.connect() as eraser:
        erasing = eraser.begin()
        accounts.erase(eraser, "u", requested_by="test")

        def write() -> None:
            with writer.begin():
                results.extend(send(writer, event("view"), event("view", user="v")))

        writing = threading.Thread(target=write)
        writing.start()
        writing.join(0.3)
        assert writing.is_alive()
        erasing.commit()
        writing.join(10)

    assert codes(results) == ["user-erased", "accepted"]
    assert shop.rows(owner, "select user_id from outbox") == [("v",)]
