"""Checks of the live release: its age, and whether retrains may publish."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitoring.durations import age, counted, length
from monitoring.facts import ACTIVE, DagKind, LiveRelease, Orchestration, Serving
from monitoring.levels import Check, Level, Line
from monitoring.limits import Limits
from warehouse.maintenance.growth import Growth

VERY_STALE = 2  # times the limit from which a stale release is an error
_NEXT_STEP = (
    "Start a retrain on the page Retrains, or read there why the last one was not published."
)
_UNDER_WAY: dict[DagKind, str] = {
    "retrain": "A retrain is running.",
    "ingest": "An ingest is running. The first retrain starts when it has ended.",
}
_AGE = Check("release_age", "Live release")
_PUBLISHING = Check("publishing", "Publishing")


def lines(
    serving: Serving | None,
    runs: Orchestration | None,
    growth: Growth | None,
    limits: Limits,
    *,
    now: datetime,
) -> Iterator[Line]:
    """Yield the lines of the live release."""
    if serving is None:
        detail = "The API does not answer, so the release is not known."
        step = "Run `lantern status`, and start what is down with `lantern up`."
        yield _AGE.line("error", "Not known", detail, step)
        return
    if serving.release is None:
        yield _none_yet(runs)
        return
    yield _age(serving.release, growth, limits, now)
    yield _publishing(serving.release)


def _none_yet(runs: Orchestration | None) -> Line:
    detail = "No release is live: users get no lists."
    for kind, what in _UNDER_WAY.items():
        dag = runs.dags.get(kind) if runs else None
        if dag is not None and dag.state in ACTIVE:
            return _AGE.line("ok", "Under way", f"{detail} {what}")
    return _AGE.line("warning", "None yet", detail, _NEXT_STEP, "retrains")


def _age(live: LiveRelease, growth: Growth | None, limits: Limits, now: datetime) -> Line:
    text = f"Release {live.release_id}, live for {age(live.live_since, now)}"
    limit = limits.promises.release_hours
    promised = "" if limit is None else f" (limit: {length(timedelta(hours=limit))})"
    detail = f"{text}{promised}. {_growth(growth)}"
    has_news = growth is None or growth.n_events > 0
    level = _level(now - live.live_since, limit) if has_news else "ok"
    if level == "ok":
        return _AGE.line("ok", "Fresh" if has_news else "Up to date", detail)
    return _AGE.line(level, "Stale", detail, _NEXT_STEP, "retrains")


def _level(since: timedelta, limit_hours: float | None) -> Level:
    if limit_hours is None or since <= timedelta(hours=limit_hours):
        return "ok"
    return "error" if since > VERY_STALE * timedelta(hours=limit_hours) else "warning"


def _growth(growth: Growth | None) -> str:
    if growth is None:
        return "What arrived since is not known."
    counts = {"event": growth.n_events, "user": growth.n_users, "item": growth.n_items}
    new = [counted(n, f"new {noun}") for noun, n in counts.items() if n is not None]
    return f"Since its fit: {', '.join(new)}."


def _publishing(live: LiveRelease) -> Line:
    if not live.is_paused:
        return _PUBLISHING.line("ok", "Open", "A retrain that passes the gate is published.")
    detail = f"Publishing is paused: release {live.release_id} stays live whatever retrains find."
    step = "Resume publishing on the page Releases when the reason is gone."
    return _PUBLISHING.line("warning", "Paused", detail, step, "releases")
