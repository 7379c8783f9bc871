"""What is survived: connections cut under writers, many at once, an outage."""

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
CUT = text("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'api'")


@pytest.fixture(autouse=True)
def shop_open(publisher: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)


def stubborn(product: Client, user_id: str, ratings: Iterator[int]) -> list[str]:
    """Rate one after the other, each until it is acknowledged, and return the events' ids."""
    return [until_acknowledged(product, user_id, float(rating)) for rating in ratings]


def until_acknowledged(product: Client, user_id: str, rating: float) -> str:
    key = str(uuid4())  # one for all tries of this intent
    for _ in range(200):
        try:
            return product.rate(user_id, "a", rating, idempotency_key=key).event_id
        except ApiUnavailableError:
            continue
    raise AssertionError("two hundred tries were refused")


def test_no_acknowledged_rating_is_lost_or_doubled_when_connections_are_cut(
    product: Client, superuser: Connection, owner: Engine
) -> None:
    n_cut = n_seen = 0
    with ThreadPoolExecutor(N_WRITERS) as threads:
        writers = [
            threads.submit(stubborn, product, f"w{n}", (1 + i % 10 for i in range(N_EACH)))
            for n in range(N_WRITERS)
        ]
        while not all(writer.done() for writer in writers):
            [(n_written,)] = shop.rows(owner, "select count(*) from outbox")
            if int(str(n_written)) >= n_seen + 10:  # some come through between two cuts
                n_seen = int(str(n_written))
                n_cut += len(superuser.scalars(CUT).all())
        acknowledged = Counter(event_id for writer in writers for event_id in writer.result())

    assert n_cut > N_WRITERS
    stored = Counter(row[0] for row in shop.rows(owner, "select event_id from outbox"))
    assert stored == acknowledged
    assert set(stored.values()) == {1}
    assert len(stored) == N_WRITERS * N_EACH
    last = 1 + (N_EACH - 1) % 10
    held = Counter(shop.rows(owner, "select user_id, rating from feedback"))
    assert held == Counter((f"w{n}", last) for n in range(N_WRITERS))


def test_of_many_who_rate_one_item_for_one_person_at_once_the_newest_holds(
    product: Client, owner: Engine
) -> None:
    noon = datetime(2026, 3, 1, tzinfo=UTC)
    minutes = [*range(4), 60, *range(4, 40)]  # the newest comes in the midst of older ones

    with ThreadPoolExecutor(N_WRITERS) as threads:
        for n in minutes:
            at, rating = noon + timedelta(minutes=n), 10.0 if n == max(minutes) else 1.0
            threads.submit(product.rate, "u", "a", rating, occurred_at=at)

    assert shop.rows(owner, "select rating from feedback") == [(10,)]
    assert shop.rows(owner, "select count(*) from outbox") == [(len(minutes),)]


def test_while_the_database_is_away_a_write_is_refused_loudly() -> None:
    app = create_app(ServingSettings(database_url=SecretStr(AWAY)), ApiSettings())
    with TestClient(app, headers={"Authorization": "Bearer x"}) as http:
        answers = [
            http.put("/v1/shop/users/u/ratings/a", json={"rating": 7}),
            http.delete("/v1/shop/users/u"),
            http.post("/v1/shop/users"),
        ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "api-unavailable")
        assert answer.headers["retry-after"]
        assert "canary" not in answer.text
