"""What the beginning of a file says: its columns and some rows, read without Spark.

`land` compares it with the manifest before anything is written; `check` grades more rows of it.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.datasets import Dataset
from warehouse.sources import Files, Items, Ratings

HEAD_ROWS = 1000
ENOUGH_ROWS = 10
_LONGEST_LINE = 1_000_000

Row = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Head:
    """The columns of a file in its order, its first well-formed rows, and how many are not so.

    `types` are those of a parquet file, as text; a text file has none.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    n_malformed: int = 0
    types: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no row follows."""
        return not self.rows and not self.n_malformed


def roles(part: Files) -> dict[str, str]:
    """Return the source's column for each column of bronze that the manifest names."""
    if isinstance(part, Ratings):
        named = {
            "user_id": part.user,
            "item_id": part.item,
            "rating": part.value,
            "rated_at": part.time,
        }
    elif isinstance(part, Items):
        named = {
            "item_id": part.item,
            "title": part.title,
            "categories": part.categories,
            "vendor": part.vendor,
            "released": part.released,
        }
    else:
        return {"user_id": str(getattr(part, "user", "user"))}
    return {column: source for column, source in named.items() if source is not None}


def expected(part: Files) -> tuple[str, ...]:
    """Return the columns that the file must have."""
    return (*roles(part).values(), *getattr(part, "attributes", ()))


def of(path: Path, part: Files, *, limit: int = HEAD_ROWS) -> Head:
    """Return the head of a local file.

    Raises:
        pyarrow.ArrowInvalid: a parquet file is none.
    """
    if part.format == "parquet":
        return _of_parquet(path, limit)
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(_LONGEST_LINE), b"")
        return from_lines(islice(lines, limit + 1), part)


def from_lines(lines: Iterable[bytes], part: Files) -> Head:
    """Return the head that these first lines of a text file make."""
    texts = [_decoded(line, part) for line in lines]
    if texts and texts[0] is not None:
        texts[0] = texts[0].removeprefix("\ufeff")
    columns: tuple[str, ...] = tuple(part.fields)
    if part.format == "csv" and part.header:
        first = texts.pop(0) if texts else ""
        columns = tuple(name.strip() for name in _split(first or "", part))
    rows = [_row(text, columns, part) for text in texts if text != ""]
    good = tuple(row for row in rows if row is not None)
    if part.format == "jsonl":
        columns = tuple(dict.fromkeys(name for row in good for name in row))
    return Head(columns, good, n_malformed=len(rows) - len(good))


def differences(part: Files, head: Head, dataset: Dataset) -> list[str]:
    """Return what keeps the file from being landed, a sentence each; nothing if it fits."""
    missing = [name for name in expected(part) if name not in head.columns]
    if missing and not (part.format == "jsonl" and not head.rows):
        new = _list(_unnamed(part, head)) or "none"
        return [f"missing {_list(missing)}; new {new} (the file has {_list(head.columns)})"]
    if not head.rows and head.n_malformed >= ENOUGH_ROWS:
        return [f"no line can be split into {_list(head.columns) or 'JSON fields'}"]
    return _retyped(part, head, dataset)


def unnamed(part: Files, head: Head) -> tuple[str, ...]:
    """Return the columns that the manifest does not speak of: they are not landed."""
    return () if part.fields and not part.header else tuple(_unnamed(part, head))


def number(text: str | None) -> float | None:
    """Return the number that the text is, if any."""
    try:
        return float(text or "")
    except ValueError:
        return None


def instant(text: str | None, time_format: str) -> datetime | None:
    """Return the time that the text is, UTC, if any."""
    try:
        if time_format == "iso":
            found = datetime.fromisoformat((text or "").strip())
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        seconds = float(text or "") / (1000 if time_format == "milliseconds" else 1)
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _retyped(part: Files, head: Head, dataset: Dataset) -> list[str]:
    if not isinstance(part, Ratings) or len(head.rows) < ENOUGH_ROWS:
        return []
    found = []
    values = [row.get(part.value) for row in head.rows]
    if not any(number(value) is not None for value in values):
        scale = f"{dataset.scale.lowest:g} to {dataset.scale.highest:g}"
        found.append(f"`{part.value}` holds no numbers ({scale} expected) but {_sample(values)}")
    times = [row.get(part.time) for row in head.rows] if part.time else []
    if times and not any(instant(time, part.time_format) for time in times):
        found.append(f"`{part.time}` holds no times ({part.time_format}) but {_sample(times)}")
    return found


def _unnamed(part: Files, head: Head) -> list[str]:
    known = {*expected(part), *part.fields}
    return [name for name in head.columns if name not in known]


def _decoded(line: bytes, part: Files) -> str | None:
    try:
        return line.rstrip(b"\n").rstrip(b"\r").decode(part.encoding)
    except UnicodeDecodeError:
        return None


def _row(text: str | None, columns: Sequence[str], part: Files) -> Row | None:
    if text is None:
        return None
    if part.format == "jsonl":
        return _json_row(text)
    values = _split(text, part)
    return dict(zip(columns, values, strict=True)) if len(values) == len(columns) else None


def _json_row(text: str) -> Row | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict):
        return None
    return {name: None if value is None else str(value) for name, value in found.items()}


def _split(text: str, part: Files) -> list[str]:
    if not part.quote:
        return text.split(part.separator)
    if len(part.separator) > 1:
        return [field.strip(part.quote) for field in text.split(part.separator)]
    return next(csv.reader([text], delimiter=part.separator, quotechar=part.quote), [""])


def _of_parquet(path: Path, limit: int) -> Head:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        batch = next(file.iter_batches(batch_size=limit), pa.RecordBatch.from_pylist([]))
        rows = tuple(
            {name: None if value is None else str(value) for name, value in row.items()}
            for row in batch.to_pylist()
        )
        return Head(tuple(schema.names), rows, types=tuple(str(kind) for kind in schema.types))


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _sample(values: Iterable[str | None]) -> str:
    return ", ".join(repr(value) for value in dict.fromkeys(islice(values, 3)))
