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

STRANGE_IDS = [
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
def shop_open(publisher: Engine) -> None:
    """Items "a" to "d", a scale of 1 to 10."""
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
    found = Problem.model_validate_json(answer.content)
    assert found.status == answer.status_code
    assert found.next_step
    return found


@pytest.mark.usefixtures("shop_open")
def test_what_a_person_does_is_written_in_the_name_of_the_key(
    product: Client, owner: Engine
) -> None:
    product.rate("u", "a", 7)
    product.hide("u", "b", "not_interested")
    product.unrate("u", "a")

    assert shop.rows(owner, "select kind, item_id, rating, sent_by from outbox order by xact") == [
        ("rate", "a", 7, "product"),
        ("not_interested", "b", None, "product"),
        ("unrate", "a", None, "product"),
    ]
    held = "select item_id, rating, hidden from feedback where user_id = 'u' order by item_id"
    assert shop.rows(owner, held) == [("a", None, None), ("b", None, "not_interested")]
    assert product.outbox().n_waiting == 3


@pytest.mark.usefixtures("shop_open")
def test_a_retry_with_the_same_key_is_written_once(product: Client, owner: Engine) -> None:
    first = product.rate("u", "a", 7, idempotency_key="k")
    second = product.rate("u", "a", 7, idempotency_key="k")

    assert (first.status, second.status) == ("accepted", "repeated")
    assert second.event_id == first.event_id
    with pytest.raises(IdempotencyKeyReusedError):
        product.rate("u", "a", 8, idempotency_key="k")
    assert shop.rows(owner, "select rating from outbox") == [(7,)]


@pytest.mark.usefixtures("shop_open")
def test_of_many_tries_at_once_with_one_key_one_is_written(product: Client, owner: Engine) -> None:
    with ThreadPoolExecutor(8) as threads:
        tries = [threads.submit(product.rate, "u", "a", 7, idempotency_key="k") for _ in range(16)]
        receipts = [each.result() for each in tries]

    assert len({receipt.event_id for receipt in receipts}) == 1
    assert sorted(receipt.status for receipt in receipts) == ["accepted", *["repeated"] * 15]
    assert shop.rows(owner, "select count(*) from outbox") == [(1,)]


@pytest.mark.usefixtures("shop_open")
def test_any_person_can_rate_hide_and_be_forgotten(
    product: Client, operator: Client, owner: Engine
) -> None:
    product.rate("a", "b", 3)  # whom `a/ratings/b` must not be taken for

    for user_id in STRANGE_IDS:
        assert product.rate(user_id, "a", 7).user_id == user_id
        assert product.hide(user_id, "a").user_id == user_id
        assert product.unrate(user_id, "a").user_id == user_id
        assert operator.erase(user_id).n_events == 3

    assert shop.rows(owner, "select user_id, item_id, rating from feedback") == [("a", "b", 3)]
    assert {row[0] for row in shop.rows(owner, "select user_id from erasures")} == {*STRANGE_IDS}


def test_any_item_can_be_rated(product: Client, publisher: Engine, owner: Engine) -> None:
    items = shop.items(**shop.TITLES, **dict.fromkeys(STRANGE_IDS, "Strange"))
    shop.release(publisher, "one", instead_of=None, items=items)

    for item_id in STRANGE_IDS:
        product.rate("u", item_id, 7)
        product.hide("u", item_id)

    held = set(shop.rows(owner, "select item_id, rating, hidden from feedback"))
    assert held == {(item_id, 7, "hide") for item_id in STRANGE_IDS}


def test_an_id_that_cannot_be_is_refused(product: Client) -> None:
    for wrong in ("a\0", "", "u" * 257):
        with pytest.raises(RequestRefusedError, match=r"path\.user_id"):
            product.rate(wrong, "a", 7)
        with pytest.raises(RequestRefusedError, match=r"path\.item_id"):
            product.hide("u", wrong)


@pytest.mark.usefixtures("shop_open")
def test_what_cannot_be_written_is_said(
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


@pytest.mark.usefixtures("shop_open")
def test_a_body_that_is_none_is_a_problem(product_http: httpx2.Client, owner: Engine) -> None:
    path = f"/v1/{schema_of(owner)}/users/u/ratings/a"
    for body in BODIES:
        headers = {"Content-Type": "application/json"}
        answer = product_http.put(path, content=body, headers=headers)

        assert problem(answer).status in {400, 422}, body
    assert shop.rows(owner, "select * from outbox") == []


def test_before_the_first_release_nothing_can_be_rated(product: Client) -> None:
    with pytest.raises(NoReleaseError):
        product.rate("u", "a", 7)
    with pytest.raises(UnknownItemError):
        product.hide("u", "a")


@pytest.mark.usefixtures("shop_open")
def test_writing_needs_its_scope(client: Client, operator: Client, http: httpx2.Client) -> None:
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


@pytest.mark.usefixtures("shop_open")
def test_a_person_forgets_himself_with_his_token_and_nobody_else(
    product: Client, owner: Engine
) -> None:
    one, other = product.create_user(), product.create_user()
    product.rate(one.user_id, "a", 7)

    for token in (None, "wrong", other.token):
        with pytest.raises(ScopeMissingError, match="no token of this user"):
            product.erase(one.user_id, token=token)
    assert product.erase(one.user_id, token=one.token).n_events == 1

    with pytest.raises(UserErasedError, match="were erased"):  # the answer got lost: again
        product.erase(one.user_id, token=one.token)
    with pytest.raises(UserErasedError, match="POST users"):
        product.rate(one.user_id, "a", 7)
    assert shop.rows(owner, "select requested_by from erasures") == [("the user",)]
    product.rate(other.user_id, "a", 7)


@pytest.mark.usefixtures("shop_open")
def test_an_operator_forgets_anybody_as_often_as_he_likes(
    product: Client, operator: Client, owner: Engine
) -> None:
    assert operator.erase("u") == operator.erase("u")

    assert product.recommendations("u").kind == "fallback"
    assert shop.rows(owner, "select requested_by from erasures") == [("operator",)]


@pytest.mark.usefixtures("shop_open")
def test_who_writes_while_he_is_forgotten_leaves_nothing(
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
        taken = sum(each.result() for each in writes)

    assert taken > 0
    assert shop.rows(owner, "select 1 from outbox union all select 1 from feedback") == []


@pytest.mark.usefixtures("shop_open")
def test_a_forgetting_waits_for_a_write_that_is_not_yet_committed(
    product: Client, operator: Client, owner: Engine
) -> None:
    turn = text("select pg_advisory_xact_lock_shared(hashtextextended('u', 0))")
    with ThreadPoolExecutor(1) as threads, owner.connect() as writing:
        writing.execute(turn)
        forgetting = threads.submit(operator.erase, "u")
        waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        while writing.scalar(waiting) == 0:
            assert not forgetting.done()
        writing.execute(
            text(
                "insert into outbox (event_id, idempotency_key, kind, user_id, item_id,"
                " occurred_at, sent_by) values ('e', 'k', 'hide', 'u', 'a', now(), 'x')"
            )
        )
        writing.commit()

        assert forgetting.result().n_events == 1
    with pytest.raises(UserErasedError):
        product.rate("u", "a", 7)


@pytest.mark.usefixtures("shop_open")
def test_a_write_waits_for_a_forgetting_that_is_not_yet_committed(
    product: Client, owner: Engine
) -> None:
    with ThreadPoolExecutor(1) as threads, owner.connect() as forgetting:
        accounts.erase(forgetting, "u", requested_by="test")
        writing = threads.submit(product.rate, "u", "a", 7)
        waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        while forgetting.scalar(waiting) == 0:
            assert not writing.done()
        forgetting.commit()

        with pytest.raises(UserErasedError):
            writing.result()
    assert shop.rows(owner, "select 1 from outbox union all select 1 from feedback") == []


@pytest.mark.usefixtures("shop_open")
def test_a_key_that_asks_too_often_has_to_wait(
    owner: Engine, committing: str, product_http: httpx2.Client
) -> None:
    with running_api(as_role(committing, "api"), ApiSettings(requests_per_second=5)) as url:
        path = f"{url}/v1/{schema_of(owner)}/items"
        answers = [product_http.get(path) for _ in range(50)]
        others = httpx2.get(path, headers={"Authorization": "Bearer other"})

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert sum(answer.status_code == 200 for answer in answers) >= 5
    assert problem(refused[0]).code == "too-many-requests"
    assert refused[0].headers["retry-after"] == "1"
    assert others.status_code == 401  # everybody waits for himself
