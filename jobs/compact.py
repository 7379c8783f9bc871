"""Replace many small files of the lake's tables by few large ones. No Spark.

A table is compacted from a number of small files on. No row changes, and readers and kept releases
keep the versions that they use.

Run: python -m jobs.compact --dataset movielens_1m
"""

import logging
from collections.abc import Sequence

from jobs.maintenance import records
from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from warehouse.maintenance import compaction, files
from warehouse.run_keys import RunKey

log = logging.getLogger(__name__)


def run(root: str, *, run_key: RunKey, min_files: int = compaction.MIN_SMALL_FILES) -> int:
    """Compact every table with many small files; return the number of replaced files."""
    record = records.of_tables(
        "compact",
        root,
        lambda table: compaction.compact(root, table, run_key=run_key, min_files=min_files),
        files.current,
    )
    record.write(root, run_key, of_lake=True)
    log.info(event("compacted_lake", files=record.n_done, tables=len(record.rows)))
    return record.n_done


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("compact", __doc__).parse_args(argv))
    run(job.root, run_key=job.run_key)


if __name__ == "__main__":
    entrypoint.run(main)
