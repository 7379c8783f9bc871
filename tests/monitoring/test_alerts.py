"""Which alerts are due for a target."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitoring import alerts
from monitoring.alerts import Change, Notice, Reported
from monitoring.levels import Level, Line

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DISK = Line("disk", "Disk", "warning", "Nearly full", "4 GB free.", "Free space.")


def due(level: Level | None, before: Reported | None) -> list[Notice]:
    """Return what is due if the disk has this level now (None: not known), and that before."""
    lines = [] if level is None else [replace(DISK, level=level)]
    reported = {} if before is None else {"disk": before}
    return [*alerts.due("shop", lines, reported, now=NOW, remind_after=24 * HOUR)]


def reported(level: Level, ago: timedelta = HOUR) -> Reported:
    return Reported(level, NOW - 48 * HOUR, NOW - ago)


@pytest.mark.parametrize(
    ("level", "before", "change"),
    [
        ("ok", None, None),
        ("warning", None, "new"),
        ("warning", reported("warning"), None),
        ("error", reported("warning"), "worse"),
        ("warning", reported("error"), None),
        ("warning", reported("warning", 24 * HOUR), "reminder"),
        ("warning", reported("error", 24 * HOUR), "reminder"),
        ("ok", reported("warning"), "resolved"),
        (None, reported("warning"), None),
    ],
)
def test_a_change_is_reported_once(
    level: Level | None, before: Reported | None, change: Change | None
) -> None:
    notices = due(level, before)

    assert [notice.change for notice in notices] == ([] if change is None else [change])
    for notice in notices:
        assert notice.since == (NOW if before is None else before.since)
        assert notice.line.level == level


@pytest.mark.parametrize("check", ["lake", "runs"])
def test_a_source_that_answers_again_is_resolved_although_its_line_is_gone(check: str) -> None:
    before = {check: reported("error")}

    [notice] = alerts.due("shop", [DISK], before | {"disk": reported("warning")},
                          now=NOW, remind_after=24 * HOUR)  # fmt: skip

    assert (notice.change, notice.line.check, notice.line.level) == ("resolved", check, "ok")


def test_the_platform_is_reported_for_one_data_set_only() -> None:
    other = replace(DISK, check="quarantine")
    notices = [
        Notice(dataset, "new", line, NOW) for dataset in ("a", "b") for line in (DISK, other)
    ]

    kept = alerts.once(notices, shared=["disk"])

    assert [(notice.dataset, notice.line.check) for notice in kept] == [
        ("a", "disk"), ("a", "quarantine"), ("b", "quarantine"),
    ]  # fmt: skip
