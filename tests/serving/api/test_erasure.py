"""Erasure of users: who may ask for it, and writes at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from serving.client import Client
from serving.errors import ScopeMissingError, UserErasedError
from serving.users import accounts
from serving.users.erasures import OF_USER
from tests.support.serving import lock_waits, shop


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
    with pytest.raises(UserErasedError, match="POST /v1"):
        product.rate(user.user_id, "a", 7)
    assert shop.rows(owner, "select requested_by from erasures") == [("the user",)]
    acts = "select actor, target like '%' || :id || '%' from audit where action = 'erase'"
    assert shop.rows(owner, acts.replace(":id", f"'{user.user_id}'")) == [("the user", False)]
    product.rate(other.user_id, "a", 7)


@pytest.mark.usefixtures("published_shop")
def test_a_key_with_the_scope_operate_can_erase_a_user_repeatedly(
    product: Client, operator: Client, owner: Engine
) -> None:
    assert operator.erase("u") == operator.erase("u")

    assert product.recommendations("u").kind == "fallback"
    assert shop.rows(owner, "select requested_by from erasures") == [("key operator",)]


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
    shared_lock = text(f"select pg_advisory_xact_lock_shared({OF_USER})").bindparams(user_id="u")
    with ThreadPoolExecutor(1) as threads, owner.connect() as writing:
        writing.execute(shared_lock)
        erasing = threads.submit(operator.erase, "u")
        while not lock_waits.n_waiting(writing):
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
        while not lock_waits.n_waiting(erasing):
            assert not writing.done()
        erasing.commit()

        with pytest.raises(UserErasedError):
            writing.result()
    assert shop.rows(owner, "select 1 from outbox union all select 1 from feedback") == []
