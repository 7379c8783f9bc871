"""Checks of what waits for a person: approvals, a champion that stays, erasures."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from monitoring.durations import HOUR, age, counted, length
from monitoring.facts import Erasures, Facts, Serving
from monitoring.levels import Check, Level, Line
from monitoring.limits import Limits

ROWS_WITHIN = timedelta(days=2)  # `maintain` runs daily; one missed run is allowed
LAST_PART = 0.25  # last share of the time for an answer: a waiting approval is then an error
_VERDICTS = {
    "first": "first release",
    "promote": "the challenger is promoted",
    "refresh": "the live recipe is refreshed",
    "hold": "nothing is published",
}
_APPROVAL = Check("approval", "Approval")
_CHAMPION = Check("champion_kept", "Gate")
_ERASURES = Check("erasures", "Erasures")


def lines(facts: Facts, limits: Limits, now: datetime) -> Iterator[Line]:
    """Yield a line for each kind of thing that may wait for a person."""
    if facts.orchestration is not None and facts.orchestration.approvals is not None:
        yield _approval(facts.orchestration.approvals, limits, now)
    if facts.serving is not None:
        yield _champion(facts.serving, limits)
    if facts.erasures is not None:
        yield _erasures(facts.erasures, limits, now)


def _approval(approvals: Sequence[datetime], limits: Limits, now: datetime) -> Line:
    if not approvals:
        return _APPROVAL.line("ok", "None waiting", "No retrain waits for an approval.")
    oldest, n_waiting = min(approvals), len(approvals)
    time_to_answer = limits.schedule.approval_timeout_hours * HOUR
    left = oldest + time_to_answer - now
    level: Level = "error" if left < LAST_PART * time_to_answer else "warning"
    detail = (
        f"{counted(n_waiting, 'retrain')} waiting, the oldest for {age(oldest, now)}. Without an "
        f"answer within {length(max(left, timedelta(0)))} nothing is published."
    )
    step = "Approve or reject on the page Retrains."
    return _APPROVAL.line(level, "Waiting", detail, step, "retrains")


def _champion(serving: Serving, limits: Limits) -> Line:
    n_limit = limits.promises.holds_in_a_row
    n_held = 0
    for verdict in serving.verdicts:
        if verdict != "hold":
            break
        n_held += 1
    if n_held < n_limit:
        detail = "No retrain was decided yet."
        if serving.verdicts:
            detail = f"The last verdict: {_VERDICTS.get(serving.verdicts[0], serving.verdicts[0])}."
        return _CHAMPION.line("ok", "Working", detail)
    ended = f"The last {counted(n_held, 'retrain')} ended with the verdict hold (limit: {n_limit})"
    detail = f"{ended}: nothing was published."
    step = "Read the reasons on the page Models; a search with a larger budget may find a recipe."
    word = "Held once" if n_held == 1 else f"Held {n_held} times"
    return _CHAMPION.line("warning", word, detail, step, "models")


def _erasures(erasures: Erasures, limits: Limits, now: datetime) -> Line:
    with_rows = _is_late(erasures.oldest_with_rows_at, ROWS_WITHIN, now)
    deadline = max(timedelta(days=limits.erase_within_days), ROWS_WITHIN)
    with_files = _is_late(erasures.oldest_with_files_at, deadline, now)
    detail = (
        f"{counted(erasures.n_with_rows, 'erased user')} with rows in the lake, "
        f"{erasures.n_with_files:,} with old files."
    )
    if not with_rows and not with_files:
        word = "In time" if erasures.n_with_rows + erasures.n_with_files else "None due"
        return _ERASURES.line("ok", word, detail)
    oldest = erasures.oldest_with_rows_at if with_rows else erasures.oldest_with_files_at
    limit = ROWS_WITHIN if with_rows else deadline
    if oldest is not None:
        detail += f" The oldest request is {age(oldest, now)} old (limit: {length(limit)})."
    step = "Run maintain on the page Maintenance; if its task erase fails, read its last line."
    return _ERASURES.line("error", "Overdue", detail, step, "maintenance")


def _is_late(since: datetime | None, limit: timedelta, now: datetime) -> bool:
    return since is not None and now - since > limit
