"""Decisions on rows in quarantine, written to the lake as `settle` does."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.support.jobs.product import NOW
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_QUARANTINE_DECISIONS


def decide(
    root: str,
    decision: str,
    *,
    target: str = "ratings",
    checks: Sequence[str] = ("rating_off_scale",),
    landing_id: str | None = None,
    landed_until: datetime = NOW + timedelta(hours=1),
) -> None:
    """Write one decision per check, newer than all before."""
    n_before = len(Lake(root).rows(BRONZE_QUARANTINE_DECISIONS))
    rows = [
        {
            "decision_id": str(number),
            "target": target,
            "check_name": check,
            "landing_id": landing_id,
            "landed_until": landed_until,
            "decision": decision,
            "decided_at": NOW + timedelta(hours=2, seconds=number),
            "run_key": "k",
        }
        for number, check in enumerate(checks, start=n_before)
    ]
    key = RunKey("dag", str(n_before), "settle")
    append(root, BRONZE_QUARANTINE_DECISIONS, rows, run_key=key)
