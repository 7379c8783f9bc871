import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from warehouse.errors import QueryRefusedError
from warehouse.query import Lake
from warehouse.sql import formats
from warehouse.sql.engine import opened

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
TABLE = pa.table(
    {
        "id": ["a", None, "=1+1", "-5", "+x", "@y", "\tz", 'with "quotes",\nand a line'],
        "n": pa.array([1, 2, None, -5, 0, 1, 2, 3], pa.int64()),
        "x": [0.5, float("nan"), float("inf"), -1.0, None, 0.0, 1.0, 2.0],
        "tags": [["p", "é"], [], None, ["=q"], [], [], [], []],
        "at": pa.array([AT, *[None] * 7], pa.timestamp("us", "UTC")),
        "attributes": pa.array([[("price", "3")], *[None] * 7], pa.map_(pa.string(), pa.string())),
    }
)


def lines(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_csv_has_a_header_json_for_lists_and_nothing_for_null() -> None:
    first, second, *_ = lines(formats.table_bytes(TABLE, "csv"))

    assert first == {
        "id": "a", "n": "1", "x": "0.5", "tags": '["p", "é"]', "at": "2026-01-05T12:00:00+00:00",
        "attributes": '{"price": "3"}',
    }  # fmt: skip
    assert (second["id"], second["tags"]) == ("", "[]")


def test_text_that_begins_a_formula_is_escaped_only_if_asked() -> None:
    exact = [row["id"] for row in lines(formats.table_bytes(TABLE, "csv"))]
    escaped = lines(formats.table_bytes(TABLE, "csv", escape_formulas=True))

    assert exact == [text or "" for text in TABLE["id"].to_pylist()]
    assert [row["id"] for row in escaped][2:7] == ["'=1+1", "'-5", "'+x", "'@y", "'\tz"]
    assert [row["n"] for row in escaped][3] == "-5"  # a number is no formula
    assert escaped[0]["id"] == "a"


def test_a_name_of_a_column_is_escaped_too() -> None:
    table = pa.table({"=cmd": [1]})

    assert formats.table_bytes(table, "csv", escape_formulas=True).startswith(b"'=cmd\n")


def test_json_is_an_array_of_objects() -> None:
    rows: list[dict[str, Any]] = json.loads(formats.table_bytes(TABLE, "json"))

    assert rows[0]["attributes"] == {"price": "3"}
    assert rows[0]["tags"] == ["p", "é"]
    assert rows[1]["x"] is None
    assert rows[2] == {
        "id": "=1+1", "n": None, "x": None, "tags": None, "at": None, "attributes": None,
    }  # fmt: skip
    assert json.loads(formats.table_bytes(TABLE.slice(0, 0), "json")) == []


def test_parquet_keeps_types() -> None:
    read = parquet.read_table(io.BytesIO(formats.table_bytes(TABLE, "parquet")))

    assert read.schema.types == TABLE.schema.types
    assert read.num_rows == TABLE.num_rows


def test_every_type_of_duckdb_has_a_form(lake: Lake) -> None:
    text = """select 1::hugeint, 1.50::decimal(9, 2), interval 3 days, time '12:00',
              date '2026-01-05', 'ab'::blob, true, uuid(), {'a': [1, null]}, map {'k': 1}, null,
              '1'::bit, '{}'::json"""
    with opened(lake, text) as rows:
        out = io.BytesIO()
        assert formats.write(rows, out, "csv") == 1
    cells = out.getvalue().decode().splitlines()[1]

    assert cells.startswith("1,1.5,")
    assert "2026-01-05" in cells
    assert "6162" in cells


@pytest.mark.parametrize(
    ("text", "kind"),
    [("select interval 1 day as i", "parquet"), ("select 'infinity'::timestamp as i", "csv")],
)
def test_a_value_without_a_form_says_what_to_do(
    lake: Lake, text: str, kind: formats.Format
) -> None:
    with opened(lake, text) as rows, pytest.raises(QueryRefusedError, match="::text"):
        formats.write(rows, io.BytesIO(), kind)
