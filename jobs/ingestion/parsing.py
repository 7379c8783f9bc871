"""Read sent files with Spark as rows of bronze: text, each row with its file and line number.

A line that cannot be decoded or split into fields is kept in `raw`. Blank lines are skipped.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from urllib.parse import unquote

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.ingestion import line_format
from jobs.ingestion.file_headers import FileHeader, required_columns, source_columns
from jobs.ingestion.sources import SentFile
from warehouse.sources import Files
from warehouse.tables import Table

_BLOCKS = "path string, block bigint, base bigint, landing_id string, source_file string"
_NAMES = "path string, landing_id string, source_file string"


def bronze_rows(
    spark: SparkSession, table: Table, files: Files, headers: Mapping[SentFile, FileHeader]
) -> tuple[DataFrame, dict[str, int]]:
    """Return the files' rows without a run key, and the number of rows of each landing.

    Files with the same columns are read together.
    """
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[SentFile]] = defaultdict(list)
    for file, header in headers.items():
        groups[header.columns, header.types].append(file)
    read = [_read(spark, table, files, columns, same) for (columns, _), same in groups.items()]
    n_rows: Counter[str] = Counter()
    for _, counts in read:
        n_rows.update(counts)
    return reduce(DataFrame.unionByName, (frame for frame, _ in read)), dict(n_rows)


def _read(
    spark: SparkSession,
    table: Table,
    files: Files,
    columns: Sequence[str],
    sent_files: list[SentFile],
) -> tuple[DataFrame, dict[str, int]]:
    paths = [_literal(file.path) for file in sent_files]
    by_path = {_plain(file.path): file for file in sent_files}
    if files.format == "parquet":
        rows, n_rows = _parquet_rows(spark, files, paths, by_path)
    else:
        rows, n_rows = _text_rows(spark, files, columns, paths, by_path)
    sent = _sent_columns(table, files)
    return rows.select(*sent, "landing_id", "source_file", "source_line"), n_rows


def _text_rows(
    spark: SparkSession,
    files: Files,
    columns: Sequence[str],
    paths: list[str],
    by_path: Mapping[str, SentFile],
) -> tuple[DataFrame, dict[str, int]]:
    """Return the numbered lines split into a struct `f`, and the number of rows by landing."""
    numbered, n_rows = _numbered(_lines(spark, paths), by_path)
    if files.format == "csv" and files.header:
        numbered = numbered.where("source_line > 1")
        for file in by_path.values():
            n_rows[file.landing_id] -= 1
    if files.encoding != "utf-8":
        as_bytes = F.col("value").cast("binary")
        numbered = numbered.withColumn("value", F.decode(as_bytes, "ISO-8859-1"))
    names = required_columns(files) if files.format == "jsonl" else columns
    fields, malformed = line_format.fields(files, names)
    parsed = numbered.withColumn("f", fields).withColumn("malformed", malformed)
    rows = parsed.select(
        "landing_id",
        "source_file",
        "source_line",
        F.when(~F.col("malformed"), F.col("f")).alias("f"),
        F.when(F.col("malformed"), F.make_valid_utf8("value")).alias("raw"),
    )
    return rows, n_rows


def _lines(spark: SparkSession, paths: list[str]) -> DataFrame:
    """Return the undecoded lines, each with its block and an id that increases within it."""
    sent = spark.read.option("lineSep", "\n").text(paths)
    return sent.select(
        F.expr(r"trim(TRAILING '\r' FROM value)").alias("value"),
        F.col("_metadata.file_path").alias("path"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("n"),
    )


def _numbered(
    lines: DataFrame, by_path: Mapping[str, SentFile]
) -> tuple[DataFrame, dict[str, int]]:
    """Return the lines that are not blank with landing and line number, and counts by landing.

    Each block of a file is read by one task, in order. The line number is the number within the
    block plus the number of lines in the blocks before.
    """
    filled = F.length("value") > 0
    blocks = lines.groupBy("path", "block").agg(
        F.min("n").alias("first"), F.count("*").alias("lines"), F.count_if(filled).alias("filled")
    )
    bases, before, n_rows = [], defaultdict[str, int](int), defaultdict[str, int](int)
    for row in sorted(blocks.collect()):  # a row per block: path, block, first, lines, filled
        path, file = row["path"], by_path[_plain(unquote(row["path"]))]
        base = before[path] - row["first"] + 1
        bases.append((path, row["block"], base, file.landing_id, file.name))
        before[path] += row["lines"]
        n_rows[file.landing_id] += row["filled"]
    offsets = lines.sparkSession.createDataFrame(bases, _BLOCKS)
    numbered = lines.where(filled).join(F.broadcast(offsets), ["path", "block"])
    return numbered.withColumn("source_line", F.col("n") + F.col("base")), n_rows


def _parquet_rows(
    spark: SparkSession, files: Files, paths: list[str], by_path: Mapping[str, SentFile]
) -> tuple[DataFrame, dict[str, int]]:
    """Return the numbered rows as a struct `f` of text, and the number of rows by landing."""
    sent = spark.read.parquet(*paths)
    path = F.col("_metadata.file_path").alias("path")
    names, n_rows = [], defaultdict[str, int](int)
    for row in sent.select(path).groupBy("path").count().collect():  # a row per file
        file = by_path[_plain(unquote(row["path"]))]
        names.append((row["path"], file.landing_id, file.name))
        n_rows[file.landing_id] += row["count"]
    lists = {f.name for f in sent.schema.fields if f.dataType.typeName() == "array"}
    fields = [
        (F.to_json(name) if name in lists else F.col(name).cast("string")).alias(name)
        for name in required_columns(files)
    ]
    rows = sent.select(
        path,
        (F.col("_metadata.row_index") + 1).alias("source_line"),
        F.struct(*fields).alias("f"),
        F.lit(None).cast("string").alias("raw"),
    )
    return rows.join(F.broadcast(spark.createDataFrame(names, _NAMES)), "path"), n_rows


def _sent_columns(table: Table, files: Files) -> list[Column]:
    """Return the table's `sent` columns; null if the source has none of the name."""
    fields, sources = F.col("f"), source_columns(files)
    columns = {name: fields.getField(source) for name, source in sources.items()}
    columns |= {"raw": F.col("raw"), "attributes": _attributes(files)}
    missing = F.lit(None).cast("string")
    return [columns.get(name, missing).alias(name) for name in table.sent]


def _attributes(files: Files) -> Column:
    fields = F.col("f")
    names: Iterable[str] = getattr(files, "attributes", ())
    pairs = [cell for name in names for cell in (F.lit(name), fields.getField(name))]
    attributes = (F.create_map(*pairs) if pairs else F.expr("map()")).cast("map<string,string>")
    return F.when(fields.isNotNull(), attributes)


def _literal(path: str) -> str:
    """Return the path with the characters escaped that Hadoop uses in patterns."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def _plain(path: str) -> str:
    """Return the path without its scheme, after which the number of slashes varies."""
    return re.sub(r"^[a-z0-9]+:/*", "/", path)
