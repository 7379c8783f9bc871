"""Checks of the data: files, refinement, collection, quarantine and reconciliation."""

from collections.abc import Iterator
from datetime import datetime

from monitoring.durations import HOUR, MINUTE, age, counted, length
from monitoring.facts import Data, Quarantine, Serving
from monitoring.levels import Check, Level, Line
from monitoring.limits import Limits

VERY_LATE = 4  # times the limit from which a late collection is an error
_FILES = Check("source_files", "Source files")
_REFINED = Check("refinement", "Refinement")
_QUARANTINE = Check("quarantine", "Quarantine")
_RECONCILIATION = Check("reconciliation", "Feedback loop")
_OUTBOX = Check("outbox", "Outbox")


def lines(data: Data | None, limits: Limits, now: datetime) -> Iterator[Line]:
    """Yield the lines of the lake."""
    if data is None:
        detail = "The lake cannot be read, so its state is not known."
        step = "Check LAKE_ROOT and the permissions of its folder."
        yield Line("lake", "Data lake", "error", "Not known", detail, step)
        return
    yield _files(data, limits, now)
    yield _refined(data, limits, now)
    yield _quarantine(data, limits)
    yield _reconciliation(data)


def outbox(serving: Serving | None, limits: Limits, now: datetime) -> Iterator[Line]:
    """Yield the line of the events that wait to be collected."""
    if serving is None:
        return
    oldest, n_waiting = serving.oldest_waiting_at, serving.n_waiting
    if oldest is None:
        yield _OUTBOX.line("ok", "Empty", "Every event of the product is in the lake.")
        return
    limit = limits.promises.collect_minutes * MINUTE
    detail = (
        f"{counted(n_waiting, 'event')} waiting, the oldest for {age(oldest, now)} "
        f"(limit: {length(limit)})."
    )
    step = "Look at the DAG collect in Airflow: unpause it, or clear its failed task."
    if now - oldest > limit:
        level: Level = "error" if now - oldest > VERY_LATE * limit else "warning"
        yield _OUTBOX.line(level, "Late", detail, step, "collect")
    elif n_waiting > limits.promises.outbox_events:
        detail += f" More than {limits.promises.outbox_events:,} are waiting."
        yield _OUTBOX.line("warning", "Growing", detail, step, "collect")
    else:
        yield _OUTBOX.line("ok", "In time", detail)


def _files(data: Data, limits: Limits, now: datetime) -> Line:
    newest, limit_hours = data.newest_file_at, limits.promises.files_hours
    if newest is None:
        return _FILES.line("ok", "None", "The data set has no files.")
    detail = f"The newest file was landed {age(newest, now)} ago"
    if limit_hours is None:
        return _FILES.line("ok", "Landed", f"{detail}. No limit is set.")
    limit = limit_hours * HOUR
    detail += f" (limit: {length(limit)})."
    if now - newest <= limit:
        return _FILES.line("ok", "Fresh", detail)
    step = "Ask the source for its files, put them into the inbox, and start an ingest on the page "
    return _FILES.line("warning", "Late", detail, f"{step}Data.", "data")


def _refined(data: Data, limits: Limits, now: datetime) -> Line:
    oldest, limit = data.oldest_pending_at, limits.promises.refine_hours * HOUR
    if oldest is None:
        return _REFINED.line("ok", "Complete", "Every landed row is refined.")
    detail = f"Rows have been pending for {age(oldest, now)} (limit: {length(limit)})."
    if now - oldest <= limit:
        return _REFINED.line("ok", "Pending", f"{detail} The next retrain refines them.")
    step = "Start an ingest on the page Data, or a retrain on the page Retrains. Both refine "
    return _REFINED.line("warning", "Late", detail, f"{step}pending rows.", "data")


def _quarantine(data: Data, limits: Limits) -> Line:
    limit, worst = limits.promises.quarantine_share, _worst(data.quarantine)
    total = f"{counted(data.n_quarantined, 'row')} in quarantine"
    if worst is None:
        return _QUARANTINE.line("ok", "Empty", "No row failed a check.")
    detail = f"{total}; of {worst.target} {worst.share:.1%} (limit: {limit:.1%})."
    if worst.share <= limit:
        return _QUARANTINE.line("ok", "Within limit", detail)
    level: Level = "error" if worst.share > limits.max_quarantine_share else "warning"
    step = "See which checks fail on the page Data; correct the source or the manifest, or reject "
    step += "the rows."
    return _QUARANTINE.line(level, "Above limit", detail, step, "data")


def _worst(targets: tuple[Quarantine, ...]) -> Quarantine | None:
    failing = [target for target in targets if target.n_quarantined]
    return max(failing, key=lambda target: target.share, default=None)


def _reconciliation(data: Data) -> Line:
    if data.balances:
        detail = "Events of the product, of bronze and of silver add up."
        return _RECONCILIATION.line("ok", "Balanced", detail)
    detail = "Events are missing or were stored twice: Postgres, bronze and silver do not add up."
    step = (
        "Read the line `reconciled` in the last log of the task `collect`. Pause the DAG maintain, "
        "so that `prune` deletes no events."
    )
    return _RECONCILIATION.line("error", "Does not add up", detail, step, "collect")
