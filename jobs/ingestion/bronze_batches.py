"""Record batches of a sent file as record batches of its table in bronze. No Spark."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.checks.sent_rows import bronze_texts
from jobs.ingestion.columns import Columns, columns_of
from jobs.ingestion.reading import FileReader, open_file
from jobs.ingestion.sources import SentFile
from warehouse.creation import arrow_schema
from warehouse.manifests.sources import Users
from warehouse.tables import Table


def bronze_batches(
    source: Path | bytes, file: SentFile, *, table: Table, run_key: str
) -> Iterator[pa.RecordBatch]:
    """Yield the file's rows as rows of the table.

    Raises:
        UnreadableFileError: the file cannot be read as the manifest says.
    """
    reader = open_file(source, file.section, name=file.name)
    yield from batches_of(reader, file, table=table, run_key=run_key)


def batches_of(
    reader: FileReader, file: SentFile, *, table: Table, run_key: str
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a reader as rows of the table."""
    schema = arrow_schema(table)
    columns = columns_of(file.section)
    constants = {
        "landing_id": file.landing_id,
        "source_file": file.name,
        "section": file.section_name,
        "run_key": run_key,
    }
    for batch in reader.batches(columns.required):
        line, raw, *texts = batch.columns
        sent = dict(zip(columns.required, texts, strict=True))
        arrays = _sent_columns(file, columns, sent, raw)
        arrays |= {"source_line": line, "raw": raw}
        arrays |= {name: pa.repeat(value, batch.num_rows) for name, value in constants.items()}
        yield pa.record_batch(
            [
                arrays[field.name].cast(field.type)
                if field.name in arrays
                else pa.nulls(batch.num_rows, field.type)
                for field in schema
            ],
            schema=schema,
        )


def _sent_columns(
    file: SentFile, columns: Columns, sent: Mapping[str, pa.Array], raw: pa.Array
) -> dict[str, pa.Array]:
    """Return the columns of bronze that hold values as they were sent; null if malformed."""
    is_malformed = pc.is_valid(raw)
    texts = bronze_texts(file.section, sent)
    arrays = {name: pc.if_else(is_malformed, None, array) for name, array in texts.items()}
    if columns.attributes or isinstance(file.section, Users):
        arrays["attributes"] = _map(columns.attributes, sent, is_malformed)
    if columns.extra:
        arrays["extra"] = _map(columns.extra, sent, is_malformed)
    return arrays


def _map(names: Sequence[str], sent: Mapping[str, pa.Array], is_null: pa.Array) -> pa.Array:
    """Return a map of name and text per row."""
    n_rows, n_names = len(is_null), len(names)
    offsets = pa.array(np.arange(n_rows + 1, dtype=np.int32) * n_names)
    keys = pa.array([*names], pa.string()).take(pa.array(np.tile(np.arange(n_names), n_rows)))
    texts = pa.concat_arrays([pa.array([], pa.string()), *(sent[name] for name in names)])
    order = np.arange(n_rows * n_names).reshape(n_names, n_rows).T.reshape(-1)
    return pa.MapArray.from_arrays(offsets, keys, texts.take(pa.array(order)), mask=is_null)
