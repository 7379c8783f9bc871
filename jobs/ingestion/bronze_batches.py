"""Record batches of a sent file as record batches of its table in bronze. No Spark."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.category_lists import with_flags, with_json_lists
from jobs.ingestion.columns import Columns, columns_of
from jobs.ingestion.reading import open_file
from jobs.ingestion.sources import SentFile
from warehouse.append import arrow_schema
from warehouse.manifests.sources import Items, Users
from warehouse.tables import Table


def bronze_batches(
    source: Path | bytes, file: SentFile, *, table: Table, run_key: str
) -> Iterator[pa.RecordBatch]:
    """Yield the file's rows as rows of the table.

    Raises:
        UnreadableFileError: the file cannot be read as the manifest says.
    """
    schema = arrow_schema(table)
    columns = columns_of(file.section)
    constants = {
        "landing_id": file.landing_id,
        "source_file": file.name,
        "section": file.section_name,
        "run_key": run_key,
    }
    reader = open_file(source, file.section, name=file.name)
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
    """Return the columns of bronze that hold values as they were sent."""
    section = file.section
    arrays = {name: _joined([sent[n] for n in names]) for name, names in columns.texts.items()}
    if isinstance(section, Items):
        texts = arrays.get("categories")
        if texts is not None:
            arrays["categories"] = with_json_lists(texts)
        if section.category_flags:
            flags = {name: sent[column] for column, name in section.category_flags.items()}
            listed = with_flags(texts, flags, separator=section.categories_separator)
            arrays["categories"] = pc.if_else(pc.is_null(raw), listed, None)
    is_malformed = pc.is_valid(raw)
    if columns.attributes or isinstance(section, Users):
        arrays["attributes"] = _map(columns.attributes, sent, is_malformed)
    if columns.extra:
        arrays["extra"] = _map(columns.extra, sent, is_malformed)
    return arrays


def _joined(texts: Sequence[pa.Array]) -> pa.Array:
    """Return the texts joined by a space; null where all are null."""
    if len(texts) == 1:
        return texts[0]
    joined = pc.binary_join_element_wise(*texts, " ", null_handling="replace")
    joined = pc.utf8_trim(joined, " ")  # where one text is null
    return pc.if_else(pc.is_valid(pc.coalesce(*texts)), joined, None)


def _map(names: Sequence[str], sent: Mapping[str, pa.Array], is_null: pa.Array) -> pa.Array:
    """Return a map of name and text per row."""
    n_rows, n_names = len(is_null), len(names)
    offsets = pa.array(np.arange(n_rows + 1, dtype=np.int32) * n_names)
    keys = pa.array([*names], pa.string()).take(pa.array(np.tile(np.arange(n_names), n_rows)))
    texts = pa.concat_arrays([pa.array([], pa.string()), *(sent[name] for name in names)])
    order = np.arange(n_rows * n_names).reshape(n_names, n_rows).T.reshape(-1)
    return pa.MapArray.from_arrays(offsets, keys, texts.take(pa.array(order)), mask=is_null)
