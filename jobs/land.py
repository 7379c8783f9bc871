"""Land the source's files in bronze: unchanged, each row with its file and line.

A file is landed once, and again after a correction of how the manifest says it is read. Files whose
columns are not the manifest's are rejected before anything is written. Spark starts only for files
of an object store, and for more than `_SMALL_BYTES`.

Run: python -m jobs.land --dataset movielens_1m
"""

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.ingestion import parsing, planning, samples, sources
from jobs.ingestion.listing import listed
from jobs.ingestion.planning import Plan
from jobs.ingestion.sources import SentFile
from jobs.runtime import entrypoint
from jobs.runtime.errors import EmptyFileError, HeaderError
from jobs.runtime.logs import event
from warehouse import landings
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Equals, Lake
from warehouse.tables import BRONZE, BRONZE_LANDINGS, Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

_SMALL_BYTES = 64 << 20  # of the new files of a table: this process reads them, in some seconds
_MAX_BYTES = 512 << 20  # of their rows in memory
_ROWS_PER_FILE = 500_000  # one task reads a file: `refine` shall read a large one with several


def require_headers(
    spark: "SparkSession | None", dataset: Dataset, files: Sequence[SentFile]
) -> None:
    """Compare the columns and the first rows of each file with the manifest.

    Raises:
        EmptyFileError: a file has no row.
        HeaderError: columns are missing, renamed or have another content; the message names them.
        UnreadableFileError: a file cannot be read as the manifest says.
    """
    reasons = []
    for file, sample in parsing.samples_of(spark, files).items():
        if sample.is_empty:
            raise EmptyFileError(
                f"{dataset.name}: {file.name} has no row; nothing was landed. Send it again, or "
                "remove it"
            )
        mismatches = samples.mismatches(file.section, sample, dataset)
        reasons += [f"{file.name}: {mismatch}" for mismatch in mismatches]
        if not reasons and (ignored := samples.ignored_columns(file.section, sample)):
            log.warning("%s: columns not in the manifest, ignored: %s", file.name, listed(ignored))
    if reasons:
        raise HeaderError(
            f"{dataset.name}: nothing was landed, because files differ from the manifest: "
            f"{listed(reasons, most=10, longest=2000, separator='; ')}"
        )


def run(warehouse: Warehouse, dataset: Dataset, inbox: str | Path) -> int:
    """Land every new file, and return the number of rows. A second run lands none.

    `inbox` is the data set's folder of source files, or its URL.
    """
    lake = Lake(warehouse.root)
    needs_spark = sources.need_spark(dataset, warehouse.root, str(inbox))
    spark = warehouse.spark if needs_spark else None
    earlier = landings.recorded(lake)
    names = {(landing.target, landing.source_file) for landing in earlier}
    with sources.delivered(dataset, inbox, warehouse.root, spark, landed=names) as delivered:
        in_force = landings.not_replaced(earlier)
        if dataset.source.delivery == "snapshots":
            in_force = landings.newest_snapshots(in_force)
        plan = planning.plan(delivered, in_force, {landing.landing_id for landing in earlier})
        require_headers(spark, dataset, plan.files)
        n_rows: Counter[str] = Counter()
        for target in dict.fromkeys(file.target for file in plan.files):
            files = [file for file in plan.files if file.target == target]
            n_rows += _land(warehouse, BRONZE[target], files)
        if plan.files:
            _record(warehouse, plan, n_rows)
    if text := sources.unmatched(dataset, inbox):
        log.warning("%s: %s", dataset.name, text)
    n_known, total = len(delivered) - len(plan.files), n_rows.total()
    log.info(
        event(
            "landed", dataset=dataset.name, files=len(plan.files), rows=total, known_files=n_known
        )
    )
    return total


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("land", __doc__).parse_args(argv))
    run(job.warehouse(), job.dataset, job.inbox)


def _land(warehouse: Warehouse, table: Table, files: Sequence[SentFile]) -> Counter[str]:
    """Append the files' rows, unless a killed run did; return the number of rows by landing."""
    landing_ids = {file.landing_id for file in files}
    written = _n_rows(warehouse, table, landing_ids)
    missing = sorted(landing_ids - written.keys())
    if not missing:
        return written
    new = [file for file in files if file.landing_id in missing]
    write_id = landings.write_id(missing)
    with parsing.errors_as_sentences():
        small = _small(warehouse, table, new)
        if small is not None:
            append(warehouse.root, table, small, run_key=warehouse.run_key, write_id=write_id)
        else:
            key = str(warehouse.run_key)
            rows = parsing.bronze_rows(warehouse.spark, table, new, run_key=key)
            warehouse.append(table, rows, write_id=write_id, rows_per_file=_ROWS_PER_FILE)
    return _n_rows(warehouse, table, landing_ids)


def _small(warehouse: Warehouse, table: Table, files: Sequence[SentFile]) -> pa.Table | None:
    """Return the files' rows if few and small files have them and the table takes them as it is."""
    if not all(file.is_local for file in files):
        return None
    if sum(Path(file.path).stat().st_size for file in files) > _SMALL_BYTES:
        return None
    if warehouse.exists(table) and warehouse.differences(table):
        return None
    key = str(warehouse.run_key)
    return parsing.rows_in_memory(table, files, run_key=key, max_bytes=_MAX_BYTES)


def _n_rows(warehouse: Warehouse, table: Table, landing_ids: Collection[str]) -> Counter[str]:
    """Return the rows of each landing in the table, read without Spark: seconds faster."""
    lake, n_rows = Lake(warehouse.root), Counter[str]()
    if lake.exists(table):
        equals: Equals = {"landing_id": landing_ids}
        for batch in lake.batches(table, columns=["landing_id"], equals=equals):
            for counted in batch[0].value_counts().to_pylist():
                n_rows[counted["values"]] += counted["counts"]
    return n_rows


def _record(warehouse: Warehouse, plan: Plan, n_rows: Counter[str]) -> None:
    """Record the landings, so that no later run lands the same files."""
    now = datetime.now(UTC)
    first_files: dict[str, SentFile] = {}
    for file in plan.files:
        first_files.setdefault(file.landing_id, file)
    rows = [
        {
            "landing_id": landing_id,
            "target": file.target,
            "source_file": file.name,
            "sha256": file.sha256,
            "n_rows": n_rows[landing_id],
            "run_key": str(warehouse.run_key),
            "landed_at": now,
            "reading": file.reading,
            "section": file.section_name,
            "replaces": list(plan.replaces[landing_id]),
        }
        for landing_id, file in sorted(first_files.items())
    ]
    write_id = landings.write_id(first_files)
    append(warehouse.root, BRONZE_LANDINGS, rows, run_key=warehouse.run_key, write_id=write_id)


if __name__ == "__main__":
    entrypoint.run(main)
