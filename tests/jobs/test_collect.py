"""From Postgres' outbox into the lake: each event once, wherever a run dies. No Spark."""

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
from serving.storage import database
from serving.users import outbox
from tests.support.jobs.product import product
from tests.support.serving.shop import rows
from warehouse import datasets
from warehouse.append import Mark, append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.settings import LakeSettings
from warehouse.tables import BRONZE_COLLECTIONS, BRONZE_FEEDBACK, BRONZE_LANDINGS, Table
from warehouse.tables.vocabulary import NOTHING_TO_DO

PRODUCT = product()
SAID = datetime(2026, 5, 1, 12, tzinfo=UTC)
INSERT = text(
    "insert into outbox (event_id, idempotency_key, kind, user_id, item_id, rating, occurred_at,"
    " sent_by) values (:event_id, :event_id, :kind, 'u', 'a', :rating, :at, 'shop')"
)
CURSOR = "select until, n_events from outbox_cursor"


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def said(connection: Connection, *event_ids: str, kind: str = "rate") -> None:
    """Write events into the outbox, as the API does."""
    for event_id in event_ids:
        rating = 3.5 if kind == "rate" else None
        event = {"event_id": event_id, "kind": kind, "rating": rating, "at": SAID}
        connection.execute(INSERT, event)


def say(engine: Engine, *event_ids: str, kind: str = "rate") -> None:
    """Write events in one transaction."""
    with engine.begin() as connection:
        said(connection, *event_ids, kind=kind)


def collected(root: str, engine: Engine, run: str = "1", **options: int) -> int:
    return collect.run(
        root, PRODUCT, engine, run_key=RunKey("product__collect", run, "collect"), **options
    )


