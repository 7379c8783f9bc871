import json
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine
from starlette.types import Receive

from serving import body_limit
from serving.api import problems, rate_limit
from serving.api.routes import events
from serving.client import Client
from serving.errors import NoReleaseError, RequestRefusedError, ScopeMissingError
from serving.schemas import InvalidEvent, NewEvent, NewEvents
from serving.users import kind_events
from serving.users.batches import writing
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import UNCACHED, keyed, running_api
from tests.support.serving.problems import problem
from tests.support.serving.server import as_role
from tests.support.waiting import wait_until

INVALID: list[object] = [
    None,
    7,
    "view",
    {},
    {"kind": "view", "user_id": "u"},
    {"kind": "", "user_id": "u", "item_id": "a"},
    {"kind": "view", "user_id": "", "item_id": "a"},
    {"kind": "view", "user_id": "u\0", "item_id": "a"},
    {"kind": "view", "user_id": "u", "item_id": "a" * 257},
    {"kind": "view", "user_id": "u", "item_id": "a", "value": "2"},
    {"kind": "view", "user_id": "u", "item_id": "a", "value": True},
    {"kind": "view", "user_id": "u", "item_id": "a", "occurred_at": 1},
    {"kind": "view", "user_id": "u", "item_id": "a", "occurred_at": "2026-01-01T00:00:00"},
    {"kind": "view", "user_id": "u", "item_id": "a", "event_id": "ü"},
    {"kind": "view", "user_id": "u", "item_id": "a", "more": 1},
    {"kind": "view", "user_id": "\ud800", "item_id": "a"},
]
VALID = {"kind": "view", "user_id": "u", "item_id": "a"}


def event(kind: str = "view", item: str = "a", **fields: object) -> NewEvent:
    return NewEvent.model_validate({"kind": kind, "user_id": "u", "item_id": item, **fields})


def post(http: httpx2.Client, owner: Engine, events: object) -> httpx2.Response:
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"events": events})
    return http.post(f"/v1/{schema_of(owner)}/events", content=body, headers=headers)


@pytest.mark.usefixtures("published_shop")
def test_times_of_any_zone_are_accepted_and_others_are_refused_alone(
    product: Client, product_http: httpx2.Client, owner: Engine
) -> None:
    """RFC 3339 has zones of almost a day, Postgres of less than 16 hours."""
    far = ("2026-01-01T23:59:00+23:59", "2025-12-31T00:01:00-23:59")
    before_all = "0001-01-01T00:00:00+23:59"
    sent = [VALID | {"occurred_at": at} for at in (*far, before_all)]
    answer = post(product_http, owner, [VALID, *sent]).json()

    assert [result["status"] for result in answer["results"]] == [*["accepted"] * 3, "refused"]
    times = shop.rows(owner, "select occurred_at from outbox order by occurred_at limit 2")
    assert times == [(datetime(2026, 1, 1, tzinfo=UTC),)] * 2

    for at in (datetime.fromisoformat(text) for text in far):
        assert product.rate("u", "a", 5, occurred_at=at).occurred_at == at


@pytest.mark.usefixtures("published_shop")
def test_a_batch_of_events_is_committed_when_it_is_answered(
    product: Client, product_http: httpx2.Client, owner: Engine
) -> None:
    purchase = event("purchase", "b", value=2, event_id="order-1", list_id="l1")
    answer = product.send_events([event(), purchase, event("dance"), purchase])

    assert (answer.n_accepted, answer.n_repeated, answer.n_refused) == (2, 1, 1)
    statuses = [result.status for result in answer.results]
    assert statuses == ["accepted", "accepted", "refused", "repeated"]
    columns = "kind, item_id, value, sent_by, list_id"
    assert shop.rows(owner, f"select {columns} from outbox order by event_id") == [  # noqa: S608
        ("view", "a", None, "product", None),
        ("purchase", "b", 2, "product", "l1"),
    ]
    metrics = product_http.get("/metrics").text
    name = schema_of(owner)
    assert f'lantern_events_total{{dataset="{name}",kind="view",status="accepted"}} 1.0' in metrics
    assert f'lantern_events_total{{dataset="{name}",kind="unknown",status="refused"}} 1.0' in (
        metrics
    )


