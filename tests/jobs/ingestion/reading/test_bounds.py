"""How much of a file a sample reads."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.ingestion.reading import encodings, parquet_records
from jobs.ingestion.reading.json_values import Row, column_names
from tests.jobs.ingestion.reading.reads import opened

CYRILLIC = "item,title\n1,Сталкер и другие фильмы\n"


def test_reading_ends_with_the_batch_that_has_enough_bytes(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("item,text\n" + "".join(f"{n},{'x' * 20_000}\n" for n in range(1000)))
    reader = opened(path)
    n_all = sum(batch.num_rows for batch in reader.batches(["text"]))
    n_read = sum(batch.num_rows for batch in reader.batches(["text"], max_bytes=1_000_000))
    assert n_all == 1000
    assert 0 < n_read <= 200  # one block


def test_rows_of_long_texts_are_read_from_parquet_in_small_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_records, "BATCH_BYTES", 100_000)
    path = tmp_path / "items.parquet"
    pq.write_table(pa.table({"text": [f"{n}{'x' * 10_000}" for n in range(100)]}), path)
    sizes = [batch.num_rows for batch in opened(path, format="parquet").batches(["text"])]
    assert sum(sizes) == 100
    assert max(sizes) <= 10


def test_objects_whose_keys_are_ids_are_not_all_looked_at() -> None:
    objects: list[Row] = [{f"k{n}_{key}": key for key in range(100)} for n in range(1000)]
    rows = iter(objects)
    assert len(column_names(rows, enough=1000)) == 1000
    assert next(rows) == {f"k10_{key}": key for key in range(100)}


def test_a_few_of_very_many_fields_are_read_in_time() -> None:
    rows = [{**{f"k{n}_{key}": key for key in range(500)}, "user": f"u{n}"} for n in range(300)]
    reader = opened("".join(f"{json.dumps(row)}\n" for row in rows).encode(), format="jsonl")
    assert len(reader.columns) > 100_000
    [batch] = reader.batches(["user"], limit=2)
    assert batch.column(2).to_pylist() == ["u0", "u1"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (CYRILLIC.encode(), ("utf-8", "")),
        (CYRILLIC.encode("cp1251"), ("windows-1251", "line 2 is not UTF-8")),
        ("item\nCafé\n".encode("cp1252"), ("windows-1252", "line 2 is not UTF-8")),
        (
            CYRILLIC.encode() + b"2,caf\xe9\n",
            ("utf-8", "1 bytes are of another encoding, the first in line 3"),
        ),
    ],
)
def test_the_encoding_of_a_file_is_guessed_as_that_of_a_record(
    sent: bytes, expected: tuple[str, str]
) -> None:
    assert encodings.file_encoding(sent.decode("utf-8", encodings.ERRORS)) == expected
