from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving.api.settings import ApiSettings
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
from serving.schemas import Problem
from serving.storage import keys
from serving.users import accounts
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import running_api
from tests.support.serving.server import as_role

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


@pytest.fixture
def published_shop(publisher: Engine) -> None:
    """A release with the items "a" to "d" and a scale of 1 to 10."""
    shop.release(publisher, "one", instead_of=None)


@pytest.fixture
def operator(api_url: str, owner: Engine) -> Iterator[Client]:
    with Session(owner) as session, session.begin():
        key = keys.create(session, "operator", ["operate"])
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=api_url, headers=headers, timeout=10) as client:
        yield Client(client, schema_of(owner))


def problem(answer: httpx2.Response) -> Problem:
    assert answer.headers["content-type"] == "application/problem+json"
    parsed = Problem.model_validate_json(answer.content)
    assert parsed.status == answer.status_code
    assert parsed.next_step
    return parsed


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
    assert {row[0] for row in shop.rows(owner, "select user_id from erasures")} == {*UNUSUAL_IDS}


def test_any_item_can_be_rated(product: Client, publisher: Engine, owner: Engine) -> None:
    items = shop.items(**shop.TITLES, **dict.fromkeys(UNUSUAL_IDS, "Unusual"))
    shop.release(publisher, "one", instead_of=None, items=items)

    for item_id in UNUSUAL_IDS:
        product.rate("u", item_id, 7)
        product.hide("u", item_id)

    current = set(shop.rows(owner, "select item_id, rating, hidden from feedback"))
    assert current == {(item_id, 7, "hide") for item_id in UNUSUAL_IDS}


def test_an_invalid_id_is_refused(product: Client) -> None:
    for wrong in ("a\0", "", "u" * 257):
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


@pytest.mark.usefixtures("published_shop")
def test_a_user_is_erased_with_their_own_token_only(product: Client, owner: Engine) -> None:
    user, other = product.create_user(), product.create_user()
    product.rate(user.user_id, "a", 7)

    for token in (None, "wrong", other.token):
        with pytest.raises(ScopeMissingError, match="no token of this user"):
            product.erase(user.user_id, token=token)
    assert product.erase(user.user_id, token=user.token).n_events == 1

    with pytest.raises(UserErasedError, match="were erased"):  # a retry, if the answer was lost
        product.erase(user.user_id, token=user.token)
    with pytest.raises(UserErasedError, match="POST users"):
        product.rate(user.user_id, "a", 7)
    assert shop.rows(owner, "select requested_by from erasures") == [("the user",)]
    product.rate(other.user_id, "a", 7)


@pytest.mark.usefixtures("published_shop")
def test_a_key_with_the_scope_operate_can_erase_a_user_repeatedly(
    product: Client, operator: Client, owner: Engine
) -> None:
    assert operator.erase("u") == operator.erase("u")

    assert product.recommendations("u").kind == "fallback"
    assert shop.rows(owner, "select requested_by from erasures") == [("operator",)]


@pytest.mark.usefixtures("published_shop")
def test_writes_during_an_erasure_leave_no_data(
    product: Client, operator: Client, owner: Engine
) -> None:
    def rate(n: int) -> bool:
        try:
            product.rate("u", "abcd"[n % 4], 7)
        except UserErasedError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        writes = [threads.submit(rate, n) for n in range(40)]
        writes[4].result()
        operator.erase("u")
        n_accepted = sum(write.result() for write in writes)

    assert n_accepted > 0
    assert shop.rows(owner, "select 1 from outbox union all select 1 from feedback") == []


@pytest.mark.usefixtures("published_shop")
def test_an_erasure_waits_for_an_uncommitted_write(
    product: Client, operator: Client, owner: Engine
) -> None:
    shared_lock = text("select pg_advisory_xact_lock_shared(hashtextextended('u', 0))")
    with ThreadPoolExecutor(1) as threads, owner.connect() as writing:
        writing.execute(shared_lock)
        erasing = threads.submit(operator.erase, "u")
        waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        while writing.scalar(waiting) == 0:
            assert not erasing.done()
        writing.execute(
            text(
                "insert into outbox (event_id, idempotency_key, kind, user_id, item_id,"
                " occurred_at, sent_by) values ('e', 'k', 'hide', 'u', 'a', now(), 'x')"
            )
        )
        writing.commit()

        assert erasing.result().n_events == 1
    with pytest.raises(UserErasedError):
        product.rate("u", "a", 7)


@pytest.mark.usefixtures("published_shop")
def test_a_write_waits_for_an_uncommitted_erasure(product: Client, owner: Engine) -> None:
    with ThreadPoolExecutor(1) as threads, owner.connect() as erasing:
        accounts.erase(erasing, "u", requested_by="test")
        writing = threads.submit(product.rate, "u", "a", 7)
        waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        while erasing.scalar(waiting) == 0:
            assert not writing.done()
        erasing.commit()

        with pytest.raises(UserErasedError):
            writing.result()
    assert shop.rows(owner, "select 1 from outbox union all select 1 from feedback") == []


@pytest.mark.usefixtures("published_shop")
def test_a_key_above_its_rate_limit_is_refused(
    owner: Engine, committing: str, product_http: httpx2.Client
) -> None:
    with running_api(as_role(committing, "api"), ApiSettings(requests_per_second=5)) as url:
        path = f"{url}/v1/{schema_of(owner)}/items"
        answers = [product_http.get(path) for _ in range(50)]
        other_key = httpx2.get(path, headers={"Authorization": "Bearer other"})

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert sum(answer.status_code == 200 for answer in answers) >= 5
    assert problem(refused[0]).code == "too-many-requests"
    assert refused[0].headers["retry-after"] == "1"
    assert other_key.status_code == 401  # each key has a limit of its own