@pytest.mark.usefixtures("published_shop")
def test_the_kinds_of_the_data_set_are_named(product: Client) -> None:
    kinds = product.about().kinds

    assert kinds.keys() == {"listen", "purchase", "view"}
    assert (kinds["purchase"].positive_from, kinds["purchase"].repeatable) == (0, False)


@pytest.mark.usefixtures("published_shop")
@pytest.mark.parametrize("invalid", INVALID)
def test_an_invalid_event_is_refused_alone(
    product_http: httpx2.Client, owner: Engine, invalid: object
) -> None:
    answer = post(product_http, owner, [invalid, VALID]).json()

    refused, accepted = answer["results"]
    assert (refused["status"], refused["code"]) == ("refused", "request-refused")
    assert refused["detail"]
    assert accepted["status"] == "accepted"
    assert shop.rows(owner, "select user_id, item_id from outbox") == [("u", "a")]


@pytest.mark.parametrize("n_unknown", [50, 1000])
def test_an_event_with_many_unknown_fields_is_refused_by_their_number(n_unknown: int) -> None:
    body = {"events": [VALID | {f"field{n}": n for n in range(n_unknown)}, VALID]}

    invalid, valid = NewEvents.model_validate(body).events

    assert isinstance(invalid, InvalidEvent)
    n_fields = f"{n_unknown + len(VALID):,}"
    assert f"it has {n_fields} fields; at most 7 are allowed" in invalid.problem
    assert "field0" not in invalid.problem
    assert isinstance(valid, NewEvent)


@pytest.mark.usefixtures("published_shop")
@pytest.mark.parametrize("events", [[], [VALID] * 1001, "view", None, {"0": VALID}])
def test_a_request_without_events_or_with_too_many_is_refused(
    product_http: httpx2.Client, owner: Engine, events: object
) -> None:
    assert problem(post(product_http, owner, events)).code == "request-refused"
    assert shop.rows(owner, "select * from outbox") == []


@pytest.mark.usefixtures("published_shop")
def test_a_thousand_events_with_long_ids_are_accepted(product: Client, owner: Engine) -> None:
    events = [
        event(occurred_at="2026-01-01T00:00:00Z", event_id=f"{n:0200}", value=n, list_id="l" * 100)
        for n in range(1000)
    ]

    assert product.send_events(events).n_accepted == 1000
    assert shop.rows(owner, "select count(*), sum(value) from outbox") == [(1000, 499_500)]


def test_no_event_is_accepted_before_the_first_release(product: Client) -> None:
    with pytest.raises(NoReleaseError):
        product.send_events([event()])


@pytest.mark.usefixtures("published_shop")
def test_events_need_the_scope_feedback(client: Client) -> None:
    with pytest.raises(ScopeMissingError, match="'feedback'"):
        client.send_events([event()])


def test_a_batch_has_a_limit_of_its_own(
    publisher: Engine, committing: str, product_http: httpx2.Client
) -> None:
    shop.release(publisher, "one", instead_of=None)
    settings = UNCACHED.model_copy(update={"max_body_bytes": 100, "max_batch_bytes": 1000})
    with running_api(as_role(committing, "api"), settings) as url:
        product_http.base_url = httpx2.URL(url)
        product = Client(product_http, schema_of(publisher))

        assert product.send_events([event()] * 10).n_accepted == 10
        with pytest.raises(RequestRefusedError, match="API_MAX_BATCH_BYTES"):
            product.send_events([event()] * 50)


