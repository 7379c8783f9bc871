"""Encode Arrow record batches in the binary format of Postgres' COPY.

Arrow and numpy encode whole columns: no Python object per row, and nothing to escape, because each
value has a length prefix. It is hand-written, not a library, so that COPY runs in the transaction
of SQLAlchemy. Layout: "Binary Format" in the manual of COPY.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.storage.arrays import POSTGRES_EPOCH

# Postgres object ids of the element types of arrays
TEXT_OID, REAL_OID, TIMESTAMPTZ_OID = 25, 700, 1184
ROWS_AT_ONCE = 8192
NULL = b"\xff\xff\xff\xff"
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"


class CopyStream:
    """A file for `copy_expert` with the rows of record batches.

    `n_rows` is the number of rows read so far. `failure` is the error of the batches, which
    psycopg2 turns into a cancelled query.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], *, release_id: int | None = None) -> None:
        self.n_rows = 0
        self.failure: Exception | None = None
        self._chunks = self._encoded(batches, release_id)

    def read(self, _size: int = -1) -> bytes:
        """Return the next chunk, of any size; empty at the end."""
        try:
            return next(self._chunks, b"")
        except Exception as error:
            self.failure = error
            raise

    def _encoded(
        self, batches: Iterable[pa.RecordBatch], release_id: int | None
    ) -> Iterator[bytes]:
        yield HEADER
        for batch in batches:
            for start in range(0, batch.num_rows, ROWS_AT_ONCE):
                piece = batch.slice(start, ROWS_AT_ONCE)
                self.n_rows += piece.num_rows
                yield encoded(piece, release_id=release_id)
        yield TRAILER


def encoded(batch: pa.RecordBatch, *, release_id: int | None = None) -> bytes:
    """Return the encoded rows of a batch, with the release's id as the first column if given.

    Columns are string, int32, float32, or lists of string, float32 or timestamp[us]. Values may be
    null, list elements may not.
    """
    n_fields = batch.num_columns + (release_id is not None)
    start = np.array([n_fields], ">i2").tobytes()
    if release_id is not None:
        start += np.array([8], ">i4").tobytes() + np.array([release_id], ">i8").tobytes()
    fields = [pc.fill_null(_field(column), NULL) for column in batch.columns]
    rows = pc.binary_join_element_wise(pa.scalar(start, pa.binary()), *fields, b"")
    return _bytes_of(rows)


def _field(column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type):
        return _list(column)
    if pa.types.is_int32(column.type) or pa.types.is_float32(column.type):
        numbers = column.fill_null(0).to_numpy(zero_copy_only=False)
        return _where_valid(column, _prefixed(numbers.astype(numbers.dtype.newbyteorder(">"))))
    return _texts(column)


def _texts(column: pa.Array) -> pa.Array:
    lengths = pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    return pc.binary_join_element_wise(
        _fixed(lengths.astype(">i4")), column.cast(pa.binary()), b"", null_handling="emit_null"
    )


def _list(column: pa.ListArray) -> pa.Array:
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    oid, elements = _elements(column.flatten())
    ends = np.concatenate([[0], np.cumsum(lengths)])
    joined = _rejoined(elements, ends)
    sizes = pc.binary_length(joined).to_numpy()
    head = np.empty((len(lengths), 6), ">i4")
    head[:] = (0, 1, 0, oid, 0, 1)  # size, dimensions, no nulls, type, length, lower bound
    head[:, 0], head[:, 4] = sizes + 20, lengths
    empty = np.array([12, 0, 0, oid], ">i4").tobytes()
    heads = pc.if_else(pa.array(lengths == 0), pa.scalar(empty, pa.binary()), _fixed(head))
    return _where_valid(column, pc.binary_join_element_wise(heads, joined, b""))


def _elements(values: pa.Array) -> tuple[int, pa.Array]:
    if pa.types.is_string(values.type):
        coded = values.dictionary_encode()  # a few thousand distinct ids
        return TEXT_OID, _texts(coded.dictionary).take(coded.indices)
    if pa.types.is_float32(values.type):
        return REAL_OID, _prefixed(values.to_numpy(zero_copy_only=False).astype(">f4"))
    since = values.cast(pa.int64()).to_numpy(zero_copy_only=False) - POSTGRES_EPOCH
    return TIMESTAMPTZ_OID, _prefixed(since.astype(">i8"))


def _prefixed(numbers: np.ndarray[Any, Any]) -> pa.Array:
    width = numbers.dtype.itemsize
    rows = np.empty(len(numbers), [("size", ">i4"), ("value", numbers.dtype)])
    rows["size"], rows["value"] = width, numbers
    return _fixed(rows)


def _fixed(rows: np.ndarray[Any, Any]) -> pa.Array:
    """Return one binary value per row of a numpy array, without a copy."""
    data = np.ascontiguousarray(rows)
    width = data.nbytes // len(data) if len(data) else 0
    offsets = np.arange(len(data) + 1, dtype=np.int32) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(), len(data), buffers)


def _rejoined(elements: pa.Array, ends: np.ndarray[Any, Any]) -> pa.Array:
    """Return the elements joined into values that end at `ends`, without a copy."""
    _, offsets, data = elements.buffers()
    at = np.frombuffer(offsets, np.int32, len(elements) + 1, elements.offset * 4)
    buffers = [None, pa.py_buffer(at[ends].astype(np.int32)), data]
    return pa.Array.from_buffers(pa.binary(), len(ends) - 1, buffers)


def _where_valid(column: pa.Array, field: pa.Array) -> pa.Array:
    if column.null_count == 0:
        return field
    return pc.if_else(column.is_valid(), field, pa.scalar(None, pa.binary()))


def _bytes_of(rows: pa.Array) -> bytes:
    _, offsets, data = rows.buffers()
    if data is None or len(rows) == 0:
        return b""
    at = np.frombuffer(offsets, np.int32, len(rows) + 1, rows.offset * 4)
    return bytes(data[int(at[0]) : int(at[-1])])
