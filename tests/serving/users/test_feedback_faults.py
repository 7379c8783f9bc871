"""Writes survive closed connections, concurrent writers and an outage of the database."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text

from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.client import Client
from serving.errors import ApiUnavailableError
from serving.storage.database import ServingSettings
from tests.support.serving import shop

AWAY = "postgresql+psycopg2://api:canary@127.0.0.1:1/lantern"
N_WRITERS, N_EACH = 8, 40
TERMINATE = text("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'api'")


@pytest.fixture(autouse=True)
def published_shop(publisher: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)


def rate_all(product: Client, user_id: str, ratings: Iterator[int]) -> list[str]:
    """Send the ratings in turn, each until it is acknowledged; return the ids of the events."""
    return [rate_until_acknowledged(product, user_id, float(rating)) for rating in ratings]


def rate_until_acknowledged(product: Client, user_id: str, rating: float) -> str:
    key = str(uuid4())  # the same for all tries of this rating
    for _ in range(200):
        try:
            return product.rate(user_id, "a", rating, idempotency_key=key).event_id
        except ApiUnavailableError:
            continue
    raise AssertionError("200 tries were refused")


@pytest.mark.soak
def test_no_acknowledged_rating_is_lost_or_doubled_when_connections_are_terminated(
    product: Client, superuser: Connection, owner: Engine
) -> None:
    n_terminated = n_seen = 0
    with ThreadPoolExecutor(N_WRITERS) as threads:
        writers = [
            threads.submit(rate_all, product, f"w{n}", (1 + i % 10 for i in range(N_EACH)))
            for n in range(N_WRITERS)
        ]
        while not all(writer.done() for writer in writers):
            [(n_written,)] = shop.rows(owner, "select count(*) from outbox")
            if int(str(n_written)) >= n_seen + 10:  # some writes succeed between two terminations
                n_seen = int(str(n_written))
                n_terminated += len(superuser.scalars(TERMINATE).all())
        acknowledged = Counter(event_id for writer in writers for event_id in writer.result())

    assert n_terminated > N_WRITERS
    stored = Counter(row[0] for row in shop.rows(owner, "select event_id from outbox"))
    assert stored == acknowledged
    assert set(stored.values()) == {1}
    assert len(stored) == N_WRITERS * N_EACH
    last = 1 + (N_EACH - 1) % 10
    current = Counter(shop.rows(owner, "select user_id, rating from feedback"))
    assert current == Counter((f"w{n}", last) for n in range(N_WRITERS))


def test_of_concurrent_ratings_of_one_item_the_newest_wins(product: Client, owner: Engine) -> None:
    noon = datetime(2026, 3, 1, tzinfo=UTC)
    minutes = [*range(4), 60, *range(4, 40)]  # the newest arrives among older ones

    with ThreadPoolExecutor(N_WRITERS) as threads:
        for n in minutes:
            at, rating = noon + timedelta(minutes=n), 10.0 if n == max(minutes) else 1.0
            threads.submit(product.rate, "u", "a", rating, occurred_at=at)

    assert shop.rows(owner, "select rating from feedback") == [(10,)]
    assert shop.rows(owner, "select count(*) from outbox") == [(len(minutes),)]


def test_while_the_database_is_down_writes_get_503() -> None:
    app = create_app(ServingSettings(database_url=SecretStr(AWAY)), ApiSettings())
    with TestClient(app, "http://127.0.0.1", headers={"Authorization": "Bearer x"}) as http:
        answers = [
            http.put("/v1/shop/users/u/ratings/a", json={"rating": 7}),
            http.delete("/v1/shop/users/u"),
            http.post("/v1/shop/users"),
        ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "api-unavailable")
        assert answer.headers["retry-after"]
        assert "canary" not in answer.text
