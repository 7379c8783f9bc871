"""Reasons of precomputed lists are computed once per release, and never outlive their inputs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from serving.api.app import create_app
from serving.lists import recommendations, scoring
from serving.lists.precomputed import ListRequest, PrecomputedList, precomputed_list
from serving.lists.releases import cache as release_cache
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import Reason
from serving.storage import keys
from serving.storage.database import ServingSettings
from serving.users import accounts
from tests.conftest import schema_of
from tests.support.serving import live_shop
from tests.support.serving.live_shop import rate
from tests.support.serving.rules import activate_rules
from tests.support.serving.server import as_role

EXPLAINED = ListRequest(explain=True)
RATED_F1, RATED_F2 = "because you rated Film 1 5 stars", "because you rated Film 2 4 stars"


@pytest.fixture
def scorings(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The arguments of each call that scores a user."""
    score, calls = scoring.score, list[object]()

    def counted(*arguments: object) -> object:
        calls.append(arguments)
        return score(*arguments)  # type: ignore[arg-type] # what the caller passed

    monkeypatch.setattr(scoring, "score", counted)
    return calls


@pytest.fixture
def connection(publisher: Engine, api: Engine) -> Iterator[Connection]:
    live_shop.release(publisher)
    with api.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@pytest.fixture
def cache() -> ReleaseCache:
    return ReleaseCache()


def reason_texts(
    connection: Connection, cache: ReleaseCache, user_id: str = "fan", limit: int = 20
) -> list[str]:
    request = ListRequest(limit=limit, explain=True)
    answer = recommendations.for_user(connection, cache, user_id, request)
    return [item.reason.text for item in answer.items if item.reason]


def cached(
    connection: Connection, cache: ReleaseCache, user_id: str = "fan"
) -> Mapping[str, Reason] | None:
    [release_id] = connection.scalars(text("select release_id from live_release"))
    return cache.get_reasons(user_id, release_id)


def test_a_repeated_request_computes_nothing(
    connection: Connection, cache: ReleaseCache, scorings: list[object]
) -> None:
    first = recommendations.for_user(connection, cache, "fan", EXPLAINED)
    assert len(scorings) == 1
    second = recommendations.for_user(connection, cache, "fan", EXPLAINED)

    assert len(scorings) == 1
    assert second == replace(first, age_seconds=second.age_seconds, list_id=second.list_id)
    assert [item.reason and item.reason.kind for item in second.items] == ["because_you_rated"] * 2
    unexplained = recommendations.for_user(connection, cache, "fan", ListRequest())
    assert unexplained.items[0].reason is None


def test_a_longer_list_than_the_cached_one_computes_its_reasons(
    connection: Connection, cache: ReleaseCache, scorings: list[object]
) -> None:
    short, long = (reason_texts(connection, cache, limit=limit) for limit in (1, 2))

    assert long[:1] == short
    assert len(long) == len(scorings) == 2


def test_users_get_their_own_reasons(connection: Connection, cache: ReleaseCache) -> None:
    for _ in range(2):
        fan, lover = (reason_texts(connection, cache, user_id) for user_id in ("fan", "lover"))
        assert fan != lover
        assert {*reason_texts(connection, cache, "nobody")} == {"liked by many"}


def test_another_release_has_its_own_reasons(
    connection: Connection, publisher: Engine, cache: ReleaseCache, scorings: list[object]
) -> None:
    reason_texts(connection, cache)
    live_shop.release(publisher, "two", instead_of=1, sign=-1, constants=live_shop.SCALE)

    texts = reason_texts(connection, cache)

    assert texts == reason_texts(connection, ReleaseCache()) == ["liked by many"] * 2
    assert len(scorings) == 3


def test_lists_with_newer_feedback_or_rules_bypass_the_cache(
    connection: Connection, cache: ReleaseCache, owner: Engine, api: Engine
) -> None:
    before = reason_texts(connection, cache)
    rate(owner, "fan", "f3", 5.0)
    answer = recommendations.for_user(connection, cache, "fan", EXPLAINED)
    assert answer.kind == "live"
    assert {item.item_id for item in answer.items}.isdisjoint({"f1", "f2", "f3", "o1"})

    reason_texts(connection, cache, "lover")
    activate_rules(api, pin=[{"rank": 1, "item_id": "c1"}])
    assert reason_texts(connection, cache, "lover")[0] == "featured"
    activate_rules(api)
    assert "featured" not in reason_texts(connection, cache, "lover")
    assert reason_texts(connection, cache) != before


