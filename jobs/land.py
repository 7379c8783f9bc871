"""Land the source's files in bronze: unchanged, each row with its file and line.

A file is landed once. Files whose columns are not the manifest's are rejected before anything is
written.

Run: python -m jobs.land --dataset movielens_1m
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.ingestion import file_headers, sources
from jobs.ingestion.file_headers import FileHeader
from jobs.ingestion.parsing import bronze_rows
from jobs.ingestion.sources import SentFile
from jobs.runtime import entrypoint
from jobs.runtime.errors import EmptyFileError, HeaderError
from jobs.runtime.logs import event
from warehouse import landings
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Equals, Lake
from warehouse.sources import Files
from warehouse.tables import BRONZE, BRONZE_LANDINGS, Table

log = logging.getLogger(__name__)


def accepted_headers(
    spark: SparkSession, dataset: Dataset, files: Sequence[SentFile]
) -> dict[SentFile, FileHeader]:
    """Return the header of each file. All files have the columns that the manifest names.

    Raises:
        EmptyFileError: a file has no row.
        HeaderError: columns are missing, renamed or have another content; the message names them.
    """
    headers, reasons = {}, []
    for file in files:
        section = sources.sections(dataset)[file.target]
        header = _header(spark, file, section)
        if header.is_empty:
            raise EmptyFileError(
                f"{dataset.name}: {file.name} has no row; nothing was landed. Send it again, or "
                "remove it"
            )
        mismatches = file_headers.mismatches(section, header, dataset)
        reasons += [f"{file.name}: {mismatch}" for mismatch in mismatches]
        if not reasons and (ignored := file_headers.ignored_columns(section, header)):
            log.warning("%s: columns not in the manifest, ignored: %s", file.name, list(ignored))
        headers[file] = header
    if reasons:
        raise HeaderError(
            f"{dataset.name}: {'; '.join(reasons)}. Nothing was landed. Correct the file or the "
            "manifest"
        )
    return headers


def run(warehouse: Warehouse, dataset: Dataset, inbox: Path) -> int:
    """Land every new file, and return the number of rows. A second run lands none."""
    with sources.delivered(dataset, inbox, warehouse.root, warehouse.spark) as delivered:
        landed = _landing_ids(warehouse, BRONZE_LANDINGS)
        files = [file for file in delivered if file.landing_id not in landed]
        n_rows: dict[str, int] = {}
        headers = accepted_headers(warehouse.spark, dataset, files)
        for target, section in sources.sections(dataset).items():
            of_target = {file: header for file, header in headers.items() if file.target == target}
            if of_target:
                n_rows |= _land(warehouse, BRONZE[target], section, of_target)
        if files:
            _record(warehouse, files, n_rows)
    n_known, total = len(delivered) - len(files), sum(n_rows.values())
    log.info(
        event("landed", dataset=dataset.name, files=len(files), rows=total, known_files=n_known)
    )
    return total


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, start Spark, run."""
    job = entrypoint.job(entrypoint.parser("land", __doc__).parse_args(argv))
    run(job.warehouse(), job.dataset, job.inbox)


def _land(
    warehouse: Warehouse, table: Table, section: Files, headers: Mapping[SentFile, FileHeader]
) -> dict[str, int]:
    """Append the files' rows, unless a killed run did; return the number of rows by landing."""
    rows, n_rows = bronze_rows(warehouse.spark, table, section, headers)
    written = _landing_ids(warehouse, table, {"landing_id": list(n_rows)})
    missing = sorted(set(n_rows) - written)
    if missing:
        rows = rows.where(F.col("landing_id").isin(missing)) if written else rows
        signed = rows.withColumn("run_key", F.lit(str(warehouse.run_key)))
        warehouse.append(table, signed, write_id=landings.write_id(missing))
    return n_rows


def _landing_ids(warehouse: Warehouse, table: Table, equals: Equals | None = None) -> set[str]:
    """Return the landings in the table, read without Spark: seconds faster for a few rows."""
    lake = Lake(warehouse.root)
    if not lake.exists(table):
        return set()
    batches = lake.batches(table, columns=["landing_id"], equals=equals)
    return {str(landing_id) for batch in batches for landing_id in batch[0].unique().to_pylist()}


def _record(warehouse: Warehouse, files: Sequence[SentFile], n_rows: Mapping[str, int]) -> None:
    """Record the landings, so that no later run lands the same files."""
    now = datetime.now(UTC)
    first_files: dict[str, SentFile] = {}
    for file in files:
        first_files.setdefault(file.landing_id, file)
    rows = [
        (landing_id, f.target, f.name, f.sha256, n_rows[landing_id], str(warehouse.run_key), now)
        for landing_id, f in sorted(first_files.items())
    ]
    frame = warehouse.spark.createDataFrame(rows, BRONZE_LANDINGS.ddl)
    warehouse.append(BRONZE_LANDINGS, frame, write_id=landings.write_id(first_files))


def _header(spark: SparkSession, file: SentFile, section: Files) -> FileHeader:
    if file.is_local:
        return file_headers.read(Path(file.path), section)
    if section.format == "parquet":
        schema = spark.read.parquet(file.path).schema
        rows = spark.read.parquet(file.path).limit(1).toLocalIterator()
        types = tuple(field.dataType.simpleString() for field in schema.fields)
        return FileHeader(tuple(schema.names), tuple({} for _ in rows), types=types)
    lines = spark.read.option("lineSep", "\n").text(file.path).limit(file_headers.HEADER_ROWS)
    as_bytes = (bytes(row[0]) for row in lines.selectExpr("CAST(value AS BINARY)").collect())
    return file_headers.from_lines(as_bytes, section)


if __name__ == "__main__":
    entrypoint.run(main)
