"""Read sent files with Spark as bronze holds them: text, each row with its file and exact line.

A line that cannot be split into the file's columns, or is no text in the file's encoding, becomes
a row with `raw` set. Blank lines are no rows.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from urllib.parse import unquote

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from jobs.ingestion.file_headers import Head, expected, roles
from jobs.ingestion.sources import SentFile
from warehouse.sources import Files
from warehouse.tables import Table

_BAD = "_malformed_record"
_BLOCKS = "path string, block bigint, base bigint, landing_id string, source_file string"
_NAMES = "path string, landing_id string, source_file string"


def bronze_rows(
    spark: SparkSession, table: Table, part: Files, files: Mapping[SentFile, Head]
) -> tuple[DataFrame, dict[str, int]]:
    """Return the files' rows without a run key, and the number of rows of each landing.

    Files whose columns differ in order or number are read apart and put together again.
    """
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[SentFile]] = defaultdict(list)
    for file, head in files.items():
        groups[head.columns, head.types].append(file)
    read = [_read(spark, table, part, columns, same) for (columns, _), same in groups.items()]
    n_rows: dict[str, int] = defaultdict(int)
    for _, counts in read:
        for landing_id, count in counts.items():
            n_rows[landing_id] += count
    return reduce(DataFrame.unionByName, (frame for frame, _ in read)), dict(n_rows)


def _read(
    spark: SparkSession, table: Table, part: Files, columns: Sequence[str], files: list[SentFile]
) -> tuple[DataFrame, dict[str, int]]:
    paths = [_literal(file.path) for file in files]
    by_path = {_plain(file.path): file for file in files}
    if part.format == "parquet":
        rows, n_rows = _parquet_rows(spark, part, paths, by_path)
    else:
        rows, n_rows = _text_rows(spark, part, columns, paths, by_path)
    sent = _sent_columns(table, part)
    return rows.select(*sent, "landing_id", "source_file", "source_line"), n_rows


def _text_rows(
    spark: SparkSession,
    part: Files,
    columns: Sequence[str],
    paths: list[str],
    by_path: Mapping[str, SentFile],
) -> tuple[DataFrame, dict[str, int]]:
    """Return the lines split into a struct `f`, numbered; and rows per landing."""
    numbered, n_rows = _numbered(_lines(spark, paths), by_path)
    if part.format == "csv" and part.header:
        numbered = numbered.where("source_line > 1")
        for file in by_path.values():
            n_rows[file.landing_id] -= 1
    if part.encoding != "utf-8":
        as_bytes = F.col("value").cast("binary")
        numbered = numbered.withColumn("value", F.decode(as_bytes, "ISO-8859-1"))
    fields, malformed = _fields(part, columns)
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
    """Return the files' lines as bytes in a string, each with its place in the file."""
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
    """Return the lines that are not blank with their landing and number from 1; and their counts.

    A file is read in blocks, each by one task and in order, so counting the lines of the blocks
    before tells where a block begins.
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
    known = lines.sparkSession.createDataFrame(bases, _BLOCKS)
    numbered = lines.where(filled).join(F.broadcast(known), ["path", "block"])
    return numbered.withColumn("source_line", F.col("n") + F.col("base")), n_rows


def _fields(part: Files, columns: Sequence[str]) -> tuple[Column, Column]:
    """Return the struct of a line's fields, and whether the line could not be split into them."""
    value = F.col("value")
    is_text = F.is_valid_utf8(value) if part.encoding == "utf-8" else F.expr("true")
    if part.format == "jsonl":
        schema = _strings(expected(part))
        found = F.from_json(value, schema, {"columnNameOfCorruptRecord": _BAD})
        return found, ~is_text | F.col("f").isNull() | F.col("f").getField(_BAD).isNotNull()
    if not part.quote:
        pieces = F.split(value, re.escape(part.separator), -1)
        named = [F.get(pieces, F.lit(i)).alias(name) for i, name in enumerate(columns)]
        return F.struct(*named), ~is_text | (F.size(pieces) != len(columns))
    options = {
        "sep": part.separator,
        "quote": part.quote,
        "escape": part.quote,
        "columnNameOfCorruptRecord": _BAD,
    }
    found = F.from_csv(value, F.lit(_strings(columns).toDDL()), options)
    return found, ~is_text | F.col("f").getField(_BAD).isNotNull()


def _parquet_rows(
    spark: SparkSession, part: Files, paths: list[str], by_path: Mapping[str, SentFile]
) -> tuple[DataFrame, dict[str, int]]:
    """Return the rows as a struct `f` of text, numbered; and rows per landing."""
    sent = spark.read.parquet(*paths)
    path = F.col("_metadata.file_path").alias("path")
    names, n_rows = [], defaultdict[str, int](int)
    for row in sent.select(path).groupBy("path").count().collect():  # a row per file
        file = by_path[_plain(unquote(row["path"]))]
        names.append((row["path"], file.landing_id, file.name))
        n_rows[file.landing_id] += row["count"]
    fields = [
        (F.to_json(name) if _is_list(sent, name) else F.col(name).cast("string")).alias(name)
        for name in expected(part)
    ]
    rows = sent.select(
        path,
        (F.col("_metadata.row_index") + 1).alias("source_line"),
        F.struct(*fields).alias("f"),
        F.lit(None).cast("string").alias("raw"),
    )
    return rows.join(F.broadcast(spark.createDataFrame(names, _NAMES)), "path"), n_rows


def _is_list(frame: DataFrame, name: str) -> bool:
    return frame.schema[name].dataType.typeName() == "array"


def _sent_columns(table: Table, part: Files) -> list[Column]:
    """Return the table's `sent` columns; null if the source has none of the name."""
    fields, sources = F.col("f"), roles(part)
    columns = {name: fields.getField(source) for name, source in sources.items()}
    columns |= {"raw": F.col("raw"), "attributes": _attributes(part)}
    missing = F.lit(None).cast("string")
    return [columns.get(name, missing).alias(name) for name in table.sent]


def _attributes(part: Files) -> Column:
    fields = F.col("f")
    names: Iterable[str] = getattr(part, "attributes", ())
    pairs = [cell for name in names for cell in (F.lit(name), fields.getField(name))]
    attributes = (F.create_map(*pairs) if pairs else F.expr("map()")).cast("map<string,string>")
    return F.when(fields.isNotNull(), attributes)


def _strings(names: Sequence[str]) -> StructType:
    return StructType([StructField(name, StringType()) for name in (*names, _BAD)])


def _literal(path: str) -> str:
    """Return the path with what Hadoop would take for a pattern escaped."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def _plain(path: str) -> str:
    """Return the path without its scheme, whose slashes are written in several ways."""
    return re.sub(r"^[a-z0-9]+:/*", "/", path)
