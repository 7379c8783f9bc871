"""Land what a data set's source sent in bronze: as it is, each row with its file and line.

A file that was landed before is not landed again, and one whose columns are not the manifest's is
refused before anything is written.

Run: python -m jobs.land --dataset movielens_1m
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.ingestion import file_headers, sources
from jobs.ingestion.file_headers import Head
from jobs.ingestion.parsing import bronze_rows
from jobs.ingestion.sources import SentFile
from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Given
from jobs.runtime.errors import EmptyFileError, HeaderError, JobError
from warehouse.datasets import Dataset
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.sources import Files
from warehouse.tables import BRONZE, BRONZE_LANDINGS, Table

if TYPE_CHECKING:
    from warehouse.delta import Warehouse

log = logging.getLogger(__name__)


def accepted_heads(
    spark: SparkSession, dataset: Dataset, files: Sequence[SentFile]
) -> dict[SentFile, Head]:
    """Return each file's head, all of them such as the manifest says.

    Raises:
        EmptyFileError: a file holds no row.
        HeaderError: columns are missing, renamed or hold something else; the message names them.
    """
    found, wrong = {}, []
    for file in files:
        part = sources.parts(dataset)[file.target]
        head = (
            file_headers.of(Path(file.path), part)
            if file.is_local
            else _remote_head(spark, file, part)
        )
        if head.is_empty:
            raise EmptyFileError(
                f"{dataset.name}: {file.name} holds no row; nothing was landed. Send it again, or "
                "take it away"
            )
        wrong += [f"{file.name}: {text}" for text in file_headers.differences(part, head, dataset)]
        ignored = file_headers.unnamed(part, head)
        if ignored and not wrong:
            log.warning("%s: columns not in the manifest, ignored: %s", file.name, list(ignored))
        found[file] = head
    if wrong:
        raise HeaderError(
            f"{dataset.name}: {'; '.join(wrong)}. Nothing was landed. Correct the file or the "
            "manifest"
        )
    return found


def run(warehouse: "Warehouse", dataset: Dataset, inbox: Path) -> int:
    """Land every file that is new, and return the number of rows. A second run lands none."""
    with sources.delivered(dataset, inbox, warehouse.root, warehouse.spark) as delivered:
        files = _new(warehouse, delivered)
        if not files:
            log.info("%s: nothing new; %d files were landed before", dataset.name, len(delivered))
            return 0
        accepted = accepted_heads(warehouse.spark, dataset, files)
        n_rows: dict[str, int] = {}
        for target, part in sources.parts(dataset).items():
            mine = {file: head for file, head in accepted.items() if file.target == target}
            if mine:
                n_rows |= _land(warehouse, BRONZE[target], part, mine)
        _record(warehouse, files, n_rows)
    log.info("%s: landed files=%d rows=%d", dataset.name, len(files), sum(n_rows.values()))
    return sum(n_rows.values())


def main(argv: Sequence[str] | None = None, **given: Unpack[Given]) -> int:
    """Parse the command line, start Spark, run."""
    job = entrypoint.job(entrypoint.parser("land", __doc__).parse_args(argv), **given)
    run(job.warehouse(), job.dataset, job.inbox)
    return 0


def _new(warehouse: "Warehouse", files: Sequence[SentFile]) -> list[SentFile]:
    """Return the files whose bytes were never landed."""
    known = _landing_ids(warehouse, BRONZE_LANDINGS)
    for file in files:
        if file.landing_id in known:
            log.info("%s: was landed before as %s", file.name, file.landing_id)
    return [file for file in files if file.landing_id not in known]


def _land(
    warehouse: "Warehouse", table: Table, part: Files, files: Mapping[SentFile, Head]
) -> dict[str, int]:
    """Append the files' rows, but those that a killed run appended; return rows per landing."""
    rows, n_rows = bronze_rows(warehouse.spark, table, part, files)
    there = _landing_ids(warehouse, table, among=list(n_rows))
    missing = sorted(set(n_rows) - there)
    if missing:
        rows = rows.where(F.col("landing_id").isin(missing)) if there else rows
        signed = rows.withColumn("run_key", F.lit(str(warehouse.run_key)))
        warehouse.append(table, signed, write_id=_write_id(missing))
    return n_rows


def _landing_ids(
    warehouse: "Warehouse", table: Table, *, among: Sequence[str] | None = None
) -> set[str]:
    """Return the landings in the table, read without Spark: it is seconds faster at a few rows."""
    lake = Lake(warehouse.root)
    if not lake.exists(table):
        return set()
    equals = {"landing_id": among} if among is not None else None
    rows = lake.batches(table, columns=["landing_id"], equals=equals)
    return {str(one) for batch in rows for one in batch.column("landing_id").unique().to_pylist()}


def _record(warehouse: "Warehouse", files: Sequence[SentFile], n_rows: Mapping[str, int]) -> None:
    """Write down what was landed: from here on it is not landed again."""
    now = datetime.now(UTC)
    names: dict[str, SentFile] = {}
    for file in files:
        names.setdefault(file.landing_id, file)
    rows = [
        (landing_id, f.target, f.name, f.sha256, n_rows[landing_id], warehouse.run_key, now)
        for landing_id, f in sorted(names.items())
    ]
    frame = warehouse.spark.createDataFrame(rows, BRONZE_LANDINGS.ddl)
    warehouse.append(BRONZE_LANDINGS, frame, write_id=_write_id(list(names)))


def _write_id(landing_ids: Sequence[str]) -> str:
    """Return a name for a write of these landings; a retry with more files gets another one."""
    return hashlib.sha256("\n".join(sorted(landing_ids)).encode()).hexdigest()[:12]


def _remote_head(spark: SparkSession, file: SentFile, part: Files) -> Head:
    if part.format == "parquet":
        schema = spark.read.parquet(file.path).schema
        rows = spark.read.parquet(file.path).limit(1).toLocalIterator()
        types = tuple(field.dataType.simpleString() for field in schema.fields)
        return Head(tuple(schema.names), tuple({} for _ in rows), types=types)
    lines = spark.read.option("lineSep", "\n").text(file.path).limit(file_headers.HEAD_ROWS)
    as_bytes = (bytes(row[0]) for row in lines.selectExpr("CAST(value AS BINARY)").collect())
    return file_headers.from_lines(as_bytes, part)


if __name__ == "__main__":
    entrypoint.run(main, JobError, WarehouseError)
