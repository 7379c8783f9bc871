"""Every Delta table: its layer, its columns, its key.

This module is the shared vocabulary. It imports no engine (no Spark, no SQLAlchemy), so a DAG
can read it at parse time. `tests/warehouse/test_tables.py` holds it to its rules.
"""

from dataclasses import dataclass
from typing import Literal

# Of every table, whoever makes it.
PROPERTIES = {
    "delta.enableDeletionVectors": "false",  # every reader can open the table, and erasure is real
    "delta.columnMapping.mode": "none",
    "delta.logRetentionDuration": "interval 520 weeks",  # a kept release reads its own versions
}

Layer = Literal["bronze", "silver", "gold"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `type` is a Spark SQL type name; `doc` names the unit and the range."""

    name: str
    type: str
    doc: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A Delta table. `key` identifies a row: merges match on it.

    `checks` are (name, SQL condition) pairs that the table itself enforces on every write.
    """

    layer: Layer
    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    checks: tuple[tuple[str, str], ...] = ()

    @property
    def full_name(self) -> str:
        """The name used in logs, assets and errors, such as `silver.interactions`."""
        return f"{self.layer}.{self.name}"

    def uri(self, root: str) -> str:
        """Where the table lies below a data set's folder or URL."""
        return f"{root.rstrip('/')}/{self.layer}/{self.name}"

    @property
    def ddl(self) -> str:
        """The columns as a Spark DDL string, in declaration order."""
        return ", ".join(
            f"{c.name} {c.type}" + ("" if c.nullable else " NOT NULL") for c in self.columns
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in declaration order."""
        return tuple(column.name for column in self.columns)


_USER = Column("user_id", "string", "The product's own key of the user.")
_ITEM = Column("item_id", "string", "The product's own key of the item.")
_RATING = Column("rating", "double", "On the data set's scale, as its manifest gives it.")
_RATED_AT = Column("rated_at", "timestamp", "When the user rated, UTC.")
_RUN_KEY = Column(
    "run_key", "string", "`<dag id>/<run id>/<task id>` of the run that wrote the row."
)
_RETRAIN = Column("retrain_id", "string", "`<dag id>/<run id>` of the retrain.")
_FIT = Column("fit_id", "string", "The fit that made the row: a retrain's id, unique per fit.")
_ITEM_IDS = Column("item_ids", "array<string>", "Best first; never empty.")
_SCORES = Column("scores", "array<float>", "One per item, falling; they order one list, no more.")
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
    _RUN_KEY,
)
_LINE = ("landing_id", "source_file", "source_line")


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
        _RUN_KEY,
        Column("landed_at", "timestamp", "UTC."),
    ),
    key=("landing_id",),
)

BRONZE_RATINGS = Table(
    layer="bronze",
    name="ratings",
    doc="Ratings as they were sent: text, valid or not. Appended, never changed.",
    columns=(_sent("user_id"), _sent("item_id"), _sent("rating"), _sent("rated_at"), *_LANDED),
    key=_LINE,
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
    key=_LINE,
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
    key=_LINE,
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
        _RUN_KEY,
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
        _RUN_KEY,
        Column("collected_at", "timestamp", "UTC."),
    ),
    key=("landing_id",),
)

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
        _RUN_KEY,
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
        _USER,
        _ITEM,
        Column("rating", "double", "On the data set's scale; null unless `rate`.", nullable=True),
        Column(
            "occurred_at",
            "timestamp",
            "When it happened, UTC; 1970-01-01 plus the line "
            "number in seconds for a data set without times.",
        ),
        Column("landing_id", "string", "The landing that brought it first."),
        _RUN_KEY,
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
        _USER,
        _ITEM,
        _RATING,
        _RATED_AT,
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
        _ITEM,
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
        _USER,
        Column("attributes", "map<string,string>", "The manifest's attributes, such as sex, age."),
    ),
    key=("user_id",),
)

SILVER_USER_INDEX = Table(
    layer="silver",
    name="user_index",
    doc="Dense 32-bit numbers of the users, for the engine. Only ever appended.",
    columns=(_USER, Column("user_index", "int", "From 0, without gaps.")),
    key=("user_id",),
)

SILVER_ITEM_INDEX = Table(
    layer="silver",
    name="item_index",
    doc="Dense 32-bit numbers of the items, for the engine. Only ever appended.",
    columns=(_ITEM, Column("item_index", "int", "From 0, without gaps.")),
    key=("item_id",),
)

SILVER_QUARANTINE = Table(
    layer="silver",
    name="quarantine",
    doc="Rows that a rule refused, as they were sent, with the names of the rules.",
    columns=(
        Column("target", "string", "`ratings`, `items`, `users` or `feedback`."),
        Column("sent", "string", "The row as JSON: field names and values as sent, or `raw`."),
        Column("broken_rules", "array<string>", "Names of the rules, in the order of the rules."),
        Column("landing_id", "string", "See `bronze.landings`."),
        Column("source_file", "string", "Name of the file the row came from, or `outbox`."),
        Column("source_line", "bigint", "Line in that file, or place in that part, from 1."),
        Column("first_seen_at", "timestamp", "UTC."),
        _RUN_KEY,
    ),
    key=_LINE,
)

GOLD_NOMINATIONS = Table(
    layer="gold",
    name="nominations",
    doc="Who stands in a retrain: the challenger's recipe, and the champion's if one is live.",
    columns=(
        _RETRAIN,
        Column("challenger", "string", "Recipe as JSON: from the form, or the default."),
        Column("champion", "string", "Recipe of the live release as JSON.", nullable=True),
        Column("champion_release_id", "bigint", "The live release, if any.", nullable=True),
        Column("reason", "string", "Why this retrain was started, from the form or the schedule."),
        Column("nominated_at", "timestamp", "UTC."),
        _RUN_KEY,
    ),
    key=("retrain_id",),
)

GOLD_FREEZES = Table(
    layer="gold",
    name="freezes",
    doc="The table versions that every task of a retrain reads.",
    columns=(
        _RETRAIN,
        Column("versions", "map<string,bigint>", "Full table name to Delta version."),
        Column("n_interactions", "bigint", "Rows of silver.interactions at its version."),
        Column("quarantine_share", "double", "Refused share of all rating rows, 0 to 1."),
        Column("frozen_at", "timestamp", "UTC."),
        _RUN_KEY,
    ),
    key=("retrain_id",),
)

GOLD_TRIALS = Table(
    layer="gold",
    name="trials",
    doc="Each recipe that a search tried, also the search's memory: one killed goes on from here.",
    columns=(
        _RETRAIN,
        Column("number", "int", "From 0, in the order in which they were finished."),
        Column("stage", "string", "`explore`, or `final`: a finalist over several seeds."),
        Column("recipe", "string", "The recipe's short stable name."),
        Column("recipe_json", "string", "The recipe itself."),
        Column("parameters", "string", "JSON: what the search chose, by the parameter's name."),
        Column("state", "string", "`complete`, `pruned` or `failed`."),
        Column("value", "double", "Mean NDCG@10 over the windows scored.", nullable=True),
        Column("by_window", "map<string,double>", "NDCG@10 by rolling window scored."),
        Column("n_users", "bigint", "Users judged, over all windows scored."),
        Column("seconds", "double", "Wall time."),
        Column("failure", "string", "Why it failed, or was cut short.", nullable=True),
        Column("finished_at", "timestamp", "UTC."),
        _RUN_KEY,
    ),
    key=("retrain_id", "number"),
    checks=(("known_state", "state IN ('complete', 'pruned', 'failed')"),),
)

GOLD_SEARCHES = Table(
    layer="gold",
    name="searches",
    doc="Who challenges in a retrain: what its search found, or what it was given where none ran.",
    columns=(
        _RETRAIN,
        Column("challenger", "string", "The challenger's recipe as JSON."),
        Column("found_by", "string", "`search`, or `nomination` where the budget was nought."),
        Column("value", "double", "Its mean NDCG@10 over windows and seeds.", nullable=True),
        Column("n_trials", "int", "Trials of all states, over all attempts."),
        Column("n_pruned", "int", "Cut short as hopeless."),
        Column("n_failed", "int", "Ended with an error."),
        Column("budget_seconds", "double", "Wall time that was granted."),
        Column("seconds", "double", "Wall time that was used, over all attempts."),
        Column("found_at", "timestamp", "UTC."),
        _RUN_KEY,
    ),
    key=("retrain_id",),
)

GOLD_SAMPLE_LISTS = Table(
    layer="gold",
    name="sample_lists",
    doc="What three known people would have seen under each contestant, on the gate's window.",
    columns=(
        _RETRAIN,
        Column("recipe", "string", "The recipe's short stable name."),
        Column("role", "string", "`challenger`, `champion` or `popularity`."),
        _USER,
        Column("segments", "array<string>", "Segments he belongs to, such as `active_low`."),
        Column("item_ids", "array<string>", "The first ten of his list, best first."),
        Column("titles", "array<string>", "Their titles."),
        Column("relevant", "array<boolean>", "Whether he came to like it in the newer rows."),
        Column("n_relevant", "int", "How many items he came to like there."),
        _RUN_KEY,
    ),
    key=("retrain_id", "recipe", "user_id"),
)

GOLD_WINDOW_LISTS = Table(
    layer="gold",
    name="window_lists",
    doc="What some known people would have seen under each recipe that may be chosen, on the "
    "gate's window: rules are tried on these lists.",
    columns=(
        _RETRAIN,
        Column("recipe", "string", "The recipe's short stable name."),
        _USER,
        Column("item_ids", "array<string>", "The first hundred of his list, best first."),
        _SCORES,
        Column("wanted", "array<string>", "What he came to like in the newer rows; never empty."),
        _RUN_KEY,
    ),
    key=("retrain_id", "recipe", "user_id"),
)

GOLD_MODEL_METRICS = Table(
    layer="gold",
    name="model_metrics",
    doc="How each recipe did on each window of a retrain.",
    columns=(
        _RETRAIN,
        Column("recipe", "string", "The recipe's short stable name."),
        Column("recipe_json", "string", "The recipe itself."),
        Column("role", "string", "`challenger`, `champion`, `popularity` or `yardstick`."),
        Column("window", "string", "`gate`, or the name of a rolling window."),
        Column("segment", "string", "`warm` (the headline), `cold`, or a segment of the warm."),
        Column("metric", "string", "Such as `ndcg@10`."),
        Column("value", "double", "Mean over the segment's users, or the catalogue's figure."),
        Column("n_users", "bigint", "Users judged."),
        Column("fit_seconds", "double", "Wall time of the fit.", nullable=True),
        _RUN_KEY,
    ),
    key=("retrain_id", "recipe", "window", "segment", "metric"),
)

GOLD_USER_METRICS = Table(
    layer="gold",
    name="user_metrics",
    doc="Each judged user's own metrics under each recipe: the pairs that the gate compares.",
    columns=(
        _RETRAIN,
        Column("recipe", "string", "The recipe's short stable name."),
        Column("window", "string", "`gate`, or the name of a rolling window."),
        _USER,
        Column(
            "segments", "array<string>", "Segments he belongs to, such as `warm`, `active_low`."
        ),
        Column("metric", "string", "Such as `ndcg@10`."),
        Column("value", "double", "0 to 1."),
        _RUN_KEY,
    ),
    key=("retrain_id", "recipe", "window", "user_id", "metric"),
)

GOLD_VERDICTS = Table(
    layer="gold",
    name="verdicts",
    doc="The gate's decisions, with every line of their evidence.",
    columns=(
        _RETRAIN,
        Column("verdict", "string", "`first`, `promote`, `refresh` or `hold`."),
        Column("reason", "string", "One sentence."),
        Column("recipe", "string", "Name of the chosen recipe; null for `hold`.", nullable=True),
        Column("recipe_json", "string", "The chosen recipe; null for `hold`.", nullable=True),
        Column("publishes", "boolean", "False for `hold`, and while a release is pinned."),
        Column("lines", "string", "JSON list of {rule, passed, detail}, in the rule's order."),
        Column(
            "comparisons",
            "string",
            "JSON list of {recipe, role, metric, value, n_users, difference, low, high}.",
        ),
        Column("decided_at", "timestamp", "UTC."),
        _RUN_KEY,
    ),
    key=("retrain_id",),
    checks=(("known_verdict", "verdict IN ('first', 'promote', 'refresh', 'hold')"),),
)

GOLD_FITS = Table(
    layer="gold",
    name="fits",
    doc="The ledger: one row per fit, written last. A fit that is not listed is not complete.",
    columns=(
        _FIT,
        _RETRAIN,
        Column("recipe", "string", "The recipe's short stable name."),
        Column("recipe_json", "string", "The recipe itself."),
        Column("constants", "string", "JSON: what fold-in needs, such as the global mean."),
        Column("code_commit", "string", "Git commit of the code; `unknown` outside a checkout."),
        Column("versions", "map<string,bigint>", "Delta versions read, by full table name."),
        Column("n_users", "bigint", "Users with a list of their own."),
        Column("n_items", "bigint", "Items of the catalogue."),
        Column("n_ratings", "bigint", "Interactions used."),
        Column("fit_seconds", "double", "Wall time of the fit."),
        Column("fitted_at", "timestamp", "UTC."),
        _RUN_KEY,
    ),
    key=("fit_id",),
)

GOLD_RECOMMENDATIONS = Table(
    layer="gold",
    name="recommendations",
    doc="One user's whole list of one fit, without what he rated or hid.",
    columns=(_FIT, _USER, _ITEM_IDS, _SCORES),
    key=("fit_id", "user_id"),
)

GOLD_PROFILES = Table(
    layer="gold",
    name="profiles",
    doc="What a fit knew of one user: his segment and his ratings, newest first.",
    columns=(
        _FIT,
        _USER,
        Column("item_ids", "array<string>", "What he rated, newest first."),
        Column("ratings", "array<float>", "One per item, on the data set's scale."),
        Column("rated_at", "array<timestamp>", "One per item, UTC."),
        Column(
            "segment",
            "string",
            "His segment in `gold.fallback_lists`, or empty; null in fits before it was kept.",
            nullable=True,
        ),
    ),
    key=("fit_id", "user_id"),
)

GOLD_ITEM_FACTORS = Table(
    layer="gold",
    name="item_factors",
    doc="What a fit learned of each item that it has seen.",
    columns=(
        _FIT,
        _ITEM,
        Column(
            "factors",
            "array<float>",
            "Its row: factors, then columns of priors; empty for a popularity recipe.",
        ),
        Column(
            "popularity",
            "float",
            "Its score in the fallback list of everybody; null in fits before it was kept.",
            nullable=True,
        ),
        Column(
            "trending",
            "float",
            "Its likings, halved every 14 days back from the newest rating; null as above.",
            nullable=True,
        ),
    ),
    key=("fit_id", "item_id"),
)

GOLD_FALLBACK_LISTS = Table(
    layer="gold",
    name="fallback_lists",
    doc="Lists for people whom the fit does not know.",
    columns=(
        _FIT,
        Column("segment", "string", "Empty for everybody, or `attribute=value` pairs."),
        _ITEM_IDS,
        _SCORES,
    ),
    key=("fit_id", "segment"),
)

GOLD_SIMILAR_ITEMS = Table(
    layer="gold",
    name="similar_items",
    doc="For each item the items most like it. `scores` are cosines.",
    columns=(_FIT, _ITEM, _ITEM_IDS, _SCORES),
    key=("fit_id", "item_id"),
)

TABLES = (
    BRONZE_LANDINGS,
    BRONZE_RATINGS,
    BRONZE_ITEMS,
    BRONZE_USERS,
    BRONZE_FEEDBACK,
    BRONZE_COLLECTIONS,
    SILVER_REFINEMENTS,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEMS,
    SILVER_USERS,
    SILVER_USER_INDEX,
    SILVER_ITEM_INDEX,
    SILVER_QUARANTINE,
    GOLD_NOMINATIONS,
    GOLD_FREEZES,
    GOLD_TRIALS,
    GOLD_SEARCHES,
    GOLD_MODEL_METRICS,
    GOLD_SAMPLE_LISTS,
    GOLD_WINDOW_LISTS,
    GOLD_USER_METRICS,
    GOLD_VERDICTS,
    GOLD_FITS,
    GOLD_RECOMMENDATIONS,
    GOLD_PROFILES,
    GOLD_ITEM_FACTORS,
    GOLD_FALLBACK_LISTS,
    GOLD_SIMILAR_ITEMS,
)
