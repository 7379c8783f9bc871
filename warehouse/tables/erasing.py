"""The tables of erasures: who was erased, what was deleted, which old files are gone.

They name users by digests: the SHA-256 of `<data set>/<user id>`, hexadecimal.
"""

from warehouse.tables.base import RUN_KEY, Column, table

_DIGEST = Column("user_digest", "string", "SHA-256 of `<data set>/<user id>`, hexadecimal.")
_TABLE = Column("table_name", "string", "Full name of the table, such as `silver.events`.")

BRONZE_ERASURES = table(
    "bronze.erasures",
    "The erased users, copied from Postgres by `erase`. `refine` leaves out their rows. Rows are "
    "appended and never changed.",
    _DIGEST,
    Column("requested_at", "timestamp", "When the erasure was requested, UTC."),
    RUN_KEY,
    key=("user_digest",),
)

GOLD_ERASED_ROWS = table(
    "gold.erased_rows",
    "What `erase` deleted: one row per user and commit.",
    _DIGEST,
    _TABLE,
    Column("version", "bigint", "Delta version of the table without the rows."),
    Column("n_rows", "bigint", "Rows of the user that the commit deleted."),
    Column("erased_at", "timestamp", "Time of the commit, UTC."),
    RUN_KEY,
    key=("user_digest", "table_name", "version"),
)

GOLD_PURGES = table(
    "gold.purges",
    "Purges of old versions: from then on, no file of the table has a row that was deleted before "
    "`oldest_version`.",
    _TABLE,
    Column("oldest_version", "bigint", "The oldest Delta version that can still be read."),
    Column("n_files", "bigint", "Deleted data files."),
    Column("n_log_files", "bigint", "Deleted files of the table's log."),
    Column("purged_at", "timestamp", "UTC."),
    RUN_KEY,
    key=("table_name", "oldest_version"),
)
