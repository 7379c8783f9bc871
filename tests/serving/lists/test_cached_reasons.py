"""Reasons for lists that are looked up are made once, and hold as long as what they are made of."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from serving.api.app import create_app
from serving.lists import recommendations, release_cache, scoring
from serving.lists.precomputed import ListRequest, PrecomputedList, stored_for
from serving.lists.release_cache import CachedReasons, ReleaseCache
from serving.schemas import Reason
from serving.storage import keys
from serving.storage.database import ServingSettings
from serving.users import accounts
from tests.conftest import schema_of
from tests.support.serving import live_shop
from tests.support.serving.live_shop import rate
from tests.support.serving.ruling import let_hold
from tests.support.serving.server import as_role

EXPLAINED = ListRequest(explain=True)
RATED_F1, RATED_F2 = "because you rated Film 1 5 stars", "because you rated Film 2 4 stars"


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whom something was computed for, in turns."""
    score, found = scoring.score, list[object]()

    def counted(*given: object) -> object:
        found.append(given)
        return score(*given)  # type: ignore[arg-type] # what the caller gave

    monkeypatch.setattr(scoring, "score", counted)
    return found


@pytest.fixture
def connection(publisher: Engine, api: Engine) -> Iterator[Connection]:
    live_shop.release(publisher)
    with api.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def told(
    connection: Connection, cache: ReleaseCache, user_id: str = "fan", limit: int = 20
) -> list[str]:
    wanted = ListRequest(limit=limit, explain=True)
    found = recommendations.for_user(connection, cache, user_id, wanted)
    return [item.reason.text for item in found.items if item.reason]


def test_the_second_time_nothing_is_computed(connection: Connection, scored: list[object]) -> None:
    cache = ReleaseCache()

    first = recommendations.for_user(connection, cache, "fan", EXPLAINED)
    assert len(scored) == 1
    second = recommendations.for_user(connection, cache, "fan", EXPLAINED)

    assert len(scored) == 1
    later = {"age_seconds": second.age_seconds}
    assert second == first.model_copy(update=later)
    assert [item.reason and item.reason.kind for item in second.items] == ["because_you_rated"] * 2
    assert recommendations.for_user(connection, cache, "fan", ListRequest()).items[0].reason is None


def test_a_longer_list_than_was_told_is_told_anew(
    connection: Connection, scored: list[object]
) -> None:
    cache = ReleaseCache()

    one, two = told(connection, cache, limit=1), told(connection, cache, limit=2)

    assert two[:1] == one
    assert len(two) == len(scored) == 2


def test_people_are_told_their_own_reasons(connection: Connection) -> None:
    cache = ReleaseCache()
    for _ in range(2):
        assert told(connection, cache, "fan") != told(connection, cache, "lover")
        assert {*told(connection, cache, "nobody")} == {"liked by many"}


def test_another_release_tells_its_own_reasons(
    connection: Connection, publisher: Engine, scored: list[object]
) -> None:
    cache, alone = ReleaseCache(), ReleaseCache()
    told(connection, cache)
    live_shop.release(publisher, "two", instead_of=1, sign=-1, constants=live_shop.SCALE)

    assert told(connection, cache) == told(connection, alone) == ["liked by many"] * 2
    assert len(scored) == 3


def test_feedback_and_rules_are_not_answered_from_memory(
    connection: Connection, owner: Engine, api: Engine
) -> None:
    cache = ReleaseCache()
    before = told(connection, cache)
    rate(owner, "fan", "f3", 5.0)
    found = recommendations.for_user(connection, cache, "fan", EXPLAINED)
    assert found.kind == "live"
    assert {item.item_id for item in found.items}.isdisjoint({"f1", "f2", "f3", "o1"})

    told(connection, cache, "lover")
    let_hold(api, pin=[{"rank": 1, "item_id": "c1"}])
    assert told(connection, cache, "lover")[0] == "featured"
    let_hold(api)
    assert "featured" not in told(connection, cache, "lover")
    assert told(connection, cache) != before


