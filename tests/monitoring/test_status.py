"""The status of a data set, case by case."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitoring import status
from monitoring.facts import (
    STOPPED,
    DagKind,
    DagState,
    Data,
    Disk,
    Erasures,
    Facts,
    LiveRelease,
    Orchestration,
    Quarantine,
    Serving,
)
from monitoring.levels import NOTHING_TO_DO, Level, Line, worst
from monitoring.limits import Limits
from warehouse.maintenance.growth import Growth
from warehouse.manifests.sections import Promises, Schedule

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GB = 10**9
LIMITS = Limits(schedule=Schedule(ingest="0 3 * * *"))


def succeeded(ago: timedelta) -> DagState:
    return DagState(state="success", started_at=NOW - ago, ended_at=NOW - ago + HOUR / 60)


DAGS: Mapping[DagKind, DagState] = {
    "ingest": succeeded(9 * HOUR),
    "collect": succeeded(HOUR / 20),
    "retrain": succeeded(8 * HOUR),
    "maintain": succeeded(7.5 * HOUR),
}
WELL = Facts(
    serving=Serving(LiveRelease(12, NOW - 8 * HOUR), ("promote", "hold", "hold")),
    data=Data(
        is_loaded=True,
        newest_file_at=NOW - 9 * HOUR,
        quarantine=(Quarantine("ratings", 1000, 3), Quarantine("items", 100, 0)),
        n_quarantined=3,
        growth=Growth(1200, 5, 1),
    ),
    orchestration=Orchestration(DAGS, approvals=()),
    erasures=Erasures(),
    services={"Postgres": True, "API": True},
    disk=Disk("/lake", 100 * GB, 500 * GB),
)


def lines(facts: Facts, limits: Limits = LIMITS) -> dict[str, Line]:
    return {line.check: line for line in status.lines(facts, limits, now=NOW)}


def line(check: str, facts: Facts, limits: Limits = LIMITS) -> Line:
    return lines(facts, limits)[check]


def released(ago: timedelta, *, growth: Growth | None, is_paused: bool = False) -> Facts:
    serving = Serving(LiveRelease(12, NOW - ago, is_paused), ("promote",))
    data = Data(is_loaded=True, newest_file_at=NOW, growth=growth)
    return replace(WELL, serving=serving, data=data)


def ran(kind: DagKind, state: DagState) -> Facts:
    return replace(WELL, orchestration=Orchestration({**DAGS, kind: state}))


def served(**changes: object) -> Facts:
    serving = Serving(LiveRelease(12, NOW - HOUR), **changes)  # type: ignore[arg-type]
    return replace(WELL, serving=serving)


def stored(**changes: object) -> Facts:
    fields = {"is_loaded": True, "newest_file_at": NOW - HOUR, **changes}
    return replace(WELL, data=Data(**fields))  # type: ignore[arg-type]


def test_all_is_well() -> None:
    shown = lines(WELL)

    assert {entry.level for entry in shown.values()} == {"ok"}
    assert worst(tuple(shown.values())) == "ok"
    assert [*shown] == [
        "release_age", "publishing", "approval", "champion_kept", "erasures", "source_files",
        "refinement", "quarantine", "reconciliation", "outbox", "dag_ingest", "dag_collect",
        "dag_retrain", "dag_maintain", "services", "disk",
    ]  # fmt: skip
    assert "1,200 new events, 5 new users, 1 new item" in shown["release_age"].detail


RUNNING = DagState(state="running", started_at=NOW)
NEW, NONE_NEW = Growth(1, 0, 0), Growth(0, 0, 0)
CASES: list[tuple[str, Facts, Level, str]] = [
    ("release_age", released(8 * HOUR, growth=NEW), "ok", "Fresh"),
    ("release_age", released(8 * DAY, growth=NEW), "warning", "Stale"),
    ("release_age", released(15 * DAY, growth=NEW), "error", "Stale"),
    ("release_age", released(15 * DAY, growth=NONE_NEW), "ok", "Up to date"),
    ("release_age", released(15 * DAY, growth=None), "error", "Stale"),
    ("release_age", replace(WELL, serving=Serving(None)), "warning", "None yet"),
    ("release_age", replace(ran("ingest", RUNNING), serving=Serving(None)), "ok", "Under way"),
    ("release_age", replace(ran("retrain", RUNNING), serving=Serving(None)), "ok", "Under way"),
    ("release_age", replace(WELL, serving=None), "error", "Not known"),
    ("publishing", released(HOUR, growth=NEW, is_paused=True), "warning", "Paused"),
    ("approval", WELL, "ok", "None waiting"),
    ("champion_kept", served(verdicts=("hold", "hold", "promote")), "ok", "Working"),
    ("champion_kept", served(verdicts=("hold",) * 4), "warning", "Held 4 times"),
    ("champion_kept", served(verdicts=()), "ok", "Working"),
    ("champion_kept", served(verdicts=("first", "hold", "hold", "hold")), "ok", "Working"),
    ("outbox", served(), "ok", "Empty"),
    ("outbox", served(n_waiting=3, oldest_waiting_at=NOW - HOUR / 6), "ok", "In time"),
    ("outbox", served(n_waiting=3, oldest_waiting_at=NOW - HOUR / 3), "warning", "Late"),
    ("outbox", served(n_waiting=3, oldest_waiting_at=NOW - 2 * HOUR), "error", "Late"),
    ("outbox", served(n_waiting=10**6, oldest_waiting_at=NOW), "warning", "Growing"),
    ("source_files", stored(newest_file_at=NOW - 30 * DAY), "ok", "Landed"),
    ("refinement", stored(oldest_pending_at=NOW - HOUR), "ok", "Pending"),
    ("refinement", stored(oldest_pending_at=NOW - 2 * DAY), "warning", "Late"),
    ("quarantine", stored(), "ok", "Empty"),
    ("quarantine", stored(quarantine=(Quarantine("x", 100, 2),)), "ok", "Within limit"),
    ("quarantine", stored(quarantine=(Quarantine("x", 100, 3),)), "warning", "Above limit"),
    ("quarantine", stored(quarantine=(Quarantine("x", 100, 6),)), "error", "Above limit"),
    ("reconciliation", stored(balances=False), "error", "Does not add up"),
    ("lake", replace(WELL, data=None), "error", "Not known"),
    ("runs", replace(WELL, orchestration=None), "error", "Not known"),
    ("dag_retrain", ran("retrain", DagState(state="failed", ended_at=NOW)), "error", "Failed"),
    ("dag_retrain", ran("retrain", DagState(state=STOPPED, ended_at=NOW)), "ok", "Stopped"),
    ("dag_retrain", ran("retrain", DagState(state="running", started_at=NOW)), "ok", "Running"),
    ("dag_retrain", ran("retrain", DagState()), "ok", "Not run yet"),
    ("dag_retrain", ran("retrain", DagState(is_paused=True)), "ok", "Not run yet"),
    ("dag_ingest", ran("ingest", succeeded(33 * HOUR)), "warning", "Late"),
    ("dag_collect", ran("collect", succeeded(HOUR / 2)), "ok", "Succeeded"),
    ("dag_collect", ran("collect", succeeded(HOUR)), "warning", "Late"),
    ("dag_maintain", ran("maintain", DagState(is_paused=True)), "warning", "Paused"),
    ("services", replace(WELL, services={"API": False, "App": True}), "error", "1 down"),
    ("disk", replace(WELL, disk=Disk("/lake", 24 * GB, 500 * GB)), "warning", "Nearly full"),
    ("disk", replace(WELL, disk=Disk("/lake", 4 * GB, 40 * GB)), "warning", "Nearly full"),
    ("disk", replace(WELL, disk=Disk("/lake", GB, 40 * GB)), "error", "Full"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "facts", "level", "word"), CASES)
def test_a_line_has_a_level_a_word_and_a_next_step(
    check: str, facts: Facts, level: Level, word: str
) -> None:
    shown = line(check, facts)

    assert (shown.level, shown.word) == (level, word)
    assert shown.detail
    if page := re.search(r"on the page (\w+)", shown.next_step):
        assert shown.link_to == page[1].lower()
    assert (shown.next_step == NOTHING_TO_DO) == (level == "ok")


@pytest.mark.parametrize(
    ("with_rows", "with_files", "level", "word"),
    [
        (None, None, "ok", "None due"),
        (1 * DAY, None, "ok", "In time"),
        (3 * DAY, None, "error", "Overdue"),
        (None, 29 * DAY, "ok", "In time"),
        (None, 31 * DAY, "error", "Overdue"),
    ],
)
def test_an_erasure_that_is_late_needs_a_person(
    with_rows: timedelta | None, with_files: timedelta | None, level: Level, word: str
) -> None:
    erasures = Erasures(
        n_with_rows=int(with_rows is not None),
        oldest_with_rows_at=None if with_rows is None else NOW - with_rows,
        n_with_files=int(with_files is not None),
        oldest_with_files_at=None if with_files is None else NOW - with_files,
    )

    shown = line("erasures", replace(WELL, erasures=erasures))

    assert (shown.level, shown.word) == (level, word)


@pytest.mark.parametrize(("ago", "level"), [(HOUR, "warning"), (19 * HOUR, "error")])
def test_an_approval_that_ends_soon_is_an_error(ago: timedelta, level: Level) -> None:
    waiting = Orchestration(DAGS, (NOW - ago, NOW))

    shown = line("approval", replace(WELL, orchestration=waiting))

    assert (shown.level, shown.word) == (level, "Waiting")
    assert "2 retrains waiting" in shown.detail
    assert (shown.next_step, shown.link_to) == (
        "Approve or reject on the page Retrains.",
        "retrains",
    )


def test_the_limits_are_those_of_the_manifest() -> None:
    strict = replace(LIMITS, promises=Promises(release_hours=2, files_hours=1, holds_in_a_row=1))

    assert line("release_age", released(3 * HOUR, growth=NEW), strict).word == "Stale"
    assert line("source_files", stored(newest_file_at=NOW - 2 * HOUR), strict).word == "Late"
    assert line("source_files", stored(newest_file_at=NOW - HOUR / 2), strict).word == "Fresh"
    assert line("champion_kept", served(verdicts=("hold",)), strict).word == "Held once"
    unlimited = replace(LIMITS, promises=Promises(release_hours=None))
    assert line("release_age", released(99 * DAY, growth=NEW), unlimited).word == "Fresh"


def test_a_data_set_that_was_never_loaded_needs_nothing() -> None:
    unused = replace(WELL, serving=Serving(None), data=Data())

    shown = lines(unused)

    assert [*shown] == ["release_age", "services", "disk"]
    assert (shown["release_age"].level, shown["release_age"].word) == ("ok", "Not in use")


def test_a_data_set_that_only_the_api_feeds_is_in_use() -> None:
    failed = Orchestration({"collect": DagState(state="failed", ended_at=NOW)})
    fed = replace(WELL, serving=Serving(None), data=Data(is_loaded=True), orchestration=failed)

    assert line("dag_collect", fed).level == "error"


def test_without_airflows_database_nothing_is_said_about_approvals() -> None:
    assert "approval" not in lines(replace(WELL, orchestration=Orchestration()))
    assert line("approval", replace(WELL, orchestration=Orchestration(approvals=()))).is_ok


def test_what_is_not_known_leaves_the_other_lines() -> None:
    shown = lines(Facts(services={"API": False}))

    assert {entry.check for entry in shown.values() if not entry.is_ok} == {
        "release_age", "lake", "runs", "services",
    }  # fmt: skip
    assert worst(tuple(shown.values())) == "error"
