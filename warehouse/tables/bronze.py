"""Bronze: what came, as it was sent; rows are only added."""

from warehouse.tables.base import LINE, RUN_KEY, Column, Table

_LANDED = (
    Column("landing_id", "string", "The landing that brought the row: see `bronze.landings`."),
    Column("source_file", "string", "Name of the file the row came from."),
    Column("source_line", "bigint", "Line (parquet: row) in that file, from 1."),
    Column(
        "raw",
        "string",
        "The line itself where it could not be split into fields, else null.",
        nullable=True,
    ),
    RUN_KEY,
)


def _sent(name: str) -> Column:
    return Column(name, "string", "As sent.", nullable=True)


BRONZE_LANDINGS = Table(
    layer="bronze",
    name="landings",
    doc="One row per file that was landed, or part of the outbox that was collected. It is the "
    "memory of `land`, which takes no file twice.",
    columns=(
        Column("landing_id", "string", "First 16 hex digits of `sha256`, then the table's name."),
        Column("target", "string", "`ratings`, `items`, `users` or `feedback`."),
        Column("source_file", "string", "Name of the file (or pattern); `outbox` for feedback."),
        Column(
            "sha256",
            "string",
            "Digest of the bytes; of names, sizes and times for a folder; of the cursor for the "
            "outbox.",
        ),
        Column("n_rows", "bigint", "Rows landed, valid or not."),
        RUN_KEY,
        Column("landed_at", "timestamp", "UTC."),
    ),
    key=("landing_id",),
)

BRONZE_RATINGS = Table(
    layer="bronze",
    name="ratings",
    doc="Ratings as they were sent: text, valid or not. Appended, never changed.",
    columns=(_sent("user_id"), _sent("item_id"), _sent("rating"), _sent("rated_at"), *_LANDED),
    key=LINE,
)

BRONZE_ITEMS = Table(
    layer="bronze",
    name="items",
    doc="Items as they were sent: text, valid or not. Appended, never changed.",
    columns=(
        _sent("item_id"),
        _sent("title"),
        _sent("categories"),
        _sent("vendor"),
        _sent("released"),
        *_LANDED,
    ),
    key=LINE,
)

BRONZE_USERS = Table(
    layer="bronze",
    name="users",
    doc="Users as they were sent: text, valid or not. Appended, never changed.",
    columns=(
        _sent("user_id"),
        Column(
            "attributes",
            "map<string,string>",
            "The manifest's user attributes, as sent.",
            nullable=True,
        ),
        *_LANDED,
    ),
    key=LINE,
)

BRONZE_FEEDBACK = Table(
    layer="bronze",
    name="feedback",
    doc="Events that the product's API took, as its outbox held them. Appended, never changed. "
    "Each commit's application transaction `outbox` says how far the outbox was read.",
    columns=(
        Column("event_id", "string", "The outbox's: 32 hex digits."),
        _sent("kind"),
        _sent("user_id"),
        _sent("item_id"),
        Column("rating", "double", "As sent; null unless `rate`.", nullable=True),
        Column("occurred_at", "timestamp", "When it happened, as the caller says, UTC."),
        Column("received_at", "timestamp", "When the API took it, UTC."),
        Column("sent_by", "string", "Name of the key that sent it."),
        Column("landing_id", "string", "The part of the outbox: see `bronze.landings`."),
        Column("source_line", "bigint", "Place in that part, from 1, in the order of commits."),
        RUN_KEY,
    ),
    key=("event_id",),
)

BRONZE_COLLECTIONS = Table(
    layer="bronze",
    name="collections",
    doc="The balance sheet of `collect`, one row per part of the outbox that holds anything.",
    columns=(
        Column("landing_id", "string", "See `bronze.landings`."),
        Column("since", "bigint", "Postgres transactions from here on were read,"),
        Column("until", "bigint", "and those from here on were not: the next part begins here."),
        Column("n_outbox", "bigint", "Events that Postgres held of them when they were written."),
        Column("n_written", "bigint", "Events of them in `bronze.feedback`."),
        Column("lag_seconds", "double", "How long the oldest of them had waited."),
        RUN_KEY,
        Column("collected_at", "timestamp", "UTC."),
    ),
    key=("landing_id",),
)
