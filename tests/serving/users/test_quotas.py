"""Daily quotas of each key."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.errors import QuotaExceededError
from serving.users import quotas
from serving.users.quotas import Quotas
from tests.support.serving import api_server, shop

EVENING = datetime(2026, 5, 22, 23, 0, tzinfo=UTC)


class Clock(datetime):
    """A clock that the tests set."""

    current = EVENING

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override] # noqa: ARG003
        """Return the set time."""
        return cls.current


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(quotas, "datetime", Clock)
    Clock.current = EVENING
    return Clock


@pytest.mark.usefixtures("clock")
def test_a_quota_ends_at_midnight_and_is_counted_by_key_and_kind() -> None:
    quota = Quotas(events=2, users=1)
    for _ in range(2):
        quota.check("shop", "web", "events")
        quota.count("shop", "web", "events")

    with pytest.raises(QuotaExceededError, match="'web' has used its 2 events of today") as refused:
        quota.check("shop", "web", "events")
    assert refused.value.retry_after == 3600
    quota.check("shop", "app", "events")
    quota.check("other", "web", "events")
    quota.check("shop", "web", "users")


def test_the_next_day_begins_anew(clock: type[Clock]) -> None:
    quota = Quotas(events=1, users=1)
    quota.count("shop", "web", "events")

    clock.current = EVENING + timedelta(hours=2)

    quota.check("shop", "web", "events")


@pytest.mark.usefixtures("clock")
def test_the_events_of_a_user_are_counted_over_all_keys() -> None:
    quota = Quotas(events=0, users=0, of_user=2)
    for key in ("web", "app"):
        quota.check("shop", key, "events", "u")
        quota.count("shop", key, "events", "u")

    with pytest.raises(
        QuotaExceededError, match=r"user has had their 2 events of today"
    ) as refused:
        quota.check("shop", "web", "events", "u")
    assert refused.value.retry_after == 3600
    quota.check("shop", "web", "events", "v")
    quota.check("other", "web", "events", "u")
    quota.check("shop", "web", "users")


def test_the_events_of_a_user_begin_anew_each_day(clock: type[Clock]) -> None:
    quota = Quotas(events=0, users=0, of_user=1)
    quota.count("shop", "web", "events", "u")

    clock.current = EVENING + timedelta(hours=2)

    quota.check("shop", "web", "events", "u")


def test_the_memory_of_users_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MAX_USERS", 2)
    quota = Quotas(events=0, users=0, of_user=1)
    for user in ("a", "b", "c"):
        quota.count("shop", "web", "events", user)

    quota.check("shop", "web", "events", "a")
    with pytest.raises(QuotaExceededError):
        quota.check("shop", "web", "events", "c")


def test_a_limit_of_0_is_none() -> None:
    quota = Quotas(events=0, users=0)
    quota.count("shop", "web", "events", "u")
    quota.check("shop", "web", "events", "u")


@pytest.fixture
def limited(owner: Engine, committing: str, product_http: httpx2.Client) -> Iterator[Client]:
    """A product of an API with small quotas."""
    quotas = {"events_per_day": 2, "new_users_per_day": 1}
    with api_server.limited(owner, committing, product_http.headers, **quotas) as client:
        yield client


def test_the_api_refuses_what_exceeds_a_quota_and_serves_lists(
    publisher: Engine, limited: Client, owner: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    limited.create_user()
    with pytest.raises(QuotaExceededError, match="1 users of today"):
        limited.create_user()
    limited.rate("u", "a", 7, idempotency_key="one")
    for _ in range(3):  # a repeated event counts once
        assert limited.rate("u", "a", 7, idempotency_key="one").status == "repeated"
    limited.hide("u", "b")

    with pytest.raises(QuotaExceededError) as refused:
        limited.rate("u", "c", 7)

    assert refused.value.retry_after
    assert limited.recommendations("v").items
    assert shop.rows(owner, "select count(*) from outbox") == [(2,)]


def test_the_api_refuses_what_exceeds_the_quota_of_a_user(
    publisher: Engine, owner: Engine, committing: str, product_http: httpx2.Client
) -> None:
    shop.release(publisher, "one", instead_of=None)
    quota = {"user_events_per_day": 2}
    with api_server.limited(owner, committing, product_http.headers, **quota) as product:
        event_id = product.rate("u", "a", 7, idempotency_key="one").event_id
        product.rate("u", "a", 7, idempotency_key="one")  # repeated
        product.undo("u", event_id)
        with pytest.raises(QuotaExceededError, match="2 events of today") as refused:
            product.rate("u", "b", 7)
        assert refused.value.retry_after
        with pytest.raises(QuotaExceededError, match="2 events of today"):
            product.hide("u", "b")

        product.rate("v", "b", 7)

    assert shop.rows(owner, "select user_id from outbox order by xact") == [("u",), ("u",), ("v",)]


def test_undos_and_registrations_count_when_they_are_new(
    publisher: Engine, limited: Client, owner: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    first, second, token = "n-" + "a" * 16, "n-" + "b" * 16, "t" * 32
    limited.register(first, token)
    with pytest.raises(QuotaExceededError, match="1 users of today"):
        limited.register(second, token)
    limited.register(first, token)  # a user of before is known again
    event_id = limited.rate("u", "a", 7).event_id
    assert limited.undo("u", event_id).status == "accepted"

    with pytest.raises(QuotaExceededError, match="2 events of today"):
        limited.undo("u", event_id)

    assert shop.rows(owner, "select user_id from user_tokens") == [(first,)]
    assert shop.rows(owner, "select kind from outbox order by xact") == [("rate",), ("undo",)]
