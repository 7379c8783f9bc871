"""Bronze: the rows of the sources as they were sent. Rows are added; `erase` deletes users'."""

from warehouse.tables.base import ITEM, LINE, RUN_KEY, TARGET, USER, Column, table

_LANDED = (
    Column("landing_id", "string", "The row's landing: see `bronze.landings`."),
    Column(
        "source_file",
        "string",
        "File that the row came from; Kafka: topic and partition, as in `t/0`.",
    ),
    Column("source_line", "bigint", "Line (parquet: row) in that file, from 1; Kafka: offset."),
    Column("raw", "string", "The line, if it could not be split into fields.", nullable=True),
    RUN_KEY,
)


def _text(name: str, doc: str) -> Column:
    return Column(name, "string", f"{doc}, as sent.", nullable=True)


def _map(name: str, doc: str) -> Column:
    return Column(name, "map<string,string>", f"{doc}, as sent.", nullable=True)


_EXTRA = _map("extra", "The columns that the manifest's `keep_if` names")
_USER = _text("user_id", "The product's id of the user")
_ITEM = _text("item_id", "The product's id of the item")

BRONZE_LANDINGS = table(
    "bronze.landings",
    "One row per landed file or collected batch of the outbox. `land` reads it so that no file "
    "is landed twice.",
    Column(
        "landing_id",
        "string",
        "First 16 hex digits of `sha256`, the table's name, first 8 digits of `reading`.",
    ),
    TARGET,
    Column(
        "source_file",
        "string",
        "Name of the file (or pattern); the topic; `outbox` for feedback; `item_changes`; "
        "`user_changes`.",
    ),
    Column(
        "sha256",
        "string",
        "Digest of the file; in object stores, of name, size and time; of the cursors of the "
        "outbox or topic.",
    ),
    Column("n_rows", "bigint", "Landed rows, valid or not."),
    RUN_KEY,
    Column("landed_at", "timestamp", "When the row was written, UTC."),
    Column(
        "reading",
        "string",
        "Digest of the manifest's fields that say how the file is read.",
        nullable=True,
    ),
    Column("section", "string", "As in `bronze.events`; null for other targets.", nullable=True),
    Column(
        "replaces",
        "array<string>",
        "Earlier landings whose rows this one replaces, as the manifest was corrected.",
        nullable=True,
    ),
    key=("landing_id",),
)

BRONZE_RATINGS = table(
    "bronze.ratings",
    "Ratings as they were sent: text, valid or not. Rows are appended and never changed; `erase` "
    "deletes those of erased users, and lines that could not be split.",
    _USER,
    _ITEM,
    _text("rating", "The rating"),
    _text("rated_at", "The time of the rating"),
    *_LANDED,
    _EXTRA,
    key=LINE,
    sent=("user_id", "item_id", "rating", "rated_at", "raw", "extra"),
)

BRONZE_EVENTS = table(
    "bronze.events",
    "Events of files as they were sent: text, valid or not. Rows are appended and never changed; "
    "`erase` deletes those of erased users, and lines that could not be split.",
    _USER,
    _ITEM,
    _text("kind", "The text in the manifest's `kind_column`; null if the entry has one kind"),
    _text("value", "The number"),
    _text("occurred_at", "The time; two columns are joined by a space"),
    Column(
        "section",
        "string",
        "The `file` pattern of the entry of `[[events]]`; `#2` follows in the second entry with "
        "the same pattern.",
    ),
    *_LANDED,
    _EXTRA,
    key=LINE,
    sent=("user_id", "item_id", "kind", "value", "occurred_at", "section", "raw", "extra"),
)

BRONZE_ITEMS = table(
    "bronze.items",
    "Items as they were sent: text, valid or not. Rows are appended and never changed.",
    _ITEM,
    _text("title", "The title"),
    _text("categories", "All categories in one text"),
    _text("vendor", "The company that sells or makes the item"),
    _text("released", "The year or date of release"),
    *_LANDED,
    _map("attributes", "The manifest's `attributes`"),
    _EXTRA,
    key=LINE,
    sent=("item_id", "title", "categories", "vendor", "released", "raw", "attributes", "extra"),
)

BRONZE_CATEGORIES = table(
    "bronze.categories",
    "Categories of items in files of their own, as they were sent. Rows are appended and never "
    "changed.",
    _ITEM,
    _text("category", "One category of the item"),
    *_LANDED,
    _EXTRA,
    key=LINE,
    sent=("item_id", "category", "raw", "extra"),
)

BRONZE_USERS = table(
    "bronze.users",
    "Users as they were sent: text, valid or not. Rows are appended and never changed; `erase` "
    "deletes those of erased users, and lines that could not be split.",
    _USER,
    Column(
        "attributes", "map<string,string>", "The manifest's `attributes`, as sent.", nullable=True
    ),
    *_LANDED,
    _EXTRA,
    key=LINE,
    sent=("user_id", "attributes", "raw", "extra"),
)

