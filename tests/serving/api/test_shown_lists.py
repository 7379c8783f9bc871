"""Lists are kept as they were shown, by their `list_id`."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest
from sqlalchemy import Engine, text

from serving.api.datasets import Datasets
from serving.api.metrics import Metrics
from serving.api.settings import ApiSettings
from serving.api.shown_lists import ShownLists
from serving.client import Client
from serving.schemas import NewEvent, Recommendations, Shelf, SimilarItems, TakenTogether
from serving.storage import pruning
from serving.users import accounts, shown_lists
from serving.users.shown_lists import ShownList, new_list_id
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.server import as_role

COLUMNS = "list_id, kind, user_id, release_id, rules_version, placement, item_ids"
SHOWN = f"select {COLUMNS} from shown_lists order by list_id"  # noqa: S608 # our own names
SECONDS = 20.0


@pytest.fixture
def datasets(committing: str) -> Iterator[Datasets]:
    datasets = Datasets(as_role(committing, "api"), ApiSettings(schema_check_seconds=0))
    yield datasets
    datasets.close()


def kept(owner: Engine, n: int) -> list[tuple[Any, ...]]:
    """Wait until that many lists are kept, and return them in the order of their ids."""
    deadline = time.monotonic() + SECONDS
    while len(rows := shop.rows(owner, SHOWN)) < n:
        assert time.monotonic() < deadline, rows
        time.sleep(0.05)
    return rows


def shown(user_id: str | None = "u", *item_ids: str) -> ShownList:
    return ShownList(new_list_id(), "batch", user_id, 1, 0, item_ids or ("a", "b"))


def test_a_key_has_a_quota_of_lists_and_the_others_are_answered_but_not_kept(
    datasets: Datasets, owner: Engine
) -> None:
    schema, metrics = schema_of(owner), Metrics(datasets)
    queue = ShownLists(datasets, metrics, size=10, per_day=2)
    for key_name in ("greedy", "greedy", "modest"):
        queue.add(schema, shown("u", key_name), shown("u", key_name), key_name=key_name)
    queue.flush()

    assert [items for *_, items in shop.rows(owner, SHOWN)] == [
        *[["greedy"]] * 2,
        *[["modest"]] * 2,
    ]
    assert f'lantern_shown_lists_dropped_total{{dataset="{schema}"}} 2.0' in (
        generate_latest(metrics.registry).decode()
    )


def test_a_user_has_a_quota_of_lists_from_all_keys(datasets: Datasets, owner: Engine) -> None:
    schema = schema_of(owner)
    queue = ShownLists(datasets, Metrics(datasets), size=10, of_user_per_day=3)
    for key_name in ("shop", "app", "shop"):
        queue.add(schema, shown("u", key_name), shown("u", key_name), key_name=key_name)
    queue.add(schema, shown("v"), key_name="shop")
    queue.add(schema, shown(None), key_name="shop")
    queue.flush()

    users = "select user_id from shown_lists order by list_id"
    assert [user_id for (user_id,) in shop.rows(owner, users)] == [*"uuuu", "v", None]


@pytest.mark.usefixtures("published_shop")
def test_every_list_has_an_id_under_which_it_is_kept_as_it_was_shown(
    product: Client, owner: Engine
) -> None:
    answers: list[Recommendations | Shelf | SimilarItems | TakenTogether] = [
        product.recommendations("u"),
        product.recommendations("nobody", limit=2),
        product.for_anonymous_user({}),
        product.popular(),
        product.similar("a"),
        product.together_with("a"),
        product.together_with_basket(["a", "d"]),
    ]

    rows = kept(owner, len(answers))

    ids = [answer.list_id for answer in answers]
    assert ids == sorted({*ids})
    assert [row[:4] for row in rows] == [
        (ids[0], "batch", "u", 1),
        (ids[1], "fallback", "nobody", 1),
        (ids[2], "fallback", None, 1),
        (ids[3], "popular", None, 1),
        (ids[4], "similar", None, 1),
        (ids[5], "together", None, 1),
        (ids[6], "together", None, 1),
    ]
    assert [row[4] for row in rows] == [0, 0, 0, None, None, None, None]  # versions of the rules
    assert [row[6] for row in rows] == [[i.item_id for i in answer.items] for answer in answers]
    recent = "shown_at between now() - interval '5 minutes' and now() order by shown_at"
    in_order = f"select list_id from shown_lists where {recent}"  # noqa: S608 # our own names
    assert [list_id for (list_id,) in shop.rows(owner, in_order)] == ids


@pytest.mark.usefixtures("published_shop")
def test_an_event_can_be_laid_beside_the_list_that_it_came_from(
    product: Client, owner: Engine
) -> None:
    answer = product.recommendations("u")
    kept(owner, 1)
    event = NewEvent(kind="view", user_id="u", item_id="b", list_id=answer.list_id)

    assert product.send_events([event]).n_accepted == 1

    joined = """
        select array_position(shown_lists.item_ids, outbox.item_id)
        from outbox join shown_lists using (list_id)
    """
    assert shop.rows(owner, joined) == [(2,)]  # the rank at which it was shown


@pytest.mark.usefixtures("published_shop")
def test_an_erasure_deletes_the_users_lists_and_no_later_write_brings_them_back(
    product: Client, operator: Client, owner: Engine, datasets: Datasets, api: Engine
) -> None:
    queue = ShownLists(datasets, Metrics(datasets), size=10)
    with api.begin() as connection:
        shown_lists.write(connection, [shown("u"), shown("v"), shown(None)])
    queue.add(schema_of(owner), shown("u"))  # it waits while the user is erased
    queue.add(schema_of(owner), shown("v"))

    operator.erase("u")
    queue.flush()
    assert product.recommendations("u").kind == "fallback"

    users = "select user_id from shown_lists order by user_id"
    time.sleep(1.5)  # the API's own queue is flushed meanwhile
    assert shop.rows(owner, users) == [("v",), ("v",), (None,)]


def test_a_write_waits_for_an_erasure(owner: Engine, api: Engine) -> None:
    with owner.connect() as erasing, api.connect() as writing:
        with erasing.begin():
            accounts.erase(erasing, "u", requested_by="test")
            with writing.begin():
                writing.execute(text("set local lock_timeout = '200ms'"))
                with pytest.raises(Exception, match="lock timeout"):
                    shown_lists.write(writing, [shown("u")])
                writing.rollback()
        with writing.begin():
            shown_lists.write(writing, [shown("u"), shown("v")])

    assert shop.rows(owner, "select user_id from shown_lists") == [("v",)]


def test_a_full_queue_and_a_database_that_is_away_drop_lists_and_count_them(
    owner: Engine, datasets: Datasets
) -> None:
    metrics, name = Metrics(datasets), schema_of(owner)
    queue = ShownLists(datasets, metrics, size=2)
    for _ in range(3):
        queue.add(name, shown())
    queue.flush()
    assert len(shop.rows(owner, SHOWN)) == 2
    with owner.begin() as connection:
        connection.execute(text("drop table shown_lists"))

    queue.add(name, shown())
    queue.flush()

    dropped = f'lantern_shown_lists_dropped_total{{dataset="{name}"}} 2.0'
    assert dropped in generate_latest(metrics.registry).decode()


def test_no_list_is_kept_with_a_queue_of_0(owner: Engine, datasets: Datasets) -> None:
    metrics = Metrics(datasets)
    queue = ShownLists(datasets, metrics, size=0)
    queue.start()
    queue.add(schema_of(owner), shown())
    queue.stop()

    assert shop.rows(owner, SHOWN) == []
    assert "shown_lists_dropped_total{" not in generate_latest(metrics.registry).decode()


def test_the_last_lists_are_written_when_the_process_stops(
    owner: Engine, datasets: Datasets
) -> None:
    queue = ShownLists(datasets, Metrics(datasets), size=10)
    queue.start()
    queue.add(schema_of(owner), shown())
    queue.stop()

    assert len(shop.rows(owner, SHOWN)) == 1


def test_old_lists_are_pruned(publisher: Engine, api: Engine) -> None:
    now = datetime.now(UTC)
    with api.begin() as connection:
        shown_lists.write(connection, [shown()])
    before = now - timedelta(days=30)
    names = ("events_before", "users_before", "audit_before")

    def prune(lists_before: datetime) -> int:
        others = dict.fromkeys(names, before)
        deleted = pruning.prune(publisher, lists_before=lists_before, **others)
        return deleted["shown_lists"].n_rows

    assert prune(before) == 0
    assert prune(now + timedelta(days=1)) == 1


@pytest.mark.usefixtures("published_shop")
def test_the_export_has_the_lists_that_a_user_was_shown(
    product: Client, operator: Client, owner: Engine
) -> None:
    product.recommendations("u")
    [row] = kept(owner, 1)

    [exported] = operator.export("u").tables["shown_lists"]

    assert exported["list_id"] == row[0]
    assert exported["item_ids"] == row[6]