def test_what_a_pin_said_is_not_remembered(connection: Connection, api: Engine) -> None:
    cache = ReleaseCache()
    let_hold(api, pin=[{"rank": 1, "item_id": "f3"}])
    assert told(connection, cache)[0] == "featured"
    let_hold(api)

    assert told(connection, cache) == told(connection, ReleaseCache())


def test_what_feedback_said_is_not_remembered(connection: Connection, owner: Engine) -> None:
    cache = ReleaseCache()
    rate(owner, "fan", "f1", 3.0)
    assert RATED_F2 in told(connection, cache)
    with owner.begin() as deleting:
        deleting.execute(text("delete from feedback"))

    assert told(connection, cache) == told(connection, ReleaseCache()) == [RATED_F1] * 2


@pytest.mark.parametrize("comes", ["a rating", "a rule"])
def test_what_comes_while_a_list_is_read_is_not_remembered(
    connection: Connection, owner: Engine, api: Engine, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    """The list was read as it was before, the reasons for it are made of what came."""

    def meanwhile(*given: Any) -> PrecomputedList:
        stored = stored_for(*given)
        if comes == "a rating":
            rate(owner, "fan", "f1", 3.0)
        else:
            let_hold(api, pin=[{"rank": 1, "item_id": "f3"}])
        return stored

    monkeypatch.setattr(recommendations, "stored_for", meanwhile)
    cache = ReleaseCache()

    assert told(connection, cache) != [RATED_F1] * 2
    assert cache.told == {}


def test_a_list_that_was_filtered_leaves_what_was_told_of_the_whole(
    connection: Connection,
) -> None:
    cache = ReleaseCache()
    told(connection, cache)
    before = cache.told["fan"]

    recommendations.for_user(connection, cache, "fan", ListRequest(exclude=("f3",), explain=True))

    assert cache.told["fan"] is before


def test_the_process_that_is_asked_to_forget_forgets_what_it_told(
    publisher: Engine, owner: Engine, committing: str
) -> None:
    live_shop.release(publisher)
    with Session(owner) as session, session.begin():
        key = keys.create(session, "product", ["read", "operate"])
    app = create_app(ServingSettings(database_url=SecretStr(as_role(committing, "api"))))
    fan = f"/v1/{schema_of(owner)}/users/fan"
    with TestClient(app, headers={"Authorization": f"Bearer {key}"}) as http:
        assert http.get(f"{fan}/recommendations?explain=true").is_success
        remembered = app.state.release_caches[schema_of(owner)].told
        assert [*remembered] == ["fan"]
        assert http.delete(fan).is_success

    assert [*remembered] == []


def test_everybodys_list_is_never_told_from_memory(connection: Connection) -> None:
    cache = ReleaseCache()
    told(connection, cache, "somebody else")  # which holds the release
    assert cache.told == {}
    [release_id] = connection.scalars(text("select release_id from live_release"))
    reason = Reason(kind="because_you_rated", text=RATED_F1, item_id="f1")
    cache.tell("nobody", CachedReasons(release_id, {"o4": reason, "o3": reason}))

    assert RATED_F1 not in told(connection, cache, "nobody", limit=2)


def test_no_more_people_are_remembered_than_there_is_room_for(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_cache, "MOST_TOLD", 1)
    cache = ReleaseCache()

    told(connection, cache, "fan")
    told(connection, cache, "lover")

    assert [*cache.told] == ["lover"]


def test_who_is_forgotten_is_told_nothing_of_what_he_was_told(
    connection: Connection, owner: Engine
) -> None:
    cache = ReleaseCache()
    told(connection, cache)
    with owner.begin() as forgetting:
        accounts.erase(forgetting, "fan", requested_by="test")

    assert {*told(connection, cache)} == {"liked by many"}
