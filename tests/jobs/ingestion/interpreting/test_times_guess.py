from collections.abc import Iterable
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from jobs.ingestion.interpreting import times_guess
from jobs.ingestion.interpreting.times_guess import TimeFormat

MONTH_FIRST, DAY_FIRST = "%m/%d/%Y", "%d/%m/%Y"


def likely(texts: Iterable[str]) -> TimeFormat | None:
    return times_guess.likely(pa.array(list(texts), pa.string()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20260301", "%Y%m%d"),
        ("202603012359", "%Y%m%d%H%M"),
        ("20260301235959", "%Y%m%d%H%M%S"),
        ("1700000000", "seconds"),
        ("1700000000000", "milliseconds"),
        ("2026-03-01", "iso"),
        ("01.03.2026 12:00", "%d.%m.%Y %H:%M"),
    ],
)
def test_the_texts_show_their_format(text: str, expected: str) -> None:
    assert likely([text]) == TimeFormat(expected)


@pytest.mark.parametrize("text", ["20261301", "20260230", "18990301", "12345678", "7", "soon"])
def test_numbers_that_are_no_dates_have_no_format(text: str) -> None:
    assert likely([text]) is None


def test_no_text_has_no_format() -> None:
    assert likely([]) is None


@pytest.mark.parametrize(("at", "expected"), [(0, DAY_FIRST), (700, DAY_FIRST)])
def test_one_day_above_12_tells_the_order_wherever_it_is(at: int, expected: str) -> None:
    texts = [f"{n % 12 + 1:02d}/{n % 11 + 1:02d}/{1990 + n // 132}" for n in range(1000)]
    texts[at] = "31/01/2020"
    assert likely(texts) == TimeFormat(expected)


def test_without_a_day_above_12_both_orders_are_named() -> None:
    texts = [f"{n % 12 + 1:02d}/{n * 5 % 11 + 1:02d}/2024" for n in range(100)]
    assert likely(texts) == TimeFormat(MONTH_FIRST, DAY_FIRST)


def test_the_order_is_taken_in_which_the_rows_are_sorted() -> None:
    assert likely(f"{day:02d}/0{month}/2024" for month in (3, 4) for day in range(1, 13)) == (
        TimeFormat(DAY_FIRST, MONTH_FIRST)
    )


def test_the_order_is_taken_in_which_no_time_is_in_the_future(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(times_guess, "_now", lambda: datetime(2024, 6, 1, tzinfo=UTC))
    assert likely(["01/12/2023", "05/01/2024", "03/12/2023"]) == TimeFormat(MONTH_FIRST, DAY_FIRST)
    assert likely(["05/01/2024", "12/05/2024", "07/02/2024"]) == TimeFormat(DAY_FIRST, MONTH_FIRST)
