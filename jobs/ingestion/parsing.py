"""Read sent files on Spark's workers as rows of bronze: text, each row with its file and line.

Each file is read by one task, with the reader that `check` uses. A record that cannot be decoded or
split into fields is kept as text in the column `raw`. Blank lines are skipped.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, reduce
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from jobs.ingestion import samples
from jobs.ingestion.bronze_batches import bronze_batches
from jobs.ingestion.reading import memory
from jobs.ingestion.samples import Sample
from jobs.ingestion.sources import SentFile
from jobs.runtime.errors import UnreadableFileError
from warehouse.creation import arrow_schema
from warehouse.tables import Table

OfFiles = Callable[..., Iterator[pa.RecordBatch]]
Read = Callable[[Path | bytes, SentFile], Iterator[pa.RecordBatch]]

_TASKS_PER_CORE = 8  # each task writes a file: thousands of small ones would be slow to read
_CRASH = "Python worker exited unexpectedly"
_SENTENCE = re.compile(rf"{UnreadableFileError.__name__}: (.+)")


def bronze_rows(
    spark: SparkSession, table: Table, files: Sequence[SentFile], *, run_key: str
) -> DataFrame:
    """Return the files' rows as rows of the table. They are read when Spark writes them."""
    columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
    return _read(spark, files, partial(bronze_batches, table=table, run_key=run_key), columns)


def rows_in_memory(
    table: Table, files: Sequence[SentFile], *, run_key: str, max_bytes: int
) -> pa.Table | None:
    """Return the rows of local files as rows of the table, read by this process.

    None if they take more than `max_bytes`.
    """
    batches: list[pa.RecordBatch] = []
    n_bytes = 0
    with memory.bounded():
        for file in files:
            for batch in bronze_batches(Path(file.path), file, table=table, run_key=run_key):
                batches.append(batch)
                n_bytes += batch.nbytes
                if n_bytes > max_bytes:
                    return None
    return pa.Table.from_batches(batches, arrow_schema(table))


def samples_of(spark: SparkSession | None, files: Sequence[SentFile]) -> dict[SentFile, Sample]:
    """Return the first rows of each file. Spark's workers read files that are not local.

    Without Spark, all files are local.

    Raises:
        UnreadableFileError: a file cannot be read as the manifest says.
    """
    with memory.bounded():
        by_file = {
            file: samples.read(Path(file.path), file.section, name=file.name)
            for file in files
            if file.is_local
        }
    remote = [file for file in files if not file.is_local]
    if spark is not None and remote:
        by_key = {_key(file): file for file in remote}
        with errors_as_sentences():
            rows = _read(spark, remote, _sample, "file string, sample string").collect()
        by_file |= {by_key[row["file"]]: samples.from_json(row["sample"]) for row in rows}
    return by_file


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Raise the error of a file as a sentence, without the trace of Spark if a worker raised it.

    Raises:
        UnreadableFileError: a file could not be read to its end; nothing was written.
    """
    try:
        yield
    except Py4JJavaError as error:
        if _CRASH not in str(error):
            raise
        raise UnreadableFileError(f"a file: {memory.CRASH}. Nothing was landed") from error
    except UnreadableFileError as error:
        raise UnreadableFileError(f"{error}. Nothing was landed") from None
    except PySparkException as error:
        sentence = _SENTENCE.search(str(error))
        if sentence is None:
            raise
        raise UnreadableFileError(f"{sentence[1]}. Nothing was landed") from None


def _read(spark: SparkSession, files: Sequence[SentFile], read: Read, ddl: str) -> DataFrame:
    """Return the batches that `read` yields for each file, as a frame.

    Each file is read by one task. The task opens a local file itself; Spark reads a file at a URL,
    whose content is then in the task's memory.
    """
    frames = []
    if local := [file for file in files if file.is_local]:
        n_tasks = min(len(local), _TASKS_PER_CORE * spark.sparkContext.defaultParallelism)
        numbers = spark.range(0, len(local), 1, n_tasks)
        frames.append(numbers.mapInArrow(partial(of_local, files=local, read=read), ddl))
    if remote := [file for file in files if not file.is_local]:
        paths = sorted({_literal(file.path) for file in remote})
        content = spark.read.format("binaryFile").load(paths).select("path", "content")
        frames.append(content.mapInArrow(partial(of_content, files=remote, read=read), ddl))
    return reduce(DataFrame.union, frames)


def of_local(
    batches: Iterator[pa.RecordBatch], *, files: Sequence[SentFile], read: Read
) -> Iterator[pa.RecordBatch]:
    """Yield the batches of local files, whose positions in `files` are the first column."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            with memory.bounded():
                yield from read(Path(files[number].path), files[number])


def of_content(
    batches: Iterator[pa.RecordBatch], *, files: Sequence[SentFile], read: Read
) -> Iterator[pa.RecordBatch]:
    """Yield the batches of files whose paths and contents are the columns."""
    by_path: dict[str, list[SentFile]] = defaultdict(list)
    for file in files:
        by_path[_plain(file.path)].append(file)
    for batch in batches:
        for path, content in zip(*batch.columns, strict=True):
            plain = _plain(path.as_py())  # may be written as a URL
            for file in by_path[plain if plain in by_path else unquote(plain)]:
                with memory.bounded():
                    yield from read(content.as_py(), file)


def _sample(source: Path | bytes, file: SentFile) -> Iterator[pa.RecordBatch]:
    sample = samples.read(source, file.section, name=file.name)
    yield pa.record_batch({"file": [_key(file)], "sample": [sample.as_json()]})


def _key(file: SentFile) -> str:
    return f"{file.landing_id} {file.path}"


def _literal(path: str) -> str:
    """Return the path with the characters escaped that Hadoop uses in patterns."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def _plain(path: str) -> str:
    """Return the path without its scheme, after which the number of slashes varies."""
    return re.sub(r"^[a-z0-9]+:/*", "/", path)