BRONZE_FEEDBACK = table(
    "bronze.feedback",
    "Events that the product's API accepted, copied from its outbox. Rows are appended and "
    "never changed; `erase` deletes those of erased users. The application transaction `outbox` of "
    "the table's log has the cursor: how far the outbox was read.",
    Column("event_id", "string", "The outbox's id of the event: 32 hex digits."),
    _text("kind", "`rate`, `unrate`, `hide`, `not_interested`, `undo`, or of the manifest"),
    _USER,
    _ITEM,
    Column("rating", "double", "The rating as sent; null unless `rate`.", nullable=True),
    Column("occurred_at", "timestamp", "When it happened according to the caller, UTC."),
    Column("received_at", "timestamp", "When the API accepted the event, UTC."),
    Column("sent_by", "string", "Name of the API key that sent it."),
    Column("landing_id", "string", "The event's batch: see `bronze.landings`."),
    Column("source_line", "bigint", "Position in the batch, from 1, in order of commit."),
    RUN_KEY,
    Column("undoes", "string", "The event that an `undo` undoes; else null.", nullable=True),
    Column(
        "value",
        "double",
        "The number of an event of the manifest's kinds, as sent; of an `undo`: that it undoes.",
        nullable=True,
    ),
    Column("list_id", "string", "The list on which the user found the item.", nullable=True),
    Column("undone_kind", "string", "Kind of the event that an `undo` undoes.", nullable=True),
    Column("undone_at", "timestamp", "When that event occurred, UTC.", nullable=True),
    key=("event_id",),
    sent=(
        "event_id",
        "kind",
        "user_id",
        "item_id",
        "rating",
        "undoes",
        "value",
        "list_id",
        "undone_kind",
    ),
)

BRONZE_ITEM_CHANGES = table(
    "bronze.item_changes",
    "Items as the product left them through its API, copied from the outbox `item_changes`. Rows "
    "are appended and never changed. The application transaction `item_changes` of the table's log "
    "has the cursor: how far the outbox was read.",
    Column("change_id", "string", "The outbox's id of the change: 32 hex digits."),
    ITEM,
    Column("title", "string", "The title; that of before if the item was removed."),
    Column("categories", "array<string>", "Categories, the main one first; may be empty."),
    Column("vendor", "string", "The seller or maker, if known.", nullable=True),
    Column("released", "int", "Year of release, if known.", nullable=True),
    Column("attributes", "map<string,string>", "As in `silver.items`.", nullable=True),
    Column("removed", "boolean", "Whether the product removed the item."),
    Column("changed_at", "timestamp", "When the API accepted it, UTC; grows with each change."),
    Column("received_at", "timestamp", "When its transaction began, UTC."),
    Column("sent_by", "string", "Name of the API key that sent it."),
    Column("landing_id", "string", "The change's batch: see `bronze.landings`."),
    Column("source_line", "bigint", "Position in the batch, from 1, in order of commit."),
    RUN_KEY,
    key=("change_id",),
)

BRONZE_USER_CHANGES = table(
    "bronze.user_changes",
    "Attributes of users as the product left them through its API, copied from `user_attributes`: "
    "what a user had when `collect` ran. Rows are appended and never changed; `erase` deletes "
    "those of erased users. The application transaction `user_changes` of the table's log has the "
    "cursor: how far the table in Postgres was read.",
    USER,
    Column("attributes", "map<string,string>", "Values by name; may be empty."),
    Column("changed_at", "timestamp", "When the API accepted it, UTC; grows with each change."),
    Column("sent_by", "string", "Name of the API key that sent it."),
    Column("xact", "bigint", "Id of the Postgres transaction that wrote it."),
    Column("landing_id", "string", "The change's batch: see `bronze.landings`."),
    Column("source_line", "bigint", "Position in the batch, from 1, in order of commit."),
    RUN_KEY,
    key=("user_id", "changed_at"),
)

BRONZE_COLLECTIONS = table(
    "bronze.collections",
    "Reconciliation of `collect`, one row per collected batch of the outbox.",
    Column("landing_id", "string", "The batch's landing: see `bronze.landings`."),
    Column("since", "bigint", "Id of the first Postgres transaction that the batch covers."),
    Column("until", "bigint", "Id of the first Postgres transaction after the batch."),
    Column("n_outbox", "bigint", "Events of this range in Postgres at `collected_at`."),
    Column("n_written", "bigint", "Events of the batch in `bronze.feedback`."),
    Column("lag_seconds", "double", "Age of the batch's oldest event at `collected_at`."),
    RUN_KEY,
    Column("collected_at", "timestamp", "When the batch was recorded, UTC."),
    key=("landing_id",),
)

BRONZE_QUARANTINE_DECISIONS = table(
    "bronze.quarantine_decisions",
    "Operators' decisions on rows in `silver.quarantine`, copied from Postgres by `settle`. The "
    "newest on a check counts. `refine` accepts rows whose failed checks are all released; "
    "rejected rows stay in the quarantine. Rows are appended and never changed.",
    Column("decision_id", "string", "32 hex digits: see `quarantine_decisions` in Postgres."),
    TARGET,
    Column("check_name", "string", "Name of the check, as in `failed_checks`."),
    Column("landing_id", "string", "The landing; null: all up to `landed_until`.", nullable=True),
    Column("landed_until", "timestamp", "Rows that landed later are not meant, UTC."),
    Column("decision", "string", "`release` or `reject`."),
    Column("decided_at", "timestamp", "UTC."),
    RUN_KEY,
    key=("decision_id",),
    checks=(("known_decision", "decision IN ('release', 'reject')"),),
)

# targets of the batches that `collect` writes
OF_API = (BRONZE_FEEDBACK.name, BRONZE_ITEM_CHANGES.name, BRONZE_USER_CHANGES.name)

BRONZE = {
    table.name: table
    for table in (
        BRONZE_ITEMS,
        BRONZE_CATEGORIES,
        BRONZE_USERS,
        BRONZE_RATINGS,
        BRONZE_EVENTS,
        BRONZE_FEEDBACK,
    )
}
