"""Silver: typed and checked rows, and the rows that failed a check."""

from warehouse.tables.base import ITEM, LINE, RUN_KEY, TARGET, USER, Column, table
from warehouse.tables.vocabulary import KINDS_TYPE

SILVER_REFINEMENTS = table(
    "silver.refinements",
    "Reconciliation of `refine`, one row per refined landing: n_rows = n_accepted + n_duplicates + "
    "n_quarantined + n_dropped + n_erased. Other landings are pending.",
    Column("landing_id", "string", "The landing: see `bronze.landings`."),
    TARGET,
    Column("n_rows", "bigint", "Landed rows."),
    Column("n_accepted", "bigint", "Rows that became events, items or users."),
    Column(
        "n_duplicates", "bigint", "Rows that repeat a row of the same key, are older, or replaced."
    ),
    Column("n_quarantined", "bigint", "Rows that failed a check, without those of erased users."),
    Column("n_unknown_items", "bigint", "Accepted events whose item is in no file of items."),
    RUN_KEY,
    Column("refined_at", "timestamp", "When the landing was refined, UTC."),
    Column(
        "manifest",
        "string",
        "Digest of the manifest's fields that say how rows are refined, and of the checks that "
        "operators released for the landing.",
        nullable=True,
    ),
    Column(
        "n_dropped",
        "bigint",
        "Rows that the manifest's `keep_if` or `no_value` leaves out; null means 0.",
        nullable=True,
    ),
    Column(
        "n_erased",
        "bigint",
        "Rows of erased users: in the quarantine as `user_erased`, or deleted from bronze before; "
        "null means 0.",
        nullable=True,
    ),
    key=("landing_id",),
)

SILVER_EVENTS = table(
    "silver.events",
    "All accepted events that were not undone, one row per event. An undo deletes the row of the "
    "event that it undoes, `erase` those of erased users; rows are never changed otherwise.",
    Column(
        "event_id",
        "string",
        "32 hex digits. Equal rows of files have the same id, and so have events of the product "
        "of the manifest's kinds.",
    ),
    Column("kind", "string", "`rate`, `unrate`, `hide`, `not_interested`, or of the manifest."),
    USER,
    ITEM,
    Column("rating", "double", "On the data set's scale; null unless `rate`.", nullable=True),
    Column(
        "occurred_at", "timestamp", "UTC; without times, line number in seconds since 1970-01-01."
    ),
    Column("landing_id", "string", "The event's first landing: see `bronze.landings`."),
    RUN_KEY,
    Column("value", "double", "The number of other kinds, such as a count.", nullable=True),
    Column(
        "list_id",
        "string",
        "The list on which the user found the item, if the product sent it.",
        nullable=True,
    ),
    key=("event_id",),
    checks=(
        (
            "a_rating_has_a_value",
            "(kind = 'rate' AND rating IS NOT NULL) OR (kind <> 'rate' AND rating IS NULL)",
        ),
    ),
)

SILVER_INTERACTIONS = table(
    "silver.interactions",
    "What each user did with each item: the newest rating, and by kind of event how often, "
    "how much, when last. Training reads this. It may lack the newest events, at most 1 % of them, "
    "until the next retrain freezes its data.",
    USER,
    ITEM,
    Column("rating", "double", "The newest rating; null without one.", nullable=True),
    Column("rated_at", "timestamp", "Time of the newest rating or event, UTC."),
    Column("event_id", "string", "The newest rating or event: see `silver.events`."),
    Column(
        "kinds",
        KINDS_TYPE,
        "By kind: number of events, sum (or largest) of their values, time of the newest; null "
        "for ratings only.",
        nullable=True,
    ),
    key=("user_id", "item_id"),
    checks=(("is_not_empty", "rating IS NOT NULL OR kinds IS NOT NULL"),),
)

SILVER_ITEMS = table(
    "silver.items",
    "The catalogue: the newest row of each item, of files and of the product's changes.",
    ITEM,
    Column("title", "string", "The readable title; never empty."),
    Column("categories", "array<string>", "Categories, the main one first; may be empty."),
    Column("vendor", "string", "The seller or maker, if known.", nullable=True),
    Column("released", "int", "Year of release, if known.", nullable=True),
    Column(
        "attributes",
        "map<string,string>",
        "The manifest's `attributes` in a standard form: times in ISO 8601, lists as JSON.",
        nullable=True,
    ),
    Column(
        "changed_at",
        "timestamp",
        "When the product changed it, or its last file landed, UTC; null in older tables.",
        nullable=True,
    ),
    key=("item_id",),
)

SILVER_USERS = table(
    "silver.users",
    "Attributes of users: the newest row of each user, of files and of the product's changes.",
    USER,
    Column("attributes", "map<string,string>", "Values by name, such as `age_group`."),
    Column(
        "changed_at",
        "timestamp",
        "When the product changed them, or the user's last file landed, UTC; null in older tables.",
        nullable=True,
    ),
    key=("user_id",),
)

SILVER_USER_INDEX = table(
    "silver.user_index",
    "32-bit indices of users, for the engine. Rows are appended and never changed; `erase` deletes "
    "those of erased users.",
    USER,
    Column("user_index", "int", "Index of the row's id, from 0; erased users leave gaps."),
    key=("user_id",),
)

SILVER_ITEM_INDEX = table(
    "silver.item_index",
    "Dense 32-bit indices of items, for the engine. Rows are appended and never changed.",
    ITEM,
    Column("item_index", "int", "Index of the row's id, from 0, without gaps."),
    key=("item_id",),
)

SILVER_QUARANTINE = table(
    "silver.quarantine",
    "Rows that failed a check, as they were sent; those of erased users have the check "
    "`user_erased` and no content.",
    TARGET,
    Column("sent", "string", "The row's bronze columns as JSON, as sent, or `raw`."),
    Column("failed_checks", "array<string>", "Names of the checks that it failed."),
    Column("landing_id", "string", "The landing: see `bronze.landings`."),
    Column("source_file", "string", "Name of the file that the row came from, or `outbox`."),
    Column("source_line", "bigint", "Line in that file, or position in the batch, from 1."),
    Column("first_seen_at", "timestamp", "When the row was quarantined, UTC."),
    RUN_KEY,
    key=LINE,
)
