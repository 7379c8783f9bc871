from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.ingestion.interpreting import values
from warehouse.manifests.sources import Events, Ratings

NOW = datetime(2024, 1, 2, 10, 30, tzinfo=UTC)


def ratings(
    *,
    time_format: str = "seconds",
    time_zone: str = "UTC",
    decimal: str = ".",
    words: dict[str, float] | None = None,
    no_value: tuple[str, ...] = (),
) -> Ratings:
    fields = {"time_format": time_format, "time_zone": time_zone, "decimal": decimal}
    return Ratings.model_validate(
        {"file": "x", "values": words or {}, "no_value": no_value, **fields}
    )


def number(text: str | None, files: Ratings) -> float | None:
    [alone] = values.numbers(pa.array([text], pa.string()), files).to_pylist()
    [_, beside_others, _] = values.numbers(pa.array(["7", text, "x"]), files).to_pylist()
    assert alone == beside_others
    return alone if alone is None else float(alone)


def time(text: str | None, files: Ratings) -> datetime | None:
    [alone] = values.times(pa.array([text], pa.string()), files).to_pylist()
    [_, beside_others, _] = values.times(pa.array(["2001", text, "x"]), files).to_pylist()
    assert alone == beside_others
    assert alone is None or isinstance(alone, datetime)
    return alone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4", 4),
        (" 4.5\t", 4.5),
        ("\u00a03", 3),
        ("+3", 3),
        ("-.5e1", -5),
        ("1,234.5", 1234.5),
        ("True", 1),
        ("false ", 0),
        ("1,234", None),
        ("4.5.6", None),
        ("nan", None),
        ("Infinity", None),
        ("1e999", None),
        ("0x1", None),
        ("1_0", None),
        ("", None),
        ("great", None),
        (None, None),
    ],
)
def test_numbers_are_read_and_other_texts_are_null(text: str, expected: float | None) -> None:
    assert number(text, ratings()) == expected


def test_a_decimal_comma_is_declared() -> None:
    read = {text: number(text, ratings(decimal=",")) for text in ("4,5", "4", "1.234,5", "4.5")}
    assert read == {"4,5": 4.5, "4": 4, "1.234,5": 1234.5, "4.5": None}


def test_words_stand_for_numbers_and_some_for_no_value() -> None:
    files = ratings(words={"like": 1, "dislike": -1}, no_value=("NA", "0"))
    texts = ["like", " dislike", "like it", "NA", "0", "0.00", "10", None]
    expected = [1, -1, None, None, None, None, 10, None]
    assert [number(text, files) for text in texts] == expected
    without_value = values.stands_for_no_value(pa.array(texts), files).to_pylist()
    assert without_value == [False, False, False, True, True, True, False, False]


@pytest.mark.parametrize("unit", ["seconds", "milliseconds", "microseconds"])
def test_times_since_1970_are_read_in_their_unit(unit: str) -> None:
    files = ratings(time_format=unit)
    per_second = {"seconds": 1, "milliseconds": 1000, "microseconds": 1_000_000}[unit]
    assert time(f" {int(NOW.timestamp()) * per_second} ", files) == NOW
    assert time(f"{NOW.timestamp() * per_second:.1f}", files) == NOW
    assert time(str(-per_second), files) == datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)
    for text in ("soon", "", "true", "253402300800000000000", str(2**63 - 1), "1e300", None):
        assert time(text, files) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02", datetime(2024, 1, 2, tzinfo=UTC)),
        (" 2024-01-02T10:30 ", datetime(2024, 1, 2, 10, 30, tzinfo=UTC)),
        ("2024-01-02 10:30:01.5", datetime(2024, 1, 2, 10, 30, 1, 500_000, tzinfo=UTC)),
        ("2024-01-02 10:30:00.123456789", datetime(2024, 1, 2, 10, 30, 0, 123_456, tzinfo=UTC)),
        ("20240102T103000", datetime(2024, 1, 2, 10, 30, tzinfo=UTC)),
        ("20240102", datetime(2024, 1, 2, tzinfo=UTC)),
        ("2024-W01-2", datetime(2024, 1, 2, tzinfo=UTC)),
        ("2024", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-03", datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024-01-02 10:30:00 UTC", datetime(2024, 1, 2, 10, 30, tzinfo=UTC)),
        ("2024-01-02T10:30:00Z", datetime(2024, 1, 2, 10, 30, tzinfo=UTC)),
        ("2024-01-02T12:30:00+02:00", datetime(2024, 1, 2, 10, 30, tzinfo=UTC)),
        ("2024-01-02 05:30:00 -0500", datetime(2024, 1, 2, 10, 30, tzinfo=UTC)),
    ],
)
def test_all_forms_of_iso_8601_are_read(text: str, expected: datetime) -> None:
    assert time(text, ratings(time_format="iso")) == expected


