"""The first rows of a file, and whether they agree with the manifest.

`land` compares them with the manifest before anything is written; `check` grades more of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.checks.sent_rows import joined
from jobs.ingestion.columns import required_columns
from jobs.ingestion.interpreting import numbers_guess, times_guess, values
from jobs.ingestion.listing import LONGEST, listed, shortened
from jobs.ingestion.reading import open_file
from warehouse.datasets import Dataset
from warehouse.manifests.sources import Events, Files, Ratings

SAMPLE_ROWS = 1000
SAMPLE_BYTES = 1 << 26
ENOUGH_ROWS = 10
LINE = "source_line"


@dataclass(frozen=True, slots=True)
class Sample:
    """The columns of a file in order, its first well-formed rows, and the number of malformed ones.

    `rows` has the columns that the manifest names, as text, and `source_line`. `notes` are the
    reader's sentences on malformed rows. `types` are the columns' types as text (parquet only).
    `is_whole` says whether it has all rows of the file.
    """

    columns: tuple[str, ...]
    rows: pa.Table
    n_malformed: int = 0
    notes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    is_whole: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether the file has no row."""
        return not self.rows.num_rows and not self.n_malformed

    def as_json(self) -> str:
        """Return the sample as text, which `from_json` reads."""
        rows = self.rows.to_pydict()
        others = [self.n_malformed, self.notes, self.types, self.is_whole]
        return orjson.dumps([self.columns, rows, *others]).decode()


def from_json(text: str) -> Sample:
    """Return the sample whose `as_json` is the text."""
    columns, rows, n_malformed, notes, types, is_whole = orjson.loads(text)
    arrays = {
        name: pa.array(column, pa.int64() if name == LINE else pa.string())
        for name, column in rows.items()
    }
    table = pa.table(arrays)
    return Sample(tuple(columns), table, n_malformed, tuple(notes), tuple(types), is_whole)


def read(
    source: Path | bytes,
    files: Files,
    *,
    name: str,
    limit: int = SAMPLE_ROWS,
    max_bytes: int = SAMPLE_BYTES,
) -> Sample:
    """Return the first rows of a file: at most `limit`, and about as many as have `max_bytes`.

    Raises:
        UnreadableFileError: the file cannot be read as the manifest says.
    """
    reader = open_file(source, files, name=name)
    required = required_columns(files)
    schema = pa.schema([("line", pa.int64()), *((x, pa.string()) for x in ("raw", *required))])
    batches = list(reader.batches(required, limit=limit, max_bytes=max_bytes))
    sent = pa.Table.from_arrays(
        [
            pa.chunked_array([batch.column(n) for batch in batches], field.type)
            for n, field in enumerate(schema)
        ],
        schema=schema,
    )
    rows = sent.filter(pc.is_null(sent.column(1)))
    arrays = {LINE: rows.column(0)}
    arrays |= {column: rows.column(n) for n, column in enumerate(required, 2)}
    n_malformed = sent.num_rows - rows.num_rows
    is_whole = sent.num_rows < limit and sum(batch.nbytes for batch in batches) < max_bytes
    table = pa.table(arrays)
    return Sample(reader.columns, table, n_malformed, reader.notes, reader.types, is_whole)


def mismatches(files: Files, sample: Sample, dataset: Dataset) -> list[str]:
    """Return why the file cannot be landed, one text per reason; an empty list if it can."""
    missing = [name for name in required_columns(files) if name not in sample.columns]
    if missing and not (files.format == "jsonl" and not sample.rows.num_rows):
        return [_missing(files, sample, missing)]
    if not sample.rows.num_rows and sample.n_malformed >= ENOUGH_ROWS:
        notes = "".join(f". {note}" for note in sample.notes)
        fields = _list(sample.columns) or "JSON fields"
        return [f"no line can be split into {fields}{notes}. Correct how the file is read"]
    return _wrong_types(files, sample, dataset)


def ignored_columns(files: Files, sample: Sample) -> tuple[str, ...]:
    """Return the columns that the manifest does not name. They are not landed."""
    return () if files.fields and not files.header else tuple(_unnamed(files, sample))


def joined_times(files: Ratings | Events, rows: pa.Table) -> pa.StringArray:
    """Return the texts of the time as bronze has them: those of two columns are joined."""
    return joined(rows[name].combine_chunks() for name in files.time_columns)


