import io
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.runtime.errors import UnreadableFileError
from tests.jobs.ingestion.reading.reads import numbered, opened, rows

BERLIN = pa.timestamp("us", "Europe/Berlin")
DAMAGED = "f: the Parquet file is damaged, encrypted or cut short ("
NOON = datetime(2026, 3, 1, 12, 0, 5)  # noqa: DTZ001


def parquet(table: pa.Table, **options: object) -> bytes:
    sent = io.BytesIO()
    pq.write_table(table, sent, **options)
    return sent.getvalue()


def texts(values: pa.Array, **options: object) -> list[str | None]:
    """Return the texts that a column of these values is read as."""
    content = parquet(pa.table({"x": values}), **options)
    return [text for (text,) in rows(opened(content, format="parquet"), ["x"])]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["é", "", None]), ["é", "", None]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array(["a", None], pa.large_string()), ["a", None]),
        (pa.array([b"caf\xc3\xa9", b"caf\xe9"]), ["café", "636166e9"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([2**64 - 1, 0], pa.uint64()), ["18446744073709551615", "0"]),
        (pa.array([-5, 10**18]), ["-5", "1000000000000000000"]),
        (pa.array([119.0, None, 4.5, float("nan"), 1e7]), ["119", None, "4.5", None, "10000000"]),
        (pa.array([0.1, 3.0], pa.float32()), ["0.1", "3"]),
        (pa.array([4006381333931.0, 1e300]), ["4006381333931", "1e+300"]),
        (pa.array([b"\x80" * 16, b"\x81" * 16], pa.binary(16)), ["80" * 16, "81" * 16]),
        (pa.array([Decimal("4.50"), Decimal("119.00")]), ["4.50", "119"]),
        (pa.array([Decimal(10) ** 30], pa.decimal128(38, 0)), ["1" + "0" * 30]),
        (pa.array([date(2026, 3, 1), None]), ["2026-03-01", None]),
        (pa.array([time(8, 26)], pa.time64("us")), ["08:26:00"]),
        (pa.array([NOON], pa.timestamp("ns")), ["2026-03-01 12:00:05"]),
        (pa.array([1_767_225_600_123_456_789], pa.timestamp("ns")), ["2026-01-01 00:00:00.123456"]),
        (pa.array([-1], pa.timestamp("ns")), ["1969-12-31 23:59:59.999999"]),
        (pa.array([NOON], pa.timestamp("ms")), ["2026-03-01 12:00:05"]),
        (pa.array([NOON.replace(tzinfo=UTC)], BERLIN), ["2026-03-01 12:00:05Z"]),
        (pa.array([timedelta(seconds=2)], pa.duration("s")), ["2"]),
        (pa.array([["a", "b"], [], None]), ['["a","b"]', "[]", None]),
        (pa.array([{"k": [1, None]}]), ['{"k":[1,null]}']),
        (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), ['{"k":1}']),
        (pa.array([[{"at": NOON}]]), ['[{"at":"2026-03-01T12:00:05"}]']),
        (pa.array([[Decimal("1.5")]]), ['["1.5"]']),
        (pa.nulls(2), [None, None]),
    ],
)  # fmt: skip
def test_values_of_each_type_become_text(values: pa.Array, expected: list[str | None]) -> None:
    assert texts(values) == expected


def test_times_of_96_bits_are_in_utc() -> None:
    old = pa.array([NOON, datetime(1600, 1, 1)], pa.timestamp("us"))  # noqa: DTZ001

    assert texts(old, use_deprecated_int96_timestamps=True) == [
        "2026-03-01 12:00:05Z",
        "1600-01-01 00:00:00Z",
    ]


def test_rows_are_numbered_over_batches_and_nested_fields_have_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.ingestion.reading.parquet_records.BATCH_ROWS", 2)
    path = tmp_path / "f.parquet"
    user = [{"id": 7, "home": {"the.city": "Köln"}}, None, {"id": 9, "home": None}]
    table = pa.table({"user": user, "reviews.rating": [4.0, 5.0, 3.5], "n": [1, 2, 3]})
    pq.write_table(table, path)

    file = opened(path, format="parquet")

    assert file.columns == (
        "user",
        "user.id",
        "user.home",
        "user.home.the.city",
        "reviews.rating",
        "n",
    )
    assert file.types[1:2] + file.types[4:] == ("int64", "double", "int64")
    assert numbered(file, ["user.id", "user.home.the.city", "reviews.rating", "none"]) == [
        (1, ("7", "Köln", "4", None)),
        (2, (None, None, "5", None)),
        (3, ("9", None, "3.5", None)),
    ]
    assert [batch.num_rows for batch in file.batches([])] == [2, 1]
    assert [batch.num_rows for batch in file.batches(["n"], limit=1)] == [1]


def test_a_file_of_pandas_is_read() -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "user": [119.0, None],
            "kind": pd.Categorical(["view", "buy"]),
            "at": pd.to_datetime([NOON, NOON]).as_unit("ns"),
        },
        index=[5, 6],
    )

    file = opened(frame.to_parquet(), format="parquet")

    assert rows(file, ["user", "kind", "at"]) == [
        ("119", "view", "2026-03-01 12:00:05"),
        (None, "buy", "2026-03-01 12:00:05"),
    ]


def test_a_column_that_stands_twice_is_an_error_only_if_it_is_used() -> None:
    content = parquet(pa.Table.from_arrays([pa.array([1])] * 3, names=["a", "b", "b"]))
    file = opened(content, format="parquet")

    assert rows(file, ["a"]) == [("1",)]
    with pytest.raises(UnreadableFileError, match="`b` is in the header twice"):
        file.batches(["b"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"user\nu1\n", "f: not Parquet: it begins with 'user\\nu1\\n'. Correct `format`"),
        (b"", "f: not Parquet: it begins with nothing: it is empty. Correct `format`"),
        (parquet(pa.table({"a": [1]}))[:-9], DAMAGED),
        (parquet(pa.table({"a": [1]}))[:6], DAMAGED),
    ],
)  # fmt: skip
def test_what_is_no_parquet_is_named(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFileError) as error:
        opened(content, format="parquet")

    assert str(error.value).startswith(sentence)
