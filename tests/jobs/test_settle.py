"""Decisions on rows in quarantine travel from Postgres to the lake, each once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from jobs import settle
from serving.acts import quarantine
from serving.schemas import NewDecision
from tests.support.jobs.product import product
from warehouse import quarantine as in_lake
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_QUARANTINE_DECISIONS

WHEN = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def decide(owner: Engine, decision: str, landing_id: str | None = None) -> None:
    @contextmanager
    def transaction() -> Iterator[Any]:
        with owner.begin() as connection:
            yield SimpleNamespace(connection=connection, name="ada")

    body = {"target": "ratings", "check": "rating_off_scale", "landed_until": WHEN, "reason": "x"}
    new = NewDecision.model_validate(body | {"decision": decision, "landing_id": landing_id})
    quarantine.decide(transaction, new)


def run(root: str, engine: Engine, number: int) -> int:
    key = RunKey("product__ingest", str(number), "settle")
    return settle.run(root, product(), engine, run_key=key)


def test_each_decision_is_copied_once(root: str, owner: Engine, publisher: Engine) -> None:
    assert run(root, publisher, 1) == 0
    assert not Lake(root).exists(BRONZE_QUARANTINE_DECISIONS)
    decide(owner, "release", "one")
    decide(owner, "reject")

    assert run(root, publisher, 2) == 2
    version = Lake(root).version(BRONZE_QUARANTINE_DECISIONS)
    assert run(root, publisher, 3) == 0
    assert Lake(root).version(BRONZE_QUARANTINE_DECISIONS) == version

    decide(owner, "release", "two")
    assert run(root, publisher, 4) == 1
    found = {(each.decision, each.landing_id) for each in in_lake.recorded(Lake(root))}
    assert found == {("release", "one"), ("reject", None), ("release", "two")}
    assert {each.landed_until for each in in_lake.recorded(Lake(root))} == {WHEN}
