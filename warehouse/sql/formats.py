"""Writes the rows of a query as CSV, JSON or Parquet, batch by batch."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any, Literal, get_args

import pyarrow as pa
from pyarrow import parquet

from warehouse.errors import QueryRefusedError
from warehouse.sql.engine import Rows

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet run a cell of text


def write(rows: Rows, out: IO[bytes], kind: Format, *, escape_formulas: bool = False) -> int:
    """Write all rows; return their number.

    Args:
        rows: read once, batch by batch.
        out: a binary file, which stays open.
        kind: `csv` has a header line, UTF-8, lists and maps as JSON; `json` is one array with an
            object a row; `parquet` keeps the types.
        escape_formulas: put an apostrophe before text of a CSV file that a spreadsheet would run as
            a formula. Programs that read the file then see the apostrophe too.

    Raises:
        QueryRefusedError: the query failed, or the format has no form for a value.
    """
    with _unwritable():
        if kind == "csv":
            return _write_csv(rows, out, escape_formulas=escape_formulas)
        return {"json": _write_json, "parquet": _write_parquet}[kind](rows, out)


def table_bytes(table: pa.Table, kind: Format, *, escape_formulas: bool = False) -> bytes:
    """Return a small table in this format, with the arguments of `write`."""
    out = io.BytesIO()
    write(Rows(table.to_reader()), out, kind, escape_formulas=escape_formulas)
    return out.getvalue()


def plain(value: Any) -> Any:
    """Return a value as one that JSON has: times in ISO 8601, bytes as hexadecimal digits."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _written(value)


def _written(value: Any) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def text(value: Any) -> str:
    """Return a value as the text of a cell: nothing for null, JSON for lists and maps."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    shown = plain(value)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)


def _write_csv(rows: Rows, out: IO[bytes], *, escape_formulas: bool) -> int:
    form: Callable[[Any], str] = _without_formula if escape_formulas else text
    lines, n_rows = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True), 0
    try:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow([form(name) for name in rows.schema.names])
        for batch in rows:
            columns = [_values(column) for column in batch.columns]
            writer.writerows([form(value) for value in row] for row in zip(*columns, strict=True))
            n_rows += batch.num_rows
    finally:
        lines.detach()  # `out` stays open
    return n_rows


def _without_formula(value: Any) -> str:
    shown = text(value)
    return f"'{shown}" if isinstance(value, str) and shown.startswith(FORMULA) else shown


def _write_json(rows: Rows, out: IO[bytes]) -> int:
    n_rows = 0
    out.write(b"[")
    for batch in rows:
        names, columns = batch.schema.names, [_values(column) for column in batch.columns]
        for row in zip(*columns, strict=True):
            fields = {name: plain(value) for name, value in zip(names, row, strict=True)}
            line = json.dumps(fields, ensure_ascii=False).encode()
            out.write((b",\n" if n_rows else b"\n") + line)
            n_rows += 1
    out.write(b"\n]\n")
    return n_rows


def _write_parquet(rows: Rows, out: IO[bytes]) -> int:
    n_rows = 0
    with parquet.ParquetWriter(out, rows.schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch)
            n_rows += batch.num_rows
    return n_rows


def _values(column: pa.Array) -> list[Any]:
    values: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
    return values


@contextmanager
def _unwritable() -> Iterator[None]:
    try:
        yield
    except pa.ArrowNotImplementedError as error:
        raise QueryRefusedError(f"{error}. Cast this column to text: column::text") from error
    except (OverflowError, ValueError) as error:
        raise QueryRefusedError(
            f"a value cannot be written ({error}). Cast its column to text: column::text"
        ) from error
