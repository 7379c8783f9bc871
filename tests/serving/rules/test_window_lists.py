from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving.publishing import evidence
from serving.rules import window_lists
from serving.schemas import Verdict
from serving.storage import database
from serving.users import accounts
from tests.conftest import schema_of
from tests.support.serving.server import as_role

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Rows = list[dict[str, Any]]


def decided(retrain_id: str, verdict: str = "promote", *, hours: int = 0) -> Verdict:
    row: dict[str, Any] = {"retrain_id": retrain_id, "verdict": verdict, "reason": "A test."}
    row |= {"recipe": None if verdict == "hold" else f"recipe of {retrain_id}"}
    return Verdict.model_validate(
        row | {"criteria": (), "comparisons": (), "decided_at": NOW + timedelta(hours=hours)}
    )


def lists(*user_ids: str) -> Rows:
    row = {"item_ids": ["a", "b"], "scores": [0.5, 0.25], "relevant": ["b"]}
    return [{"user_id": user_id} | row for user_id in user_ids]


def put(engine: Engine, verdict: Verdict, rows: Rows) -> None:
    with Session(engine) as session, session.begin():
        evidence.record(session, verdict)
        window_lists.replace(session, verdict, rows)


def stored_lists(engine: Engine) -> list[tuple[str, str, str]]:
    query = "select retrain_id, user_id, xmin from window_lists order by user_id"
    with engine.connect() as connection:
        return [(row[0], row[1], str(row[2])) for row in connection.execute(text(query))]


def stored_users(engine: Engine) -> list[tuple[str, str]]:
    return [row[:2] for row in stored_lists(engine)]


def test_a_retrain_replaces_the_lists_of_the_last_one(publisher: Engine) -> None:
    put(publisher, decided("one"), lists("u", "v"))
    put(publisher, decided("two", hours=1), lists("v", "w"))

    assert stored_users(publisher) == [("two", "v"), ("two", "w")]


def test_the_same_lists_again_change_nothing(publisher: Engine) -> None:
    put(publisher, decided("one"), lists("u", "v"))
    before = stored_lists(publisher)

    put(publisher, decided("one"), lists("u", "v"))

    assert stored_lists(publisher) == before


@pytest.mark.parametrize("rows", [lists("w"), []], ids=["its own", "none"])
def test_a_hold_keeps_the_lists(publisher: Engine, rows: Rows) -> None:
    put(publisher, decided("one"), lists("u"))

    put(publisher, decided("two", "hold", hours=1), rows)

    assert stored_users(publisher) == [("one", "u")]


def test_an_older_retrain_that_runs_again_changes_nothing(publisher: Engine) -> None:
    put(publisher, decided("one"), lists("u"))
    put(publisher, decided("two", hours=1), lists("v"))
    put(publisher, decided("three", "hold", hours=2), [])

    put(publisher, decided("one"), lists("u"))

    assert stored_users(publisher) == [("two", "v")]


def test_after_a_hold_an_earlier_decided_retrain_stores_its_lists(publisher: Engine) -> None:
    put(publisher, decided("one", "hold", hours=1), [])

    put(publisher, decided("two"), lists("u"))

    assert stored_users(publisher) == [("two", "u")]


def test_a_retrain_without_lists_deletes_those_of_the_last_one(publisher: Engine) -> None:
    put(publisher, decided("one"), lists("u"))

    put(publisher, decided("two", hours=1), [])

    assert stored_users(publisher) == []


def test_an_erased_user_has_no_list_now_or_later(
    publisher: Engine, owner: Engine, committing: str
) -> None:
    put(publisher, decided("one"), lists("u", "v"))
    api = database.connect(as_role(committing, "api"), schema_of(owner))
    with api.begin() as connection:
        accounts.erase(connection, "u", requested_by="test")
    api.dispose()
    assert stored_users(publisher) == [("one", "v")]

    put(publisher, decided("two", hours=1), lists("u", "v"))

    assert stored_users(publisher) == [("two", "v")]
