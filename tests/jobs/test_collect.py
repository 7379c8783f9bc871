"""Each event of the outbox in Postgres arrives in the lake once, also if a run is killed."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product as product_of
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from sqlalchemy import Connection, Engine, text

from jobs import collect
from serving.errors import OutboxRestoredError
from serving.storage.outboxes import Outbox
from serving.users.outbox import OUTBOX
from tests.support.jobs.product import install, product
from tests.support.serving.shop import rows
from warehouse.append import Mark, append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_COLLECTIONS, BRONZE_FEEDBACK, BRONZE_LANDINGS, Table
from warehouse.tables.vocabulary import NOTHING_TO_DO

PRODUCT = product()
OCCURRED_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
INSERT = text(
    "insert into outbox (event_id, idempotency_key, kind, user_id, item_id, rating, occurred_at,"
    " sent_by) values (:event_id, :event_id, :kind, 'u', 'a', :rating, :at, 'shop')"
)
CURSOR = "select until, n_events from outbox_cursor"


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def insert(connection: Connection, *event_ids: str, kind: str = "rate") -> None:
    """Write events into the outbox, as the API does."""
    for event_id in event_ids:
        rating = 3.5 if kind == "rate" else None
        event = {"event_id": event_id, "kind": kind, "rating": rating, "at": OCCURRED_AT}
        connection.execute(INSERT, event)


def send(engine: Engine, *event_ids: str, kind: str = "rate") -> None:
    """Write events in one transaction."""
    with engine.begin() as connection:
        insert(connection, *event_ids, kind=kind)


def run(root: str, engine: Engine, run_id: str = "1", **options: int) -> int:
    return collect.run(
        root, PRODUCT, engine, run_key=RunKey("product__collect", run_id, "collect"), **options
    )


def read(root: str, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    rows = Lake(root).rows(table, columns=columns)
    return sorted(tuple(row[name] for name in columns) for row in rows)


def events(root: str) -> str:
    return "".join(event_id for (event_id,) in read(root, BRONZE_FEEDBACK, "event_id"))


def assert_recorded(root: str, owner: Engine, *expected: int) -> None:
    """Assert that landings, balances and cursor agree on batches of these sizes."""
    balances = read(root, BRONZE_COLLECTIONS, "since", "until", "n_outbox", "n_written")
    landings = read(root, BRONZE_LANDINGS, "n_rows", "target", "source_file")
    assert [row[2] for row in balances] == [row[3] for row in balances] == [*expected]
    assert landings == sorted((n, "feedback", "outbox") for n in expected)
    assert [row[0] for row in balances] == [0, *(row[1] for row in balances[:-1])]
    assert rows(owner, CURSOR) == [(balances[-1][1], sum(expected))]
    assert collect.cursor(root) == balances[-1][1]


def test_events_are_collected_once_as_they_were_sent(
    root: str, owner: Engine, publisher: Engine
) -> None:
    send(owner, "a")
    send(owner, "b", "c", kind="hide")

    assert run(root, publisher) == 0
    assert run(root, publisher, "2") == NOTHING_TO_DO

    assert_recorded(root, owner, 3)
    sent = ("event_id", "kind", "rating", "occurred_at", "sent_by", "source_line", "run_key")
    key = "product__collect/1/collect"
    assert read(root, BRONZE_FEEDBACK, *sent) == [
        ("a", "rate", 3.5, OCCURRED_AT, "shop", 1, key),
        ("b", "hide", None, OCCURRED_AT, "shop", 2, key),
        ("c", "hide", None, OCCURRED_AT, "shop", 3, key),
    ]
    send(owner, "d")
    assert run(root, publisher, "3") == 0
    assert_recorded(root, owner, 3, 1)


def test_events_of_the_manifests_kinds_are_collected_with_all_that_was_sent(
    root: str, owner: Engine, publisher: Engine
) -> None:
    of_kinds = "value = 2.5, list_id = 'l1' where event_id = 'a'"
    of_undo = "undoes = 'a', value = 2.5, undone_kind = 'buy', undone_at = now(), kind = 'undo'"
    send(owner, "a", "b", kind="buy")
    with owner.begin() as connection:
        connection.execute(text(f"update outbox set {of_kinds}"))  # noqa: S608 # our own names
        connection.execute(text(f"update outbox set {of_undo} where event_id = 'b'"))  # noqa: S608

    assert run(root, publisher) == 0

    columns = ("event_id", "kind", "value", "list_id", "undoes", "undone_kind")
    assert read(root, BRONZE_FEEDBACK, *columns) == [
        ("a", "buy", 2.5, "l1", None, None),
        ("b", "undo", 2.5, None, "a", "buy"),
    ]
    [[at]] = rows(owner, "select undone_at from outbox where kind = 'undo'")
    assert read(root, BRONZE_FEEDBACK, "event_id", "undone_at")[1] == ("b", at)


def test_a_run_that_finds_nothing_writes_nothing(
    root: str, owner: Engine, publisher: Engine
) -> None:
    assert run(root, publisher) == NOTHING_TO_DO
    assert not Path(root).exists()
    assert rows(owner, CURSOR) == []


def test_an_open_transaction_delays_later_events_and_none_is_lost(
    root: str, owner: Engine, publisher: Engine
) -> None:
    send(owner, "a")
    with owner.connect() as slow, slow.begin():
        insert(slow, "b")  # has its transaction id, and is not visible yet
        send(owner, "c")
        assert run(root, publisher) == 0
        assert events(root) == "a"
        assert run(root, publisher, "2") == NOTHING_TO_DO

    assert run(root, publisher, "3") == 0

    assert events(root) == "abc"
    assert_recorded(root, owner, 1, 2)


def test_a_long_outbox_is_collected_in_batches_of_entire_transactions(
    root: str, owner: Engine, publisher: Engine
) -> None:
    for transaction in ("a", "bcd", "e", "f", "ghi", "j"):
        send(owner, *transaction)

    assert run(root, publisher, size=2) == 0

    assert events(root) == "abcdefghij"
    sizes = read(root, BRONZE_COLLECTIONS, "since", "n_written")
    assert [n for _, n in sizes] == [1, 3, 2, 3, 1]


def test_a_run_ends_while_the_product_goes_on_sending(
    root: str, owner: Engine, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    later, write = iter("cdefgh"), collect._write  # noqa: SLF001 # between two reads

    def write_while_an_event_is_sent(*batch: Any) -> bool:
        send(owner, next(later))
        return write(*batch)

    send(owner, "a")
    send(owner, "b")
    with monkeypatch.context() as patched:
        patched.setattr(collect, "_write", write_while_an_event_is_sent)
        assert run(root, publisher, size=1) == 0
    assert events(root) == "ab"

    assert run(root, publisher, "2") == 0
    assert events(root) == "abcd"


STEPS = ["feedback", "collections", "landings", "cursor"]


@pytest.mark.parametrize("at", list(product_of(STEPS, ["before", "after"])))
def test_the_next_run_completes_a_run_killed_around_any_step(
    root: str,
    owner: Engine,
    publisher: Engine,
    monkeypatch: pytest.MonkeyPatch,
    at: tuple[str, str],
) -> None:
    send(owner, "a", "b")
    with monkeypatch.context() as killing:
        dies = dying(*at)
        killing.setattr(collect, "append", dies(append))
        killing.setattr(Outbox, "move_cursor", dies(Outbox.move_cursor))
        with suppress(KeyboardInterrupt):
            run(root, publisher)
            pytest.fail("the run was not killed")
    send(owner, "c")

    assert run(root, publisher) == 0  # the same run, retried

    assert events(root) == "abc"
    assert_recorded(root, owner, *([3] if at == ("feedback", "before") else [2, 1]))


@pytest.mark.parametrize("step", STEPS)
def test_a_retry_that_only_completes_a_batch_is_not_nothing_to_do(
    root: str, owner: Engine, publisher: Engine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    send(owner, "a")
    with monkeypatch.context() as killing:
        dies = dying(step, "before")
        killing.setattr(collect, "append", dies(append))
        killing.setattr(Outbox, "move_cursor", dies(Outbox.move_cursor))
        with suppress(KeyboardInterrupt):
            run(root, publisher)

    assert run(root, publisher) == 0
    assert run(root, publisher) == NOTHING_TO_DO
    assert_recorded(root, owner, 1)


@pytest.mark.parametrize("step", STEPS)
def test_two_runs_at_the_same_time_write_each_event_once(
    root: str, owner: Engine, publisher: Engine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The second runs from start to end when the first is about to take this step."""
    send(owner, "a", "b")
    second: list[int] = []

    def overtaken(*args: Any, **options: Any) -> bool:
        if not second and _step(args) == step:
            second.append(0)
            second[:] = [run(root, publisher, "2")]
        return append(*args, **options)

    def overtaken_at_cursor(outbox: Outbox, engine: Engine, **options: int) -> bool:
        if not second:
            second.append(0)
            second[:] = [run(root, publisher, "2")]
        return move(outbox, engine, **options)

    move: Callable[..., bool] = Outbox.move_cursor
    monkeypatch.setattr(collect, "append", overtaken)
    if step == "cursor":
        monkeypatch.setattr(Outbox, "move_cursor", overtaken_at_cursor)

    run(root, publisher)

    assert second == [0]
    assert events(root) == "ab"
    assert_recorded(root, owner, 2)


