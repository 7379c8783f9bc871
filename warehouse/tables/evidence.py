"""Gold tables of a retrain's evidence: its inputs, trials, metrics and verdict."""

from collections.abc import Sequence

from warehouse.tables.base import RECIPE, RECIPE_JSON, RETRAIN, RUN_KEY, SCORES, USER, Column, table
from warehouse.tables.vocabulary import OUTCOMES, TRIAL_STATES

_WINDOW = Column(
    "window",
    "string",
    "`gate`, `new_items` (lists of the items alone that appear after its cut), or a rolling "
    "window.",
)
_SLICES = Column("slices", "array<string>", "The user's slices, such as `active_low`.")
_METRIC = Column("metric", "string", "Name of the metric, such as `ndcg@10`.")


def _one_of(column: str, values: Sequence[str]) -> str:
    quoted = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({quoted})"


GOLD_NOMINATIONS = table(
    "gold.nominations",
    "The recipes that a retrain starts with: the challenger's and the live release's.",
    RETRAIN,
    Column("challenger", "string", "Recipe as JSON, from the form or the default."),
    Column("champion", "string", "Recipe of the live release as JSON, if any.", nullable=True),
    Column("champion_release_id", "bigint", "The live release, if any.", nullable=True),
    Column("reason", "string", "Why the retrain was started."),
    Column("nominated_at", "timestamp", "UTC."),
    RUN_KEY,
    key=("retrain_id",),
)

GOLD_FREEZES = table(
    "gold.freezes",
    "The table versions that every task of a retrain reads.",
    RETRAIN,
    Column("versions", "map<string,bigint>", "Delta version by full table name."),
    Column("n_interactions", "bigint", "Rows of `silver.interactions` at this version."),
    Column("quarantine_share", "double", "Share of the rating rows in quarantine, 0 to 1."),
    Column("frozen_at", "timestamp", "UTC."),
    RUN_KEY,
    Column(
        "outbox_until",
        "bigint",
        "Events of the outbox of earlier transactions of Postgres are in `silver.events`.",
        nullable=True,
    ),
    Column(
        "users_until",
        "bigint",
        "Changes of users of earlier transactions of Postgres are in `silver.users`.",
        nullable=True,
    ),
    key=("retrain_id",),
)

GOLD_TRIALS = table(
    "gold.trials",
    "Recipes that a search tried. An interrupted search continues from these rows.",
    RETRAIN,
    Column("number", "int", "From 0, in the order in which the trials ended."),
    Column("stage", "string", "`explore`; `final` for finalists, scored with several seeds."),
    RECIPE,
    RECIPE_JSON,
    Column("parameters", "string", "Parameters that the search chose, as JSON by name."),
    Column("state", "string", "`complete`, `pruned` or `failed`."),
    Column("value", "double", "Mean NDCG@10 over the scored windows.", nullable=True),
    Column("by_window", "map<string,double>", "NDCG@10 by scored rolling window."),
    Column("n_users", "bigint", "Evaluation users, summed over the scored windows."),
    Column("seconds", "double", "Wall time."),
    Column("failure", "string", "Why the trial failed or was pruned.", nullable=True),
    Column("finished_at", "timestamp", "UTC."),
    RUN_KEY,
    key=("retrain_id", "number"),
    checks=(("known_state", _one_of("state", TRIAL_STATES)),),
)

GOLD_SEARCHES = table(
    "gold.searches",
    "The challenger of a retrain: the best recipe of its search, or the nominated one.",
    RETRAIN,
    Column("challenger", "string", "The challenger's recipe as JSON."),
    Column("found_by", "string", "`search`; `nomination` if no search had a result."),
    Column("value", "double", "Mean NDCG@10 over windows and seeds.", nullable=True),
    Column("n_trials", "int", "Trials of all states."),
    Column("n_pruned", "int", "Trials that were pruned."),
    Column("n_failed", "int", "Trials that failed."),
    Column("budget_seconds", "double", "Wall time granted."),
    Column("seconds", "double", "Wall time used, over all attempts."),
    Column("found_at", "timestamp", "UTC."),
    RUN_KEY,
    key=("retrain_id",),
)

