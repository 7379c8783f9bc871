"""A text that Parquet stores once may stand in very many rows: they are read in small batches."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.ingestion.reading import parquet_records
from jobs.ingestion.reading.parquet_sizes import row_sizes
from jobs.runtime.errors import UnreadableFileError
from tests.jobs.ingestion.reading.reads import opened, rows

BATCH_BYTES = 1 << 20
LONG = "x" * 50_000
TAGS = pa.map_(pa.string(), pa.string())


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_records, "BATCH_BYTES", BATCH_BYTES)
    monkeypatch.setattr(parquet_records, "LONGEST_ROW", BATCH_BYTES)


def parquet(values: pa.Array, **options: object) -> bytes:
    sent = io.BytesIO()
    options = {"compression": "zstd", "store_schema": False} | options
    pq.write_table(pa.table({"text": values, "n": range(len(values))}), sent, **options)
    return sent.getvalue()


REPEATED = [
    pytest.param(pa.array([LONG, None, "b"] * 100), id="text"),
    pytest.param(pa.array([LONG.encode(), b"b"] * 100), id="bytes"),
    pytest.param(pa.array([[LONG, "b"], [], None] * 100), id="list"),
    pytest.param(pa.array([{"a": {"b": LONG}}] * 100), id="object"),
    pytest.param(pa.array([[("a", LONG)]] * 100, TAGS), id="map"),
    pytest.param(pa.array([[LONG, "b"]] * 100, pa.list_(pa.string(), 2)), id="pair"),
]


@pytest.mark.parametrize("values", REPEATED)
@pytest.mark.parametrize("groups", [40, 1000])
def test_rows_of_a_repeated_text_are_read_in_small_batches(values: pa.Array, groups: int) -> None:
    file = opened(parquet(values, row_group_size=groups), format="parquet")

    batches = list(file.batches(["text", "n"]))

    text, n = (pa.concat_arrays([batch.column(at) for batch in batches]) for at in (2, 3))
    plain = opened(parquet(values, use_dictionary=False), format="parquet")
    assert list(zip(text.to_pylist(), n.to_pylist(), strict=True)) == rows(plain, ["text", "n"])
    assert [x for batch in batches for x in batch.column(0).to_pylist()] == [
        *range(1, len(values) + 1)
    ]
    assert max(batch.nbytes for batch in batches) < 1.2 * BATCH_BYTES


@pytest.mark.parametrize("value", [LONG * 25, [LONG] * 25, {"a": LONG * 25}])
def test_long_texts_outside_of_a_dictionary_are_refused_before_they_are_unpacked(
    value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = opened(parquet(pa.array([value]), use_dictionary=False), format="parquet")
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", None)

    with pytest.raises(UnreadableFileError, match="f: rows have more than 1,048,576 bytes"):
        rows(file, ["text"])


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([["a"], [LONG] * 30], id="texts"),
        pytest.param([[1], [1] * 200_000], id="numbers"),
    ],
)
def test_a_row_that_becomes_very_long_is_an_error(values: list[object]) -> None:
    file = opened(parquet(pa.array(values)), format="parquet")

    with pytest.raises(UnreadableFileError, match="f: row 2 has more than 1,048,576 bytes"):
        rows(file, ["text"])
    assert rows(file, ["n"]) == [("0",), ("1",)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["ab", None, "é"]), [2, 0, 2]),
        (pa.array(["ab", None, "ab"]).dictionary_encode(), [2, 0, 2]),
        (pa.array([None, None], pa.string()).dictionary_encode(), [0, 0]),
        (pa.array([1, None]), [8, 8]),
        (pa.array([b"abcd", None], pa.binary(4)), [4, 4]),
        (pa.array([["a", "bc"], None, []]), [3, 0, 0]),
        (pa.array([{"a": "b", "c": 1}, {"a": None, "c": 1}]), [9, 8]),
        (pa.array([[("a", "bcd")], []], TAGS), [4, 0]),
        (pa.array([["a", "b"], ["cd", "ef"]], pa.list_(pa.string(), 2)), [2, 4]),
    ],
)
def test_sizes_of_rows(values: pa.Array, expected: list[int]) -> None:
    batch = pa.RecordBatch.from_arrays([values], ["x"])
    assert row_sizes(batch).tolist() == expected
    assert row_sizes(batch.slice(1)).tolist() == expected[1:]
    assert row_sizes(batch).dtype == np.int64
