from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.backtesting import cuts
from jobs.backtesting.cuts import Bounds
from jobs.runtime.errors import NothingSentError, WithoutTimesError
from tests.support.jobs import filled
from tests.support.jobs.product import product
from warehouse.append import append
from warehouse.maintenance import inventory
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import SILVER_EVENTS
from warehouse.tables.vocabulary import BacktestPeriod

EVENTS = Bounds(datetime(2010, 5, 6, tzinfo=UTC), datetime(2018, 9, 24, 14, tzinfo=UTC))


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cut", "period", "n", "shifted"),
    [
        ("2024-03-01", "month", -1, "2024-02-01"),
        ("2024-01-01", "month", -1, "2023-12-01"),
        ("2023-12-01", "month", 1, "2024-01-01"),
        ("2024-03-31", "month", -1, "2024-02-29"),
        ("2024-01-31", "month", -36, "2021-01-31"),
        ("2024-03-04", "week", -1, "2024-02-26"),
    ],
)
def test_periods_before_and_after(cut: str, period: BacktestPeriod, n: int, shifted: str) -> None:
    assert cuts.shifted(day(cut), period, n) == day(shifted)


@given(st.integers(0, 50_000), st.integers(-60, 60))
def test_months_add_up(days: int, n: int) -> None:
    at = cuts.start(day("1980-01-01") + timedelta(days=days), "month")
    assert cuts.shifted(cuts.shifted(at, "month", n), "month", -n) == at
    assert cuts.shifted(at, "month", n) == cuts.start(cuts.shifted(at, "month", n), "month")


def test_the_newest_cut_has_a_whole_period_of_events() -> None:
    assert cuts.newest(EVENTS, "month") == day("2018-08-01")
    assert cuts.newest(EVENTS, "week") == day("2018-09-17")
    assert cuts.newest(EVENTS, "week").strftime("%A") == "Monday"


def test_only_cuts_with_events_on_both_sides_are_evaluated() -> None:
    assert cuts.problem(day("2018-08-01"), "month", EVENTS) is None
    after = cuts.problem(day("2018-10-01"), "month", EVENTS)
    assert after == "no event is after 2018-10-01; the newest is from 2018-09-24"
    before = cuts.problem(EVENTS.oldest, "month", EVENTS)
    assert before == "no event is before 2010-05-06; the oldest is from 2010-05-06"


def test_only_the_newest_periods_are_evaluated() -> None:
    assert cuts.problem(day("2013-09-01"), "month", EVENTS) is None
    too_old = cuts.problem(day("2013-09-01") - timedelta(days=1), "month", EVENTS)
    assert too_old is not None
    assert "only the newest 60 months of the data, from 2013-09-01 on" in too_old


@pytest.mark.parametrize("is_logged", [True, False])
def test_the_bounds_are_read_from_the_log_and_otherwise_from_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_logged: bool
) -> None:
    root, times = str(tmp_path), (EVENTS.newest, EVENTS.oldest)
    for number, at in enumerate(times):
        row = filled.row(SILVER_EVENTS, "u", number) | {"occurred_at": at}
        append(root, SILVER_EVENTS, [row], run_key=RunKey("dag", str(number), "refine"))
    if is_logged:
        monkeypatch.delattr(Lake, "batches")
    else:
        monkeypatch.setattr(inventory, "time_range", lambda *_: None)

    assert cuts.bounds(root) == EVENTS


def test_without_times_or_events_there_is_no_cut(tmp_path: Path) -> None:
    without = product(
        ratings={"file": "ratings*.csv", "user": "user", "item": "item", "time": False}
    )
    with pytest.raises(WithoutTimesError, match="product: without times"):
        cuts.require_bounds(str(tmp_path), without)
    with pytest.raises(NothingSentError, match="run its ingest first"):
        cuts.require_bounds(str(tmp_path), product())