GOLD_SAMPLE_LISTS = table(
    "gold.sample_lists",
    "Lists of three warm users under challenger, champion and the best popularity, on the "
    "gate's window.",
    RETRAIN,
    RECIPE,
    Column("role", "string", "`challenger`, `champion` or `popularity`."),
    USER,
    _SLICES,
    Column("item_ids", "array<string>", "The first 10 items of the user's list, best first."),
    Column("titles", "array<string>", "Titles of the items."),
    Column("relevant", "array<boolean>", "Whether each item is relevant in the test rows."),
    Column("n_relevant", "int", "Relevant items of the user in the test rows."),
    RUN_KEY,
    key=("retrain_id", "recipe", "user_id"),
)

GOLD_WINDOW_LISTS = table(
    "gold.window_lists",
    "Lists of a sample of warm users under each recipe that may be released, on the gate's "
    "window. The preview of slate rules uses them.",
    RETRAIN,
    RECIPE,
    USER,
    Column("item_ids", "array<string>", "The first 100 items of the user's list, best first."),
    SCORES,
    Column("relevant", "array<string>", "The relevant items of the test rows; never empty."),
    RUN_KEY,
    key=("retrain_id", "recipe", "user_id"),
)

GOLD_MODEL_METRICS = table(
    "gold.model_metrics",
    "Metrics of each recipe by window and slice.",
    RETRAIN,
    RECIPE,
    RECIPE_JSON,
    Column("role", "string", "`challenger`, `champion`, `popularity` or `baseline`."),
    _WINDOW,
    Column("slice", "string", "`warm` (the headline), `cold`, or a slice of the warm users."),
    _METRIC,
    Column("value", "double", "Mean over the slice's users, or the value for the catalogue."),
    Column("n_users", "bigint", "Evaluation users of the slice."),
    Column("fit_seconds", "double", "Wall time of the fit; null if it failed.", nullable=True),
    RUN_KEY,
    key=("retrain_id", "recipe", "window", "slice", "metric"),
)

GOLD_USER_METRICS = table(
    "gold.user_metrics",
    "The headline metric of each evaluation user under each recipe: the pairs that the gate "
    "compares. `gold.model_metrics` has the other metrics, by slice.",
    RETRAIN,
    RECIPE,
    _WINDOW,
    USER,
    _SLICES,
    _METRIC,
    Column("value", "double", "0 to 1."),
    RUN_KEY,
    key=("retrain_id", "recipe", "window", "user_id", "metric"),
)

GOLD_VERDICTS = table(
    "gold.verdicts",
    "The gate's decisions, with every criterion and figure behind them.",
    RETRAIN,
    Column("verdict", "string", "`first`, `promote`, `refresh` or `hold`."),
    Column("reason", "string", "One to four sentences."),
    Column("recipe", "string", "Name of the chosen recipe; null for `hold`.", nullable=True),
    Column("recipe_json", "string", "The chosen recipe; null for `hold`.", nullable=True),
    Column("publishes", "boolean", "False for `hold`, and if publishing was paused."),
    Column(
        "criteria",
        "array<struct<criterion:string,passed:boolean,detail:string>>",
        "The gate's criteria in their order; `passed` is null if one did not apply.",
    ),
    Column(
        "comparisons",
        "array<struct<recipe:string,role:string,slice:string,metric:string,value:double,"
        "n_users:bigint,difference:double,low:double,high:double>>",
        "Metrics of the `warm` and `cold` slices. `difference` is the challenger's lead over "
        "the recipe, `low` and `high` its 95 % interval; null except for `ndcg@10` of `warm`.",
    ),
    Column("decided_at", "timestamp", "UTC."),
    RUN_KEY,
    Column(
        "new_items",
        "boolean",
        "Whether new items get factors that their content predicts; null means no.",
        nullable=True,
    ),
    key=("retrain_id",),
    checks=(("known_verdict", _one_of("verdict", OUTCOMES)),),
)
