"""Traces of texts in the files of a lake: in data, statistics, the log and its checkpoints."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def traces(root: Path | str, texts: Collection[str]) -> Counter[str]:
    """Return how often one of the texts is in each file below the folder; files without are absent.

    A text may be a part of a longer one: choose texts that nothing else contains.
    """
    pattern = re.compile("|".join(map(re.escape, texts)))
    counts: Counter[str] = Counter()
    for file in sorted(Path(root).rglob("*")):
        if file.is_file():
            counts[str(file.relative_to(root))] = sum(
                len(pattern.findall(content)) for content in contents(file)
            )
    return +counts


def contents(file: Path) -> Iterator[str]:
    """Yield all texts of a file: of Parquet the values and the statistics of each column chunk."""
    if file.suffix != ".parquet":
        yield file.read_bytes().decode("utf-8", errors="replace")
        return
    parquet = pq.ParquetFile(file)
    yield str(parquet.metadata.metadata or "")
    for group in range(parquet.num_row_groups):
        for column in range(parquet.metadata.num_columns):
            statistics = parquet.metadata.row_group(group).column(column).statistics
            if statistics is not None and statistics.has_min_max:
                yield f"{statistics.min} {statistics.max}"
    for batch in parquet.iter_batches():
        for values in batch.columns:
            yield from texts_of(values)


def texts_of(values: Any) -> Iterator[str]:
    """Yield the distinct values of a column as text."""
    if pa.types.is_nested(values.type):
        yield json.dumps(values.to_pylist(), default=str, ensure_ascii=False)
        return
    yield "\n".join(map(str, values.to_pylist()))
