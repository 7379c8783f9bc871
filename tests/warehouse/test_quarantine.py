"""Which decision on rows in quarantine counts, and what is read of the quarantine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from warehouse import quarantine
from warehouse.append import append
from warehouse.landings import Landing
from warehouse.quarantine import Decided, Decision, Group, State
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_QUARANTINE_DECISIONS, SILVER_QUARANTINE

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ONE = Landing("one", "ratings", 10, landed_at=NOON)
KEY = RunKey("dag", "run", "refine")


def on(
    decision: Decided, hour: int, landing_id: str | None = None, *, until: int = 12, **other: str
) -> Decision:
    """Return a decision of this hour, on all that landed up to the hour `until`."""
    fields: dict[str, Any] = {"target": "ratings", "check": "rating_off_scale"} | other
    landed_until = NOON.replace(hour=until)
    decided_at = NOON.replace(hour=hour)
    return Decision(
        landing_id=landing_id,
        landed_until=landed_until,
        decision=decision,
        decided_at=decided_at,
        **fields,
    )


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ([], None),
        ([on("release", 13, "one")], "release"),
        ([on("release", 13, "another")], None),
        ([on("release", 13)], "release"),
        ([on("release", 13, until=11)], None),  # it landed later
        ([on("release", 13, target="events")], None),
        ([on("release", 13, "one"), on("reject", 14)], "reject"),
        ([on("reject", 14), on("release", 13, "one")], "reject"),  # in any order
        ([on("reject", 13), on("release", 14, "one")], "release"),
    ],
)
def test_the_newest_decision_on_a_landing_counts(
    decisions: list[Decision], expected: Decided | None
) -> None:
    assert quarantine.decided(decisions, ONE).get("rating_off_scale") == expected


@pytest.mark.parametrize(
    ("failed", "decided", "expected"),
    [
        (["a"], {}, "open"),
        (["a"], {"a": "release"}, "released"),
        (["a"], {"a": "reject"}, "rejected"),
        (["a", "b"], {"a": "release"}, "open"),
        (["a", "b"], {"a": "release", "b": "release"}, "released"),
        (["a", "b"], {"a": "release", "b": "reject"}, "rejected"),
        (["user_erased"], {}, "rejected"),
        (["a", "landing_refused"], {}, "rejected"),
    ],
)
def test_a_row_is_released_with_all_its_checks_and_rejected_with_one(
    failed: list[str], decided: dict[str, Decided], expected: State
) -> None:
    assert quarantine.state(failed, decided) == expected


def rejected(landing: str, line: int, *checks: str) -> dict[str, Any]:
    row: dict[str, Any] = {"target": "ratings", "sent": "{}", "failed_checks": list(checks)}
    row |= {"landing_id": landing, "source_file": "f.csv", "source_line": line}
    return row | {"first_seen_at": NOON, "run_key": "k"}


def test_rows_are_grouped_by_landing_and_checks(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    assert quarantine.groups(lake) == []
    rows = [rejected("one", 1, "a"), rejected("one", 2, "a"), rejected("one", 3, "b", "a")]
    append(lake.root, SILVER_QUARANTINE, [*rows, rejected("two", 1, "a")], run_key=KEY)

    assert quarantine.groups(lake) == [
        Group("ratings", "one", ("a",), 2),
        Group("ratings", "one", ("a", "b"), 1),
        Group("ratings", "two", ("a",), 1),
    ]


def test_samples_are_rows_of_the_landings_that_fail_exactly_this_check(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    assert quarantine.samples(lake, "ratings", "a", landing_ids=["one"], limit=9) == []
    rows = [rejected("one", line, "ab", "a" if line % 2 else "b") for line in range(1, 8)]
    append(lake.root, SILVER_QUARANTINE, rows, run_key=KEY)

    found = quarantine.samples(lake, "ratings", "a", landing_ids=["one", "two"], limit=3)

    assert [(each.source_file, each.source_line) for each in found] == [
        ("f.csv", 1), ("f.csv", 3), ("f.csv", 5),
    ]  # fmt: skip
    for target, check, landing in (
        ("ratings", "') or true --", "one"),
        ("events", "a", "one"),
        ("ratings", "a", "two"),
    ):
        assert quarantine.samples(lake, target, check, landing_ids=[landing], limit=3) == []


def test_decisions_are_read_from_the_lake(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    assert quarantine.recorded(lake) == []
    row: dict[str, Any] = {
        "decision_id": "1",
        "target": "ratings",
        "check_name": "a",
        "landing_id": None,
    }
    row |= {"landed_until": NOON, "decision": "reject", "run_key": "k"}
    decided_at = NOON + timedelta(hours=1)
    append(lake.root, BRONZE_QUARANTINE_DECISIONS, [row | {"decided_at": decided_at}], run_key=KEY)

    assert quarantine.recorded(lake) == [Decision("ratings", "a", None, NOON, "reject", decided_at)]
