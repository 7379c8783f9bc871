"""Rows of a sent file as text: the values that bronze keeps of it, and that checks read. No Spark.

`land` writes them, `refine` reads them from bronze, and `check` makes them from its sample.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.columns import columns_of
from jobs.ingestion.interpreting.category_lists import with_flags, with_json_lists
from warehouse.manifests.sources import Files, Items


@dataclass(frozen=True, slots=True)
class SentRows:
    """Rows of one section of the manifest.

    `texts` has columns by their names in bronze; `attributes` and `extra` (for `keep_if`) have
    columns by their names in the file.
    """

    n_rows: int
    texts: Mapping[str, pa.StringArray]
    attributes: Mapping[str, pa.StringArray]
    extra: Mapping[str, pa.StringArray]


def of_file(section: Files, sent: Mapping[str, pa.StringArray], n_rows: int) -> SentRows:
    """Return the rows of a file, given its columns that the section names."""
    columns = columns_of(section)
    return SentRows(
        n_rows,
        bronze_texts(section, sent),
        {name: sent[name] for name in columns.attributes},
        {name: sent[name] for name in columns.extra},
    )


def text_columns(section: Files) -> tuple[str, ...]:
    """Return the names of the columns of bronze that `bronze_texts` fills."""
    columns = columns_of(section)
    from_flags = ("categories",) if columns.flags else ()
    return tuple(dict.fromkeys((*columns.texts, *from_flags)))


def bronze_texts(section: Files, sent: Mapping[str, pa.StringArray]) -> dict[str, pa.StringArray]:
    """Return the texts of bronze's columns: joined times, lists of categories as JSON."""
    columns = columns_of(section)
    texts = {name: joined(sent[n] for n in names) for name, names in columns.texts.items()}
    if not isinstance(section, Items):
        return texts
    listed = texts.get("categories")
    if listed is not None:
        texts["categories"] = with_json_lists(listed)
    if section.category_flags:
        flags = {name: sent[column] for column, name in section.category_flags.items()}
        separator = section.categories_separator
        texts["categories"] = with_flags(listed, flags, separator=separator)
    return texts


def joined(columns: Iterable[pa.StringArray]) -> pa.StringArray:
    """Return the texts of each row joined by a space; null where all are null."""
    texts: Sequence[pa.StringArray] = list(columns)
    if len(texts) == 1:
        return texts[0]
    together = pc.binary_join_element_wise(*texts, " ", null_handling="replace")
    together = pc.utf8_trim(together, " ")  # where one text is null
    return pc.if_else(pc.is_valid(pc.coalesce(*texts)), together, None)