def read(root: str, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    if not Lake(root).exists(table):
        return []
    found = Lake(root).read(table, columns=columns).to_pylist()
    return sorted(tuple(row[name] for name in columns) for row in found)


def events(root: str) -> str:
    return "".join(event_id for (event_id,) in read(root, BRONZE_FEEDBACK, "event_id"))


def whole(root: str, owner: Engine, *expected: int) -> None:
    """Assert that events, landings, balances and cursor say the same, part by part."""
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
    say(owner, "a")
    say(owner, "b", "c", kind="hide")

    assert collected(root, publisher) == 0
    assert collected(root, publisher, "2") == NOTHING_TO_DO

    whole(root, owner, 3)
    sent = ("event_id", "kind", "rating", "occurred_at", "sent_by", "source_line", "run_key")
    key = "product__collect/1/collect"
    assert read(root, BRONZE_FEEDBACK, *sent) == [
        ("a", "rate", 3.5, SAID, "shop", 1, key),
        ("b", "hide", None, SAID, "shop", 2, key),
        ("c", "hide", None, SAID, "shop", 3, key),
    ]
    say(owner, "d")
    assert collected(root, publisher, "3") == 0
    whole(root, owner, 3, 1)


def test_a_run_that_finds_nothing_writes_nothing(
    root: str, owner: Engine, publisher: Engine
) -> None:
    assert collected(root, publisher) == NOTHING_TO_DO
    assert not Path(root).exists()
    assert rows(owner, CURSOR) == []


def test_an_open_transaction_holds_back_what_was_written_after_it_and_nothing_is_lost(
    root: str, owner: Engine, publisher: Engine
) -> None:
    say(owner, "a")
    with owner.connect() as slow, slow.begin():
        said(slow, "b")  # has its place in the order now, and is seen by nobody yet
        say(owner, "c")
        assert collected(root, publisher) == 0
        assert events(root) == "a"
        assert collected(root, publisher, "2") == NOTHING_TO_DO

    assert collected(root, publisher, "3") == 0

    assert events(root) == "abc"
    whole(root, owner, 1, 2)


def test_a_long_outbox_comes_in_parts_that_cut_no_transaction(
    root: str, owner: Engine, publisher: Engine
) -> None:
    for together in ("a", "bcd", "e", "f", "ghi", "j"):
        say(owner, *together)

    assert collected(root, publisher, size=2) == 0

    assert events(root) == "abcdefghij"
    by_place = read(root, BRONZE_COLLECTIONS, "since", "n_written")
    assert [n for _, n in by_place] == [1, 3, 2, 3, 1]


STEPS = ["feedback", "collections", "landings", "cursor"]


@pytest.mark.parametrize("at", list(product_of(STEPS, ["before", "after"])))
def test_a_run_killed_around_any_step_is_made_good_by_the_next(
    root: str,
    owner: Engine,
    publisher: Engine,
    monkeypatch: pytest.MonkeyPatch,
    at: tuple[str, str],
) -> None:
    say(owner, "a", "b")
    with monkeypatch.context() as killing:
        dies = dying(*at)
        killing.setattr(collect, "append", dies(append))
        killing.setattr(outbox, "move_cursor", dies(outbox.move_cursor))
        with suppress(KeyboardInterrupt):
            collected(root, publisher)
            pytest.fail("it was not killed")
    say(owner, "c")

    assert collected(root, publisher) == 0  # the same run, tried again

    assert events(root) == "abc"
    whole(root, owner, *([3] if at == ("feedback", "before") else [2, 1]))


@pytest.mark.parametrize("step", STEPS)
def test_a_retry_that_only_finishes_says_that_something_was_carried_on(
    root: str, owner: Engine, publisher: Engine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    say(owner, "a")
    with monkeypatch.context() as killing:
        dies = dying(step, "before")
        killing.setattr(collect, "append", dies(append))
        killing.setattr(outbox, "move_cursor", dies(outbox.move_cursor))
        with suppress(KeyboardInterrupt):
            collected(root, publisher)

    assert collected(root, publisher) == 0
    assert collected(root, publisher) == NOTHING_TO_DO
    whole(root, owner, 1)


@pytest.mark.parametrize("step", STEPS)
def test_two_runs_at_once_write_each_event_once(
    root: str, owner: Engine, publisher: Engine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The second runs as a whole while the first is about to take this step."""
    say(owner, "a", "b")
    second: list[int] = []

    def overtaken(*given: Any, **named: Any) -> bool:
        if not second and _step(given) == step:
            second.append(0)
            second[:] = [collected(root, publisher, "2")]
        return append(*given, **named)

    def overtaken_last(engine: Engine, **named: int) -> bool:
        if not second:
            second.append(0)
            second[:] = [collected(root, publisher, "2")]
        return move(engine, **named)

    move = outbox.move_cursor
    monkeypatch.setattr(collect, "append", overtaken)
    if step == "cursor":
        monkeypatch.setattr(outbox, "move_cursor", overtaken_last)

    collected(root, publisher)

    assert second == [0]
    assert events(root) == "ab"
    whole(root, owner, 2)


def test_what_was_erased_before_it_was_collected_never_comes(
    root: str, owner: Engine, publisher: Engine
) -> None:
    say(owner, "a", "b")
    with owner.begin() as connection:
        connection.execute(text("delete from outbox where event_id = 'a'"))

    collected(root, publisher)

    assert events(root) == "b"
    whole(root, owner, 1)


def test_a_postgres_that_was_made_anew_is_refused(
    root: str, owner: Engine, publisher: Engine
) -> None:
    say(owner, "a")
    collected(root, publisher)
    ahead = Mark(collect.CURSOR, 10**9, after=collect.cursor(root))
    found = Lake(root).read(BRONZE_FEEDBACK).slice(0, 0)
    append(
        root, BRONZE_FEEDBACK, found, run_key=RunKey("another", "postgres", "collect"), mark=ahead
    )

    with pytest.raises(OutboxRestoredError, match="pg_resetwal --next-transaction-id=1000000000"):
        outbox.read(publisher, since=collect.cursor(root), size=1)


def test_the_commit_of_the_events_carries_cursor_and_run_key(
    root: str, owner: Engine, publisher: Engine
) -> None:
    say(owner, "a")
    collected(root, publisher)

    [newest] = Lake(root).history(BRONZE_FEEDBACK, limit=1)
    assert newest.run_key == RunKey("product__collect", "1", "collect")
    delta = DeltaTable(BRONZE_FEEDBACK.uri(root))
    [[until, _]] = rows(owner, CURSOR)
    assert delta.transaction_version("outbox") == until
    assert delta.version() == 1  # made, and written once


def test_the_command_ends_with_99_where_snapshots_replace_everything(
    root: str, owner: Engine, publisher: Engine, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    say(owner, "a")
    snapshots = product(source={"kind": "inbox", "delivery": "snapshots"})
    monkeypatch.setenv("LAKE_ROOT", root)
    monkeypatch.setenv("LAKE_INBOX", root)
    monkeypatch.setattr(LakeSettings, "of", lambda *_: root)
    monkeypatch.setattr(datasets, "load_named", lambda _: snapshots)
    monkeypatch.setattr(database, "engine", lambda _: publisher)

    assert collect.main(["--dataset", "product"]) == NOTHING_TO_DO

    assert "takes no feedback" in caplog.text
    assert not Lake(root).exists(BRONZE_FEEDBACK)


def dying(step: str, moment: str) -> Callable[[Callable[..., bool]], Callable[..., bool]]:
    """Return a wrapper in which a run dies right before, or right after, this step."""

    def wrapped(does: Callable[..., bool]) -> Callable[..., bool]:
        def dies(*given: Any, **named: Any) -> bool:
            if _step(given) != step:
                return does(*given, **named)
            if moment == "after":
                does(*given, **named)
            raise KeyboardInterrupt

        return dies

    return wrapped


def _step(given: tuple[Any, ...]) -> str:
    return next((each.name for each in given if isinstance(each, Table)), "cursor")
