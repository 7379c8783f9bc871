"""Silver: typed and clean, and what was refused."""

from warehouse.tables.base import ITEM, LINE, RATED_AT, RATING, RUN_KEY, USER, Column, Table

SILVER_REFINEMENTS = Table(
    layer="silver",
    name="refinements",
    doc="The balance sheet of `refine`, one row per landing: "
    "n_rows = n_accepted + n_duplicates + n_quarantined. A landing listed here is done.",
    columns=(
        Column("landing_id", "string", "See `bronze.landings`."),
        Column("target", "string", "`ratings`, `items`, `users` or `feedback`."),
        Column("n_rows", "bigint", "Rows of the landing."),
        Column("n_accepted", "bigint", "Rows that became events (items, users: rows kept)."),
        Column("n_duplicates", "bigint", "Rows that said nothing new."),
        Column("n_quarantined", "bigint", "Rows that a rule refused."),
        Column("n_unknown_items", "bigint", "Accepted events of items that no item file lists."),
        RUN_KEY,
        Column("refined_at", "timestamp", "UTC."),
    ),
    key=("landing_id",),
)

SILVER_EVENTS = Table(
    layer="silver",
    name="events",
    doc="The accepted history: everything that people did, one row per event, never changed.",
    columns=(
        Column("event_id", "string", "32 hex digits; equal lines of files have equal ids."),
        Column("kind", "string", "`rate`, `unrate`, `hide` or `not_interested`."),
        USER,
        ITEM,
        Column("rating", "double", "On the data set's scale; null unless `rate`.", nullable=True),
        Column(
            "occurred_at",
            "timestamp",
            "When it happened, UTC; 1970-01-01 plus the line "
            "number in seconds for a data set without times.",
        ),
        Column("landing_id", "string", "The landing that brought it first."),
        RUN_KEY,
    ),
    key=("event_id",),
    checks=(
        ("known_kind", "kind IN ('rate', 'unrate', 'hide', 'not_interested')"),
        ("a_rating_has_a_value", "(kind = 'rate') = (rating IS NOT NULL)"),
    ),
)

SILVER_INTERACTIONS = Table(
    layer="silver",
    name="interactions",
    doc="The newest rating of each user for each item. Training reads this.",
    columns=(
        USER,
        ITEM,
        RATING,
        RATED_AT,
        Column("event_id", "string", "The event that holds: see `silver.events`."),
    ),
    key=("user_id", "item_id"),
    checks=(("rating_is_a_number", "rating IS NOT NULL AND NOT isnan(rating)"),),
)

SILVER_ITEMS = Table(
    layer="silver",
    name="items",
    doc="The catalogue: the newest row of each item.",
    columns=(
        ITEM,
        Column("title", "string", "As people shall read it; never empty."),
        Column("categories", "array<string>", "May be empty; the first one leads."),
        Column(
            "vendor", "string", "Who sells or makes it, if the data set says so.", nullable=True
        ),
        Column("released", "int", "Year, if known.", nullable=True),
    ),
    key=("item_id",),
)

SILVER_USERS = Table(
    layer="silver",
    name="users",
    doc="What the data set says of its users: the newest row of each.",
    columns=(
        USER,
        Column("attributes", "map<string,string>", "The manifest's attributes, such as sex, age."),
    ),
    key=("user_id",),
)

SILVER_USER_INDEX = Table(
    layer="silver",
    name="user_index",
    doc="Dense 32-bit numbers of the users, for the engine. Only ever appended.",
    columns=(USER, Column("user_index", "int", "From 0, without gaps.")),
    key=("user_id",),
)

SILVER_ITEM_INDEX = Table(
    layer="silver",
    name="item_index",
    doc="Dense 32-bit numbers of the items, for the engine. Only ever appended.",
    columns=(ITEM, Column("item_index", "int", "From 0, without gaps.")),
    key=("item_id",),
)

SILVER_QUARANTINE = Table(
    layer="silver",
    name="quarantine",
    doc="Rows that a rule refused, as they were sent, with the names of the rules.",
    columns=(
        Column("target", "string", "`ratings`, `items`, `users` or `feedback`."),
        Column("sent", "string", "The row as JSON: field names and values as sent, or `raw`."),
        Column("failed_checks", "array<string>", "Names of the checks that it failed."),
        Column("landing_id", "string", "See `bronze.landings`."),
        Column("source_file", "string", "Name of the file the row came from, or `outbox`."),
        Column("source_line", "bigint", "Line in that file, or place in that part, from 1."),
        Column("first_seen_at", "timestamp", "UTC."),
        RUN_KEY,
    ),
    key=LINE,
)
