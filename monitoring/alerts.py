"""Which alerts are due: what is new, worse, resolved, or was reported long ago.

Each target (log, webhook, mail) has its own record of what was reported to it, so a target that was
down gets what it missed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitoring.levels import LEVELS, Level, Line
from monitoring.status import ONLY_WHILE_UNKNOWN

Change = Literal["new", "worse", "reminder", "resolved"]


@dataclass(frozen=True, slots=True)
class Reported:
    """What was last reported to a target about one check: never `ok`. Times are in UTC."""

    level: Level
    since: datetime
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert to send. `since` is when the check was first reported to the target."""

    dataset: str
    change: Change
    line: Line
    since: datetime


def due(
    dataset: str,
    lines: Iterable[Line],
    reported: Mapping[str, Reported],
    *,
    now: datetime,
    remind_after: timedelta,
) -> Iterator[Notice]:
    """Yield the alerts that a target has to get, given what was reported to it by check.

    A level that became better and is not `ok` yet is not reported. A check without a line is not
    known now, and stays as it was reported.
    """
    by_check = {line.check: line for line in lines}
    for line in by_check.values():
        before = reported.get(line.check)
        if line.is_ok:
            if before is not None:
                yield Notice(dataset, "resolved", line, before.since)
        elif before is None:
            yield Notice(dataset, "new", line, now)
        elif LEVELS.index(line.level) > LEVELS.index(before.level):
            yield Notice(dataset, "worse", line, before.since)
        elif now - before.reported_at >= remind_after:
            yield Notice(dataset, "reminder", line, before.since)
    for check, known in ONLY_WHILE_UNKNOWN.items():
        if check in reported and check not in by_check:
            yield Notice(dataset, "resolved", known, reported[check].since)


def once(notices: Iterable[Notice], shared: Iterable[str]) -> list[Notice]:
    """Return the notices, those about a check in `shared` only for the first data set.

    Shared checks are about the platform: their lines are the same for all data sets.
    """
    seen, kept, checks = set[tuple[str, Change]](), list[Notice](), frozenset(shared)
    for notice in notices:
        key = (notice.line.check, notice.change)
        if notice.line.check in checks:
            if key in seen:
                continue
            seen.add(key)
        kept.append(notice)
    return kept