def test_the_reason_of_a_pin_is_not_cached(
    connection: Connection, cache: ReleaseCache, api: Engine
) -> None:
    activate_rules(api, pin=[{"rank": 1, "item_id": "f3"}])
    assert reason_texts(connection, cache)[0] == "featured"
    activate_rules(api)

    assert reason_texts(connection, cache) == reason_texts(connection, ReleaseCache())


def test_reasons_from_newer_feedback_are_not_cached(
    connection: Connection, cache: ReleaseCache, owner: Engine
) -> None:
    rate(owner, "fan", "f1", 3.0)
    assert RATED_F2 in reason_texts(connection, cache)
    with owner.begin() as deleting:
        deleting.execute(text("delete from feedback"))

    texts = reason_texts(connection, cache)

    assert texts == reason_texts(connection, ReleaseCache()) == [RATED_F1] * 2


@pytest.mark.parametrize("change", ["a rating", "a rule"])
def test_reasons_are_not_cached_if_something_changes_during_the_request(  # noqa: PLR0917 # fixtures
    connection: Connection,
    cache: ReleaseCache,
    owner: Engine,
    api: Engine,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    """The list is read before the change, its reasons are computed after it."""

    def read_before_the_change(*arguments: Any) -> PrecomputedList:
        precomputed = precomputed_list(*arguments)
        if change == "a rating":
            rate(owner, "fan", "f1", 3.0)
        else:
            activate_rules(api, pin=[{"rank": 1, "item_id": "f3"}])
        return precomputed

    monkeypatch.setattr(recommendations, "precomputed_list", read_before_the_change)

    assert reason_texts(connection, cache) != [RATED_F1] * 2
    assert cached(connection, cache) is None


def test_a_filtered_list_leaves_the_cached_reasons_as_they_are(
    connection: Connection, cache: ReleaseCache
) -> None:
    reason_texts(connection, cache)
    before = cached(connection, cache)
    assert before is not None

    filtered = ListRequest(exclude=("f3",), explain=True)
    recommendations.for_user(connection, cache, "fan", filtered)

    assert cached(connection, cache) is before


def test_an_erasure_drops_the_reasons_of_the_process_that_serves_it(
    publisher: Engine, owner: Engine, committing: str
) -> None:
    release_id = live_shop.release(publisher)
    with Session(owner) as session, session.begin():
        key = keys.create(session, "product", ["read", "operate"])
    app = create_app(ServingSettings(database_url=SecretStr(as_role(committing, "api"))))
    fan = f"/v1/{schema_of(owner)}/users/fan"
    with TestClient(app, "http://127.0.0.1", headers={"Authorization": f"Bearer {key}"}) as http:
        assert http.get(f"{fan}/recommendations?explain=true").is_success
        cache = app.state.admission.release_caches[schema_of(owner)]
        assert cache.get_reasons("fan", release_id)
        assert http.delete(fan).is_success

    assert cache.get_reasons("fan", release_id) is None


def test_the_fallback_is_never_served_with_cached_reasons(
    connection: Connection, cache: ReleaseCache
) -> None:
    reason_texts(connection, cache, "unknown")  # loads the release
    assert cached(connection, cache, "unknown") is None
    [release_id] = connection.scalars(text("select release_id from live_release"))
    reason = Reason(kind="because_you_rated", text=RATED_F1, item_id="f1")
    cache.put_reasons("nobody", release_id, {"o4": reason, "o3": reason})

    assert RATED_F1 not in reason_texts(connection, cache, "nobody", limit=2)


def test_the_number_of_cached_users_is_bounded(
    connection: Connection, cache: ReleaseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_cache, "MAX_REASONS", 1)

    reason_texts(connection, cache, "fan")
    reason_texts(connection, cache, "lover")

    assert cached(connection, cache, "fan") is None
    assert cached(connection, cache, "lover")


def test_an_erased_user_gets_no_cached_reasons(
    connection: Connection, cache: ReleaseCache, owner: Engine
) -> None:
    reason_texts(connection, cache)
    with owner.begin() as erasing:
        accounts.erase(erasing, "fan", requested_by="test")

    assert {*reason_texts(connection, cache)} == {"liked by many"}
