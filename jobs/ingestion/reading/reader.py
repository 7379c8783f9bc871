"""What every reader of a file returns: its columns, and batches of numbered rows of text."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from jobs.ingestion.reading import memory
from jobs.runtime.errors import UnreadableFileError

BATCH_ROWS = 65_536
TEXT = pa.string()


class FileReader(ABC):
    """A file whose columns are known. Its rows are read as often as `batches` is called.

    `columns` are the names in the file, in order; fields of an object follow it as `user.id`.
    `types` are the columns' types as text (Parquet only).
    """

    def __init__(self, name: str, columns: Sequence[str], types: Sequence[str] = ()) -> None:
        self.name = name
        self.columns = tuple(columns)
        self.types = tuple(types)
        self._notes: dict[str, str] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What the rows read so far say about the file, one sentence per kind of finding."""
        return tuple(self._notes.values())

    def batches(
        self, columns: Sequence[str], *, limit: int | None = None, max_bytes: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Return batches of at most `BATCH_ROWS` rows: all rows, or the first `limit`.

        No batch follows once the batches have `max_bytes` bytes of text.

        The columns of a batch, by position: `line`, the line on which the record starts (JSON
        arrays and Parquet: the row), from 1; `raw`, the text of a record that could not be split,
        else null; then the text of each of `columns`, null if the row has none. Blank lines are
        skipped.

        Raises:
            UnreadableFileError: two columns of the file have a name in `columns`. While the batches
                are read: the file is cut short or damaged, or does not fit into memory.
        """
        names = tuple(dict.fromkeys(columns))
        counts = Counter(self.columns)
        duplicates = [name for name in names if counts[name] > 1]
        if duplicates:
            listed = ", ".join(f"`{name}`" for name in duplicates)
            raise UnreadableFileError(
                f"{self.name}: {listed} is in the header twice. Rename one of the two columns"
            )
        return _bounded(self._in_memory(names), limit, max_bytes)

    def _in_memory(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        with memory.sentences(self.name):
            yield from self._batches(columns)

    @abstractmethod
    def _batches(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        """Yield batches of any size."""

    def _note(self, kind: str, text: str) -> None:
        """Keep the first finding of each kind."""
        self._notes.setdefault(kind, f"{self.name}: {text}")


def record_batch(
    lines: pa.Array, raws: pa.Array, columns: Sequence[str], texts: Sequence[pa.Array]
) -> pa.RecordBatch:
    """Return a batch in the form that `FileReader.batches` promises."""
    fields = [("line", pa.int64()), ("raw", TEXT), *((name, TEXT) for name in columns)]
    return pa.RecordBatch.from_arrays([lines, raws, *texts], schema=pa.schema(fields))


def whole_batch(
    first: int, n_rows: int, columns: Sequence[str], texts: Sequence[pa.Array]
) -> pa.RecordBatch:
    """Return a batch without `raw`, whose lines are numbered from `first` on."""
    lines = pa.array(np.arange(first, first + n_rows, dtype=np.int64))
    return record_batch(lines, pa.nulls(n_rows, TEXT), columns, texts)


def _bounded(
    batches: Iterator[pa.RecordBatch], limit: int | None, max_bytes: int | None
) -> Iterator[pa.RecordBatch]:
    n_rows, n_bytes = 0, 0
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            n_wanted = BATCH_ROWS if limit is None else min(BATCH_ROWS, limit - n_rows)
            part = batch.slice(start, n_wanted)
            n_rows += part.num_rows
            n_bytes += part.nbytes
            yield part
            if n_rows == limit or (max_bytes is not None and n_bytes >= max_bytes):
                return
