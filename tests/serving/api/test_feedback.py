from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.errors import (
    IdempotencyKeyReusedError,
    KeyRefusedError,
    NoReleaseError,
    OffScaleError,
    RequestRefusedError,
    ScopeMissingError,
    UnknownItemError,
    UserErasedError,
)
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.problems import problem

UNUSUAL_IDS = [
    "a/b",
    "a/ratings/b",
    "a/hidden/b",
    "/",
    "ü ?#&=%+",
    "%2F",
    "../x",
    "📚",
    "'; drop table feedback; --",
    "u" * 256,
    "\x01",
]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"\xff",
    b'{"rating": "7"}',
    b'{"rating": true}',
    b'{"rating": NaN}',
    b'{"rating": 1e400}',
    b'{"rating": 7, "more": 1}',
    b'{"rating": 7, "occurred_at": "2026-01-01T00:00:00"}',
    b'{"rating": 7, "occurred_at": 1}',
    b'{"rating": 7, "occurred_at": "yesterday"}',
    b'{"rating": 7, "occurred_at": "1772366400"}',
]


@pytest.mark.usefixtures("published_shop")
def test_events_are_stored_with_the_name_of_the_key(product: Client, owner: Engine) -> None:
    product.rate("u", "a", 7)
    product.hide("u", "b", "not_interested")
    product.unrate("u", "a")

    assert shop.rows(owner, "select kind, item_id, rating, sent_by from outbox order by xact") == [
        ("rate", "a", 7, "product"),
        ("not_interested", "b", None, "product"),
        ("unrate", "a", None, "product"),
    ]
    current = "select item_id, rating, hidden from feedback where user_id = 'u' order by item_id"
    assert shop.rows(owner, current) == [("a", None, None), ("b", None, "not_interested")]
    assert product.outbox().n_waiting == 3


@pytest.mark.usefixtures("published_shop")
def test_a_retry_with_the_same_key_is_written_once(product: Client, owner: Engine) -> None:
    first = product.rate("u", "a", 7, idempotency_key="k")
    second = product.rate("u", "a", 7, idempotency_key="k")

    assert (first.status, second.status) == ("accepted", "repeated")
    assert second.event_id == first.event_id
    with pytest.raises(IdempotencyKeyReusedError):
        product.rate("u", "a", 8, idempotency_key="k")
    assert shop.rows(owner, "select rating from outbox") == [(7,)]


@pytest.mark.usefixtures("published_shop")
def test_concurrent_requests_with_one_idempotency_key_are_written_once(
    product: Client, owner: Engine
) -> None:
    with ThreadPoolExecutor(8) as threads:
        requests = [
            threads.submit(product.rate, "u", "a", 7, idempotency_key="k") for _ in range(16)
        ]
        receipts = [request.result() for request in requests]

    assert len({receipt.event_id for receipt in receipts}) == 1
    assert sorted(receipt.status for receipt in receipts) == ["accepted", *["repeated"] * 15]
    assert shop.rows(owner, "select count(*) from outbox") == [(1,)]


@pytest.mark.usefixtures("published_shop")
def test_any_user_id_can_rate_hide_and_be_erased(
    product: Client, operator: Client, owner: Engine
) -> None:
    product.rate("a", "b", 3)  # must not be confused with the user `a/ratings/b`

    for user_id in UNUSUAL_IDS:
        assert product.rate(user_id, "a", 7).user_id == user_id
        assert product.hide(user_id, "a").user_id == user_id
        assert product.unrate(user_id, "a").user_id == user_id
        assert operator.erase(user_id).n_events == 3

    assert shop.rows(owner, "select user_id, item_id, rating from feedback") == [("a", "b", 3)]
    for user_id in UNUSUAL_IDS:
        with pytest.raises(UserErasedError):
            product.rate(user_id, "a", 7)


def test_any_item_can_be_rated(product: Client, publisher: Engine, owner: Engine) -> None:
    items = shop.items(**shop.TITLES, **dict.fromkeys(UNUSUAL_IDS, "Unusual"))
    shop.release(publisher, "one", instead_of=None, items=items)

    for item_id in UNUSUAL_IDS:
        product.rate("u", item_id, 7)
        product.hide("u", item_id)

    current = set(shop.rows(owner, "select item_id, rating, hidden from feedback"))
    assert current == {(item_id, 7, "hide") for item_id in UNUSUAL_IDS}


def test_an_invalid_id_is_refused(product: Client) -> None:
    for wrong in ("a\0", "u" * 257):
        with pytest.raises(RequestRefusedError, match=r"path\.user_id"):
            product.rate(wrong, "a", 7)
        with pytest.raises(RequestRefusedError, match=r"path\.item_id"):
            product.hide("u", wrong)


@pytest.mark.usefixtures("published_shop")
def test_each_invalid_event_is_refused_with_its_reason(
    product: Client, product_http: httpx2.Client, owner: Engine
) -> None:
    with pytest.raises(OffScaleError, match="1 to 10 in steps of 1"):
        product.rate("u", "a", 7.5)
    with pytest.raises(UnknownItemError, match="'zz'"):
        product.rate("u", "zz", 7)
    with pytest.raises(UnknownItemError, match="'zz'"):
        product.unrate("u", "zz")
    with pytest.raises(RequestRefusedError, match=r"Idempotency-Key"):
        product.rate("u", "a", 7, idempotency_key="k" * 201)
    path = f"/v1/{schema_of(owner)}/users/u/ratings/a"
    for key in (b"", b"\xfc", b"k\tk"):
        answer = product_http.delete(path, headers={b"Idempotency-Key": key})
        assert (answer.status_code, "Idempotency-Key" in answer.text) == (422, True)

    assert shop.rows(owner, "select * from outbox") == []


@pytest.mark.usefixtures("published_shop")
def test_an_invalid_body_is_answered_with_a_problem(
    product_http: httpx2.Client, owner: Engine
) -> None:
    path = f"/v1/{schema_of(owner)}/users/u/ratings/a"
    for body in BODIES:
        headers = {"Content-Type": "application/json"}
        answer = product_http.put(path, content=body, headers=headers)

        assert problem(answer).status in {400, 422}, body
    assert shop.rows(owner, "select * from outbox") == []


def test_no_item_can_be_rated_before_the_first_release(product: Client) -> None:
    with pytest.raises(NoReleaseError):
        product.rate("u", "a", 7)
    with pytest.raises(UnknownItemError):
        product.hide("u", "a")


@pytest.mark.usefixtures("published_shop")
def test_writes_need_the_scope_feedback(
    client: Client, operator: Client, http: httpx2.Client
) -> None:
    for write in (
        lambda: client.rate("u", "a", 7),
        lambda: client.unrate("u", "a"),
        lambda: client.hide("u", "a"),
        client.create_user,
        lambda: operator.rate("u", "a", 7),
    ):
        with pytest.raises(ScopeMissingError, match="'feedback'"):
            write()
    with pytest.raises(ScopeMissingError, match="'read'"):
        operator.outbox()
    assert client.outbox().n_events == 0
    http.headers["Authorization"] = "Bearer wrong"
    with pytest.raises(KeyRefusedError):
        client.rate("u", "a", 7)
