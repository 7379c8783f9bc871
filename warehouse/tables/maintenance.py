"""What the DAG `maintain` did: one row per step and thing that it changed."""

from warehouse.tables.base import RUN_KEY, Column, table

GOLD_MAINTENANCE = table(
    "gold.maintenance",
    "What `maintain` did: per run and step one row for all it looked at (`subject` is `all`), and "
    "one for each table or folder that it changed.",
    Column("step", "string", "`compact`, `vacuum`, `prune` or `clean_airflow`."),
    Column(
        "subject",
        "string",
        "Full name of the table, such as `silver.events`; of `prune` the kind of record; `logs`; "
        "`all`.",
    ),
    Column("n_done", "bigint", "Files compacted or deleted; of `prune` deleted rows."),
    Column("files_before", "bigint", "Data files before; null if not of the lake.", nullable=True),
    Column("files_after", "bigint", "Data files after; null if not of the lake.", nullable=True),
    Column("bytes_before", "bigint", "Their size before, in bytes.", nullable=True),
    Column("bytes_after", "bigint", "Their size after, in bytes.", nullable=True),
    Column("seconds", "double", "Duration; of `all` that of the step."),
    Column("ended_at", "timestamp", "UTC."),
    RUN_KEY,
    key=("run_key", "subject"),
)
