"""Whether every event of Postgres is accounted for in the lake."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.jobs.product import collect, write_collection
from warehouse.append import append
from warehouse.query import Lake
from warehouse.reconciliation import Reconciliation, reconcile
from warehouse.run_keys import RunKey
from warehouse.tables import SILVER_REFINEMENTS

EVENT = ("rate", "u", "a", 3.0, 100)


def refined(root: str, landing: str, target: str, *counts: int) -> None:
    names = ("n_accepted", "n_duplicates", "n_quarantined")
    row: dict[str, object] = dict(zip(names, counts, strict=True))
    row |= {"n_rows": sum(counts), "n_unknown_items": 0}
    row |= {"landing_id": landing, "target": target, "run_key": "dag/run/refine"}
    row |= {"refined_at": datetime(2026, 6, 1, tzinfo=UTC)}
    append(root, SILVER_REFINEMENTS, [row], run_key=RunKey("dag", landing, "refine"))


def test_a_lake_without_events_balances(tmp_path: Path) -> None:
    assert reconcile(Lake(str(tmp_path))) == Reconciliation()
    assert Reconciliation().balances


def test_it_balances_before_and_after_events_are_refined(tmp_path: Path) -> None:
    root = str(tmp_path)
    for landing, n in (("one", 5), ("two", 3)):
        collect(root, landing, *[EVENT] * n)
        write_collection(root, landing, n)
    refined(root, "file", "ratings", 100, 0, 0)

    assert reconcile(Lake(root)) == Reconciliation(8, 8, n_waiting=8)
    refined(root, "one", "feedback", 2, 1, 2)

    reconciliation = reconcile(Lake(root))
    assert reconciliation == Reconciliation(8, 8, 2, 1, 2, 3)
    assert reconciliation.balances
    assert reconciliation.fields() == {"balances": True, **asdict(reconciliation)}


@pytest.mark.parametrize(
    "wrong",
    [
        Reconciliation(1),
        Reconciliation(1, 2, 2),
        Reconciliation(2, 2, 1),
        Reconciliation(2, 2, 1, 1, 1),
    ],
)
def test_a_missing_or_extra_event_does_not_balance(wrong: Reconciliation) -> None:
    assert not wrong.balances
    assert wrong.fields()["balances"] is False


def test_an_event_without_a_collection_does_not_balance(tmp_path: Path) -> None:
    collect(str(tmp_path), "one", EVENT)

    assert not reconcile(Lake(str(tmp_path))).balances
