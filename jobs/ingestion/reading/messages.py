"""Read messages: one JSON object each, and one row for each, whatever a message contains.

Unlike a file, the messages of a batch have nothing in common: they come from many senders. So no
message says anything about another, and none can make the batch unreadable.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence

import pyarrow as pa

from jobs.ingestion.reading.encodings import shown
from jobs.ingestion.reading.json_values import Row, parsed, texts
from jobs.ingestion.reading.reader import TEXT, FileReader, record_batch

BLOCK_BYTES = 1 << 22  # that are objects of Python at the same time, beside one long message


class MessagesReader(FileReader):
    """Messages, numbered from 1. Those that are no JSON objects in UTF-8 are `raw`."""

    def __init__(self, messages: Sequence[bytes], name: str) -> None:
        super().__init__(name, ())
        self._messages = messages

    def _batches(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        first = n_bytes = 0
        for number, message in enumerate(self._messages):
            if n_bytes and n_bytes + len(message) > BLOCK_BYTES:
                yield self._batch(first, number, columns)
                first, n_bytes = number, 0
            n_bytes += len(message)
        yield self._batch(first, len(self._messages), columns)

    def _batch(self, first: int, end: int, columns: tuple[str, ...]) -> pa.RecordBatch:
        decoded = [decode(message) for message in self._messages[first:end]]
        rows = [_object(text) for text in decoded]
        raws = [
            shown(text) if row is None else None for text, row in zip(decoded, rows, strict=True)
        ]
        objects = [row or {} for row in rows]
        return record_batch(
            pa.array(range(first + 1, end + 1), pa.int64()),
            pa.array(raws, TEXT),
            columns,
            [texts(objects, column) for column in columns],
        )


def decode(message: bytes) -> str:
    """Return the text; bytes that are not UTF-8 stay in it as surrogates."""
    return message.removeprefix(BOM_UTF8).decode("utf-8", "surrogateescape")


def _object(text: str) -> Row | None:
    try:
        text.encode()
        value = parsed(text)
    except ValueError:  # also of text that is not UTF-8
        return None
    return value if isinstance(value, dict) else None