def _missing(files: Files, sample: Sample, missing: list[str]) -> str:
    text = f"no column {_list(missing)}; the file has {_list(sample.columns) or 'no columns'}"
    if unnamed := _unnamed(files, sample):
        text += f", of which the manifest does not name {_list(unnamed)}"
    text += ". Correct the names in the manifest or in the file"
    if isinstance(files, Ratings | Events) and set(missing) == set(files.time_columns):
        text += ". If the data have no times, write `time = false`"
    if files.format == "csv" and files.header and _looks_like_data(sample.columns):
        text += ". If the first line is data, write `header = false` and the names in `fields`"
    return text


def _looks_like_data(columns: Iterable[str]) -> bool:
    numbers = values.numbers(pa.array([*columns], pa.string()), Files(file=""))
    return bool(numbers.null_count < len(numbers))


def _wrong_types(files: Files, sample: Sample, dataset: Dataset) -> list[str]:
    rows = sample.rows
    if not isinstance(files, Ratings | Events) or rows.num_rows < ENOUGH_ROWS:
        return []
    reasons = []
    if isinstance(files, Ratings):
        texts = rows[files.value].combine_chunks()
        is_number = pc.is_valid(values.numbers(texts, files))
        if not pc.any(pc.or_(is_number, values.stands_for_no_value(texts, files))).as_py():
            scale = f"{dataset.scale.lowest:g} to {dataset.scale.highest:g}"
            text = f"`{files.value}` has no numbers ({scale} expected): {_sample(texts)}"
            reasons.append(text + (number_hint(texts, files) or ". Correct `value`"))
    if files.time_columns:
        texts = joined_times(files, rows)
        if values.times(texts, files).null_count == len(texts):
            names = _list(files.time_columns)
            text = f"{names} has no times ({files.time_format}): {_sample(texts)}"
            reasons.append(text + (time_hint(texts, files) or ". Correct `time` or `time_format`"))
    return reasons


def number_hint(texts: pa.StringArray, files: Ratings | Events) -> str:
    """Return what to change in the manifest so that the texts are numbers; "" if unknown.

    `texts` is the whole column: all of it says whether a comma is for decimals or for thousands.
    """
    is_number = pc.is_valid(values.numbers(texts, files))
    unread = texts.filter(pc.invert(pc.or_(is_number, values.stands_for_no_value(texts, files))))
    filled = unread.drop_null()
    if not len(filled):
        return ""
    marks = numbers_guess.likely(texts)
    other = files.model_copy(update={"decimal": marks.decimal, "thousands": marks.thousands})
    if values.numbers(filled, other).null_count * 2 < len(filled):
        lines = {"decimal": marks.decimal, "thousands": marks.thousands}
        changed = [f'`{x} = "{mark}"`' for x, mark in lines.items() if mark != getattr(files, x)]
        doubt = marks.doubt and f" {marks.doubt[0].upper()}{marks.doubt[1:]}"
        return f". {'Are' if changed[1:] else 'Is'} {' and '.join(changed)} right?{doubt}"
    words = filled.unique()
    if len(words) <= 20:  # noqa: PLR2004  # more are no words for ratings
        return '. Name the numbers that words stand for: `values = { "…" = 1 }`'
    return ""


def time_hint(texts: pa.StringArray, files: Ratings | Events) -> str:
    """Return the format that reads the texts as plausible times, as a question; "" if none."""
    likely = times_guess.likely(texts)
    if likely is None or likely.name == files.time_format:
        return ""
    first = "the day" if likely.other.startswith("%d") else "the month"
    other = f', or, if {first} comes first, "{likely.other}"' if likely.other else ""
    return f'. Is `time_format = "{likely.name}"`{other} right?'


def _unnamed(files: Files, sample: Sample) -> list[str]:
    named = {*required_columns(files), *files.fields}
    if files.format != "csv":  # `user.id` is a field of the object `user`
        named |= {name[: dot.start()] for name in named for dot in re.finditer(r"\.", name)}
    return [name for name in sample.columns if name not in named]


def _list(names: Iterable[str]) -> str:
    return listed([f"`{shortened(name)}`" for name in names], longest=LONGEST + 3)


def _sample(texts: pa.StringArray) -> str:
    return listed([*map(repr, dict.fromkeys(texts[:3].to_pylist()))])
