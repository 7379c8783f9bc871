import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs import announce
from tests.support.jobs.product import collect, product
from warehouse import landings
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_FREEZES, SILVER_REFINEMENTS

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PATIENT = product(schedule={"retrain_after_events": 10})


def refined(root: Path, run: str, n_accepted: int, target: str = "ratings") -> None:
    row: dict[str, Any] = {
        "landing_id": run,
        "target": target,
        "n_rows": n_accepted,
        "n_accepted": n_accepted,
        "n_duplicates": 0,
        "n_quarantined": 0,
        "n_unknown_items": 0,
        "run_key": run,
        "refined_at": NOW,
    }
    append(str(root), SILVER_REFINEMENTS, [row], run_key=RunKey("dag", run, "refine"))


def frozen(root: Path, run: str) -> None:
    version = Lake(str(root)).version(SILVER_REFINEMENTS)
    row: dict[str, Any] = {
        "retrain_id": run,
        "versions": [(SILVER_REFINEMENTS.full_name, version)],
        "n_interactions": 1,
        "quarantine_share": 0.0,
        "frozen_at": NOW,
        "run_key": run,
    }
    append(str(root), GOLD_FREEZES, [row], run_key=RunKey("dag", run, "freeze"))


def test_no_retrain_is_due_below_the_manifests_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert announce.run(Lake(str(tmp_path)), PATIENT, now=LATER) == 99

    refined(tmp_path, "1", 9)
    refined(tmp_path, "2", 500, target="items")

    assert announce.run(Lake(str(tmp_path)), PATIENT, now=LATER) == 99
    assert "retrain_not_due dataset=product new_events=9 needed=10" in caplog.text


def test_only_events_after_the_newest_freeze_count(tmp_path: Path) -> None:
    refined(tmp_path, "1", 10)
    assert announce.run(Lake(str(tmp_path)), PATIENT, now=LATER) == 0

    frozen(tmp_path, "retrain/1/freeze")
    refined(tmp_path, "2", 6)
    assert announce.n_new_events(Lake(str(tmp_path))) == 6
    assert announce.run(Lake(str(tmp_path)), PATIENT, now=LATER) == 99

    refined(tmp_path, "3", 4)
    assert announce.run(Lake(str(tmp_path)), PATIENT, now=LATER) == 0


def test_no_retrain_is_due_soon_after_the_last_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lake, slow = Lake(str(tmp_path)), product(schedule={"retrain_after_hours": 6})
    refined(tmp_path, "1", 10)
    assert announce.run(lake, slow, now=NOW) == 0  # the first one
    frozen(tmp_path, "retrain/1/freeze")
    refined(tmp_path, "2", 1_000_000)

    assert announce.run(lake, slow, now=NOW + timedelta(hours=5.9)) == 99
    assert "new_events=1000000 needed=1 not_before=2026-06-01T06:00:00+00:00" in caplog.text
    assert announce.run(lake, slow, now=NOW + timedelta(hours=6)) == 0
    at_once = product(schedule={"retrain_after_hours": 0})
    assert announce.run(lake, at_once, now=NOW) == 0


def test_feedback_counts_once_from_its_collection_on(tmp_path: Path) -> None:
    event = ("rate", "u", "a", 3.0, 100)
    refined(tmp_path, "1", 5)
    frozen(tmp_path, "retrain/1/freeze")

    collect(str(tmp_path), "2", *[event] * 7)
    assert announce.n_new_events(Lake(str(tmp_path))) == 7
    assert landings.pending(Lake(str(tmp_path)))
    collect(str(tmp_path), "3", *[event] * 3)
    assert announce.run(Lake(str(tmp_path)), PATIENT, now=LATER) == 0

    refined(tmp_path, "2", 6, target="feedback")  # one of them was refused
    assert announce.n_new_events(Lake(str(tmp_path))) == 9

    refined(tmp_path, "3", 3, target="feedback")
    frozen(tmp_path, "retrain/2/freeze")
    assert announce.n_new_events(Lake(str(tmp_path))) == 0


def test_feedback_counts_before_the_first_refinement(tmp_path: Path) -> None:
    collect(str(tmp_path), "1", *[("rate", "u", "a", 3.0, 100)] * 10)

    assert announce.run(Lake(str(tmp_path)), PATIENT, now=LATER) == 0
