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
from serving.lists.precomputed import Stored, Wanted, stored_for
from serving.lists.release_cache import Holder, Told
from serving.schemas import Reason
from serving.storage import keys
from serving.storage.database import ServingSettings
from serving.users import accounts
from tests.conftest import schema_of
from tests.support.serving import live_shop
from tests.support.serving.live_shop import rate
from tests.support.serving.ruling import let_hold
from tests.support.serving.server import as_role

EXPLAINED = Wanted(explain=True)
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
    connection: Connection, holder: Holder, user_id: str = "fan", limit: int = 20
) -> list[str]:
    wanted = Wanted(limit=limit, explain=True)
    found = recommendations.for_person(connection, holder, user_id, wanted)
    return [item.reason.text for item in found.items if item.reason]


def test_the_second_time_nothing_is_computed(connection: Connection, scored: list[object]) -> None:
    holder = Holder()

    first = recommendations.for_person(connection, holder, "fan", EXPLAINED)
    assert len(scored) == 1
    second = recommendations.for_person(connection, holder, "fan", EXPLAINED)

    assert len(scored) == 1
    later = {"age_seconds": second.age_seconds}
    assert second == first.model_copy(update=later)
    assert [item.reason and item.reason.kind for item in second.items] == ["because_you_rated"] * 2
    assert recommendations.for_person(connection, holder, "fan", Wanted()).items[0].reason is None


def test_a_longer_list_than_was_told_is_told_anew(
    connection: Connection, scored: list[object]
) -> None:
    holder = Holder()

    one, two = told(connection, holder, limit=1), told(connection, holder, limit=2)

    assert two[:1] == one
    assert len(two) == len(scored) == 2


def test_people_are_told_their_own_reasons(connection: Connection) -> None:
    holder = Holder()
    for _ in range(2):
        assert told(connection, holder, "fan") != told(connection, holder, "lover")
        assert {*told(connection, holder, "nobody")} == {"liked by many"}


def test_another_release_tells_its_own_reasons(
    connection: Connection, publisher: Engine, scored: list[object]
) -> None:
    holder, alone = Holder(), Holder()
    told(connection, holder)
    live_shop.release(publisher, "two", instead_of=1, sign=-1, constants=live_shop.SCALE)

    assert told(connection, holder) == told(connection, alone) == ["liked by many"] * 2
    assert len(scored) == 3


def test_feedback_and_rules_are_not_answered_from_memory(
    connection: Connection, owner: Engine, api: Engine
) -> None:
    holder = Holder()
    before = told(connection, holder)
    rate(owner, "fan", "f3", 5.0)
    found = recommendations.for_person(connection, holder, "fan", EXPLAINED)
    assert found.kind == "live"
    assert {item.item_id for item in found.items}.isdisjoint({"f1", "f2", "f3", "o1"})

    told(connection, holder, "lover")
    let_hold(api, pin=[{"rank": 1, "item_id": "c1"}])
    assert told(connection, holder, "lover")[0] == "featured"
    let_hold(api)
    assert "featured" not in told(connection, holder, "lover")
    assert told(connection, holder) != before


def test_what_a_pin_said_is_not_remembered(connection: Connection, api: Engine) -> None:
    holder = Holder()
    let_hold(api, pin=[{"rank": 1, "item_id": "f3"}])
    assert told(connection, holder)[0] == "featured"
    let_hold(api)

    assert told(connection, holder) == told(connection, Holder())


def test_what_feedback_said_is_not_remembered(connection: Connection, owner: Engine) -> None:
    holder = Holder()
    rate(owner, "fan", "f1", 3.0)
    assert RATED_F2 in told(connection, holder)
    with owner.begin() as deleting:
        deleting.execute(text("delete from feedback"))

    assert told(connection, holder) == told(connection, Holder()) == [RATED_F1] * 2


@pytest.mark.parametrize("comes", ["a rating", "a rule"])
def test_what_comes_while_a_list_is_read_is_not_remembered(
    connection: Connection, owner: Engine, api: Engine, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    """The list was read as it was before, the reasons for it are made of what came."""

    def meanwhile(*given: Any) -> Stored:
        stored = stored_for(*given)
        if comes == "a rating":
            rate(owner, "fan", "f1", 3.0)
        else:
            let_hold(api, pin=[{"rank": 1, "item_id": "f3"}])
        return stored

    monkeypatch.setattr(recommendations, "stored_for", meanwhile)
    holder = Holder()

    assert told(connection, holder) != [RATED_F1] * 2
    assert holder.told == {}


def test_a_list_that_was_filtered_leaves_what_was_told_of_the_whole(
    connection: Connection,
) -> None:
    holder = Holder()
    told(connection, holder)
    before = holder.told["fan"]

    recommendations.for_person(connection, holder, "fan", Wanted(exclude=("f3",), explain=True))

    assert holder.told["fan"] is before


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
        remembered = app.state.holders[schema_of(owner)].told
        assert [*remembered] == ["fan"]
        assert http.delete(fan).is_success

    assert [*remembered] == []


def test_everybodys_list_is_never_told_from_memory(connection: Connection) -> None:
    holder = Holder()
    told(connection, holder, "somebody else")  # which holds the release
    assert holder.told == {}
    [release_id] = connection.scalars(text("select release_id from live_release"))
    reason = Reason(kind="because_you_rated", text=RATED_F1, item_id="f1")
    holder.tell("nobody", Told(release_id, {"o4": reason, "o3": reason}))

    assert RATED_F1 not in told(connection, holder, "nobody", limit=2)


def test_no_more_people_are_remembered_than_there_is_room_for(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_cache, "MOST_TOLD", 1)
    holder = Holder()

    told(connection, holder, "fan")
    told(connection, holder, "lover")

    assert [*holder.told] == ["lover"]


def test_who_is_forgotten_is_told_nothing_of_what_he_was_told(
    connection: Connection, owner: Engine
) -> None:
    holder = Holder()
    told(connection, holder)
    with owner.begin() as forgetting:
        accounts.forget(forgetting, "fan", requested_by="test")

    assert {*told(connection, holder)} == {"liked by many"}