@pytest.mark.parametrize(
    "text",
    ["2024-02-30", "2024-13-01", "2023-02-29T10:00Z", "24:00", "9999-12-31T23:59:59-10:00",
     "0001-01-01T00:00:00+02:00", "12345", "1704191400", "yesterday", "2024-01-02T10:60", "", None],
)  # fmt: skip
def test_times_outside_the_calendar_are_null(text: str | None) -> None:
    assert time(text, ratings(time_format="iso")) is None


def test_local_times_are_of_the_zone_and_a_repeated_one_is_the_first() -> None:
    files = ratings(time_format="iso", time_zone="Europe/Berlin")
    read = {text: time(text, files) for text in ("2024-07-01", "2024-01-01", "2024-10-27 02:30")}
    assert read == {
        "2024-07-01": datetime(2024, 6, 30, 22, tzinfo=UTC),
        "2024-01-01": datetime(2023, 12, 31, 23, tzinfo=UTC),
        "2024-10-27 02:30": datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
    }
    assert time("2024-07-01T00:00Z", files) == datetime(2024, 7, 1, tzinfo=UTC)
    assert time("0001-01-01", files) is None


def test_patterns_are_those_of_strptime() -> None:
    american = ratings(time_format="%m/%d/%Y %H:%M", time_zone="Asia/Kolkata")
    assert time(" 1/2/2024 16:00 ", american) == NOW
    assert time("2/30/2024 16:00", american) is None
    assert time("1/2/2024 16:00:01", american) is None

    with_offset = ratings(time_format="%d.%m.%Y %I:%M %p %z", time_zone="Asia/Kolkata")
    assert time("02.01.2024 11:30 AM +0100", with_offset) == NOW


@given(
    st.datetimes().filter(lambda time: time.year not in (1, 9999)),
    st.timedeltas(min_value=timedelta(hours=-23), max_value=timedelta(hours=23)),
)
def test_iso_times_are_those_of_python(local: datetime, offset: timedelta) -> None:
    minutes = timedelta(minutes=offset // timedelta(minutes=1))
    text = f"{local.isoformat()}{datetime.min.replace(tzinfo=timezone(minutes)).strftime('%z')}"
    assert time(text, ratings(time_format="iso")) == datetime.fromisoformat(text)


def test_kinds_are_those_of_the_file_or_of_a_column() -> None:
    texts = pa.array([" purchase ", "view", "", None])
    of_file = Events(file="x", kind="play")
    assert values.kinds(texts, of_file).to_pylist() == ["play"] * 4

    of_column = Events(file="x", kind_column="action", kinds={"purchase": "buy"})
    assert values.kinds(texts, of_column).to_pylist() == ["buy", "view", None, None]
    plain = Events(file="x", kind_column="action")
    assert values.kinds(texts, plain).to_pylist() == ["purchase", "view", None, None]


def test_a_time_at_the_end_of_the_calendar_is_read_without_its_zone() -> None:
    files = ratings(time_format="iso", time_zone="America/New_York")

    (first, last) = values.times(
        pa.array(["0001-01-01T00:00:00", "9999-12-31T23:59:59"]), files
    ).to_pylist()

    assert first is None or first.year <= 1
    assert last is None or last.year >= 9999


def test_spaces_are_all_that_is_trimmed() -> None:
    all_characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    left = values.trimmed(pa.array(all_characters)).to_pylist()
    removed = [c for c, text in zip(all_characters, left, strict=True) if not text]
    assert "".join(removed) == values.SPACES


@given(st.text("0123456789.,eExX+- \u00a0infa_", max_size=8))
@example("0x10")
@example("0e1234")
def test_a_text_is_read_alike_beside_any_others(text: str) -> None:
    for decimal in (".", ","):
        number(text, ratings(decimal=decimal))
    for time_format in ("seconds", "microseconds", "iso"):
        time(text, ratings(time_format=time_format))