@pytest.mark.usefixtures("published_shop")
def test_a_users_events_are_returned_newest_first(product: Client) -> None:
    first, _, second = product.send_events(
        [
            event("purchase", "b", value=2, occurred_at="2026-01-02T00:00:00Z"),
            event(occurred_at="2026-01-03T00:00:00Z"),
            event("purchase", "a", occurred_at="2026-01-01T00:00:00Z"),
        ]
    ).results
    product.rate("u", "a", 9)  # of no kind of the data set
    product.send_event(NewEvent(kind="purchase", user_id="another", item_id="c"))

    assert [found.kind for found in product.events("u").items] == ["view", "purchase", "purchase"]
    assert [found.kind for found in product.events("u", limit=1).items] == ["view"]
    bought = product.events("u", kind=["purchase", "dance"])
    assert [(found.event_id, found.item_id, found.value) for found in bought.items] == [
        (first.event_id, "b", 2),
        (second.event_id, "a", 1),
    ]
    assert product.events("unknown").items == ()


@pytest.mark.usefixtures("published_shop")
def test_events_that_were_undone_and_those_of_erased_users_are_not_returned(
    product: Client, client: Client
) -> None:
    event_id = product.send_event(event("purchase"))
    product.send_event(event("view"))

    product.undo("u", event_id)

    assert [found.kind for found in client.events("u").items] == ["view"]
    user = product.create_user()
    product.send_event(NewEvent(kind="view", user_id=user.user_id, item_id="a"))
    assert len(product.events(user.user_id).items) == 1
    product.erase(user.user_id, token=user.token)
    assert product.events(user.user_id).items == ()


@pytest.mark.usefixtures("published_shop")
def test_of_very_many_events_those_that_arrived_last_are_read(
    product: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind_events, "MAX_NEW", 2)
    for item in "abc":
        product.send_event(event("view", item))

    assert [found.item_id for found in product.events("u").items] == ["c", "b"]


def test_a_postgres_that_takes_no_writes_is_no_error_about_an_event(owner: Engine) -> None:
    """As a standby does until it is promoted: clients keep what they sent, and retry."""

    def write() -> None:
        with owner.begin() as connection:
            connection.exec_driver_sql("set transaction read only")
            connection.exec_driver_sql("delete from outbox")

    app = FastAPI()
    problems.install(app)
    app.post("/")(write)

    answer = TestClient(app).post("/")

    assert (answer.status_code, answer.json()["code"]) == (503, "api-unavailable")
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["detail"].startswith("Postgres is read-only.")


@pytest.mark.usefixtures("published_shop")
def test_a_key_with_many_batches_holds_up_no_list_and_no_other_key(
    api_url: str,
    product: Client,
    product_http: httpx2.Client,
    owner: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, may_end = writing.accept, Event()
    written, read = list[int](), list[int]()

    def slow(connection: Connection, sent: Sequence[NewEvent], *others: Any) -> object:
        if sent[0].user_id == "slow":
            written.append(1)
            assert may_end.wait(20)
        return write(connection, sent, *others)

    async def counted(*body: Any) -> Receive:
        read.append(1)
        return await limited(*body)

    limited = body_limit.limited
    monkeypatch.setattr(events, "accept", slow)
    monkeypatch.setattr(body_limit, "limited", counted)
    monkeypatch.setattr(rate_limit, "TURN_SECONDS", 1)
    slow_batch = [VALID | {"user_id": "slow"}]
    with ThreadPoolExecutor(12) as threads:
        sent = [threads.submit(post, product_http, owner, slow_batch) for _ in range(12)]
        wait_until(lambda: len(written) == 2, "2 batches are written")
        time.sleep(0.2)  # the others are there, and have waited for less than their time
        n_read = len(read)
        wait_until(lambda: sum(batch.done() for batch in sent) == 10, "10 batches are refused")
        assert product.recommendations("u").items
        with keyed(api_url, owner, "other", "feedback") as other:
            assert post(other, owner, [VALID]).status_code == 200
        may_end.set()

    statuses = Counter(batch.result().status_code for batch in sent)
    assert (statuses, len(written), n_read) == ({200: 2, 503: 10}, 2, 4)
