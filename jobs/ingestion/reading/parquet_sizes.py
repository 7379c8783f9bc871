"""The size of Parquet rows once they are read: a small file may fill the memory.

A file stores a text that repeats once, in a dictionary: 500 bytes may stand for gigabytes. Columns
with long texts, or with texts inside lists and objects, stay dictionaries until their rows are
divided into small parts. Reading other columns as dictionaries would take several times as long.
"""

import itertools
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

NUMBER_BYTES = 8
Sizes = npt.NDArray[np.int64]


def text_paths(file: pq.ParquetFile) -> list[str]:
    """Return the columns of text or bytes, as paths in the schema, also those inside others."""
    leaves = map(file.schema.column, range(len(file.schema)))
    return [
        leaf.path
        for leaf in leaves
        if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type != "DECIMAL"
    ]


def long_texts(file: pq.ParquetFile, columns: Sequence[str], longest: int) -> list[str]:
    """Return the columns with a text in a dictionary that has more than `longest` bytes.

    `file` must have been opened to read these columns as dictionaries. Only the first row of each
    row group is read: the whole dictionary comes with it.
    """
    names: set[str] = set()
    for group in range(file.num_row_groups if columns else 0):
        for batch in itertools.islice(file.iter_batches(1, row_groups=[group], columns=columns), 1):
            names.update(name for name in columns if _longest(batch.column(name)) > longest)
    return sorted(names)


def longest_average(metadata: pq.FileMetaData, needed: Collection[str]) -> int:
    """Return the largest average size of a row group's rows, in bytes; only `needed` columns."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    return max((_n_bytes(group, needed) // max(group.num_rows, 1) for group in groups), default=0)


def _n_bytes(group: pq.RowGroupMetaData, needed: Collection[str]) -> int:
    chunks = map(group.column, range(group.num_columns))
    return sum(
        chunk.total_uncompressed_size
        for chunk in chunks
        if any(
            chunk.path_in_schema == name or chunk.path_in_schema.startswith(f"{name}.")
            for name in needed
        )
    )


def _longest(values: pa.Array) -> int:
    if not pa.types.is_dictionary(values.type):
        return 0
    return int(pc.max(pc.binary_length(values.dictionary)).as_py() or 0)


def parts(batch: pa.RecordBatch, sizes: Sizes, batch_bytes: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the batch, in parts with at most `batch_bytes` bytes or one row."""
    ends = np.cumsum(sizes)
    start = 0
    while start < batch.num_rows:
        before = ends[start - 1] if start else 0
        end = int(np.searchsorted(ends, before + batch_bytes, side="right"))
        end = max(end, start + 1)
        yield batch.slice(start, end - start)
        start = end


def row_sizes(batch: pa.RecordBatch) -> Sizes:
    """Return the number of bytes of each row without dictionaries. A number has 8 bytes."""
    return sum(map(_sizes, batch.columns), np.zeros(batch.num_rows, np.int64))


def _sizes(values: pa.Array) -> Sizes:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _repeated_sizes(values)
    if pa.types.is_struct(kind):
        return sum(map(_sizes, values.flatten()), np.zeros(len(values), np.int64))
    if pa.types.is_fixed_size_list(kind):
        start, length = values.offset * kind.list_size, len(values) * kind.list_size
        inner = _sizes(values.values.slice(start, length))
        sums: Sizes = inner.reshape(len(values), -1).sum(axis=1)
        return sums
    return _list_sizes(values) if pa.types.is_nested(kind) else _value_sizes(values)


def _repeated_sizes(values: pa.DictionaryArray) -> Sizes:
    if not len(values.dictionary):
        return np.zeros(len(values), np.int64)
    sizes = _sizes(values.dictionary)
    positions = pc.fill_null(values.indices, 0).to_numpy(zero_copy_only=False)
    return np.where(values.is_valid().to_numpy(zero_copy_only=False), sizes[positions], 0)


def _list_sizes(values: pa.Array) -> Sizes:
    """Return the sizes of lists or maps: those of their elements, which the offsets refer to."""
    is_map = pa.types.is_map(values.type)
    inner = _sizes(values.keys) + _sizes(values.items) if is_map else _sizes(values.values)
    offsets = values.offsets.to_numpy()
    sums = np.concatenate(([0], np.cumsum(inner)))
    differences: Sizes = sums[offsets[1:]] - sums[offsets[:-1]]
    return differences


def _value_sizes(values: pa.Array) -> Sizes:
    if pa.types.is_fixed_size_binary(values.type):
        return np.full(len(values), values.type.byte_width, np.int64)
    try:
        lengths = pc.fill_null(pc.binary_length(values), 0)
    except pa.ArrowNotImplementedError:  # a number, a time, a truth value
        return np.full(len(values), NUMBER_BYTES, np.int64)
    sizes: Sizes = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
    return sizes
