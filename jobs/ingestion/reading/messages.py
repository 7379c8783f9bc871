"""Read messages: one JSON object each, and one row for each, whatever a message contains.

Unlike a file, the messages of a batch have nothing in common: they come from many senders. So no
message says anything about another, and none can make the batch unreadable.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence

import pyarrow as pa

from jobs.ingestion.reading.json_values import Row, batch, parsed
from jobs.ingestion.reading.reader import FileReader

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
        return batch(range(first + 1, end + 1), decoded, rows, columns)


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