def test_events_erased_before_they_are_collected_never_arrive(
    root: str, owner: Engine, publisher: Engine
) -> None:
    send(owner, "a", "b")
    with owner.begin() as connection:
        connection.execute(text("delete from outbox where event_id = 'a'"))

    run(root, publisher)

    assert events(root) == "b"
    assert_recorded(root, owner, 1)


def test_a_postgres_behind_the_lake_is_an_error(
    root: str, owner: Engine, publisher: Engine
) -> None:
    send(owner, "a")
    run(root, publisher)
    ahead = Mark(collect.CURSOR, 10**9, after=collect.cursor(root))
    no_rows = Lake(root).read(BRONZE_FEEDBACK).slice(0, 0)
    append(
        root, BRONZE_FEEDBACK, no_rows, run_key=RunKey("another", "postgres", "collect"), mark=ahead
    )

    with pytest.raises(OutboxRestoredError, match="pg_resetwal --next-transaction-id=1000000000"):
        OUTBOX.read(publisher, since=collect.cursor(root), end=10**9, size=1)


def test_the_commit_of_the_events_carries_cursor_and_run_key(
    root: str, owner: Engine, publisher: Engine
) -> None:
    send(owner, "a")
    run(root, publisher)

    [newest] = Lake(root).history(BRONZE_FEEDBACK, limit=1)
    assert newest.run_key == RunKey("product__collect", "1", "collect")
    delta = DeltaTable(BRONZE_FEEDBACK.uri(root))
    [[until, _]] = rows(owner, CURSOR)
    assert delta.transaction_version("outbox") == until
    assert delta.version() == 1  # created, and written once


def test_the_exit_code_is_99_for_a_data_set_of_snapshots(
    root: str,
    owner: Engine,
    publisher: Engine,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    send(owner, "a")
    snapshots = {"kind": "inbox", "delivery": "snapshots"}
    install(monkeypatch, product(source=snapshots), root)

    assert collect.main(["--dataset", "product"], engine=publisher) == NOTHING_TO_DO

    assert "takes no feedback" in caplog.text
    assert not Lake(root).exists(BRONZE_FEEDBACK)


def dying(step: str, moment: str) -> Callable[[Callable[..., bool]], Callable[..., bool]]:
    """Return a wrapper that kills the run right before, or right after, this step."""

    def wrap(function: Callable[..., bool]) -> Callable[..., bool]:
        def dies(*args: Any, **options: Any) -> bool:
            if _step(args) != step:
                return function(*args, **options)
            if moment == "after":
                function(*args, **options)
            raise KeyboardInterrupt

        return dies

    return wrap


def _step(args: tuple[Any, ...]) -> str:
    return next((arg.name for arg in args if isinstance(arg, Table)), "cursor")
