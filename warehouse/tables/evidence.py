"""Gold, for whoever judges: what a retrain started from, tried, measured and decided."""

from collections.abc import Sequence

from warehouse.tables.base import RETRAIN, RUN_KEY, SCORES, USER, Column, Table
from warehouse.tables.vocabulary import OUTCOMES, TRIAL_STATES


def _one_of(column: str, values: Sequence[str]) -> str:
    quoted = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({quoted})"


GOLD_NOMINATIONS = Table(
    layer="gold",
    name="nominations",
    doc="Who stands in a retrain: the challenger's recipe, and the champion's if one is live.",
    columns=(
        RETRAIN,
        Column("challenger", "string", "Recipe as JSON: from the form, or the default."),
        Column("champion", "string", "Recipe of the live release as JSON.", nullable=True),
        Column("champion_release_id", "bigint", "The live release, if any.", nullable=True),
        Column("reason", "string", "Why this retrain was started, from the form or the schedule."),
        Column("nominated_at", "timestamp", "UTC."),
        RUN_KEY,
    ),
    key=("retrain_id",),
)

GOLD_FREEZES = Table(
    layer="gold",
    name="freezes",
    doc="The table versions that every task of a retrain reads.",
    columns=(
        RETRAIN,
        Column("versions", "map<string,bigint>", "Full table name to Delta version."),
        Column("n_interactions", "bigint", "Rows of silver.interactions at its version."),
        Column("quarantine_share", "double", "Refused share of all rating rows, 0 to 1."),
        Column("frozen_at", "timestamp", "UTC."),
        RUN_KEY,
    ),
    key=("retrain_id",),
)

GOLD_TRIALS = Table(
    layer="gold",
    name="trials",
    doc="Each recipe that a search tried, also the search's memory: one killed goes on from here.",
    columns=(
        RETRAIN,
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
        RUN_KEY,
    ),
    key=("retrain_id", "number"),
    checks=(("known_state", _one_of("state", TRIAL_STATES)),),
)

GOLD_SEARCHES = Table(
    layer="gold",
    name="searches",
    doc="Who challenges in a retrain: what its search found, or what it was given where none ran.",
    columns=(
        RETRAIN,
        Column("challenger", "string", "The challenger's recipe as JSON."),
        Column("found_by", "string", "`search`, or `nomination` where the budget was nought."),
        Column("value", "double", "Its mean NDCG@10 over windows and seeds.", nullable=True),
        Column("n_trials", "int", "Trials of all states, over all attempts."),
        Column("n_pruned", "int", "Cut short as hopeless."),
        Column("n_failed", "int", "Ended with an error."),
        Column("budget_seconds", "double", "Wall time that was granted."),
        Column("seconds", "double", "Wall time that was used, over all attempts."),
        Column("found_at", "timestamp", "UTC."),
        RUN_KEY,
    ),
    key=("retrain_id",),
)

GOLD_SAMPLE_LISTS = Table(
    layer="gold",
    name="sample_lists",
    doc="What three known people would have seen under each contestant, on the gate's window.",
    columns=(
        RETRAIN,
        Column("recipe", "string", "The recipe's short stable name."),
        Column("role", "string", "`challenger`, `champion` or `popularity`."),
        USER,
        Column("slices", "array<string>", "Slices the user belongs to, such as `active_low`."),
        Column("item_ids", "array<string>", "The first ten of his list, best first."),
        Column("titles", "array<string>", "Their titles."),
        Column("relevant", "array<boolean>", "Whether he came to like it in the newer rows."),
        Column("n_relevant", "int", "How many items he came to like there."),
        RUN_KEY,
    ),
    key=("retrain_id", "recipe", "user_id"),
)

GOLD_WINDOW_LISTS = Table(
    layer="gold",
    name="window_lists",
    doc="What some known people would have seen under each recipe that may be chosen, on the "
    "gate's window: rules are tried on these lists.",
    columns=(
        RETRAIN,
        Column("recipe", "string", "The recipe's short stable name."),
        USER,
        Column("item_ids", "array<string>", "The first hundred of his list, best first."),
        SCORES,
        Column("relevant", "array<string>", "The relevant items of the test rows; never empty."),
        RUN_KEY,
    ),
    key=("retrain_id", "recipe", "user_id"),
)

GOLD_MODEL_METRICS = Table(
    layer="gold",
    name="model_metrics",
    doc="How each recipe did on each window of a retrain.",
    columns=(
        RETRAIN,
        Column("recipe", "string", "The recipe's short stable name."),
        Column("recipe_json", "string", "The recipe itself."),
        Column("role", "string", "`challenger`, `champion`, `popularity` or `baseline`."),
        Column("window", "string", "`gate`, or the name of a rolling window."),
        Column("slice", "string", "`warm` (the headline), `cold`, or a slice of the warm users."),
        Column("metric", "string", "Such as `ndcg@10`."),
        Column("value", "double", "Mean over the slice's users, or the catalogue's figure."),
        Column("n_users", "bigint", "Users judged."),
        Column("fit_seconds", "double", "Wall time of the fit.", nullable=True),
        RUN_KEY,
    ),
    key=("retrain_id", "recipe", "window", "slice", "metric"),
)

GOLD_USER_METRICS = Table(
    layer="gold",
    name="user_metrics",
    doc="Each judged user's own metrics under each recipe: the pairs that the gate compares.",
    columns=(
        RETRAIN,
        Column("recipe", "string", "The recipe's short stable name."),
        Column("window", "string", "`gate`, or the name of a rolling window."),
        USER,
        Column(
            "slices", "array<string>", "Slices the user belongs to, such as `warm`, `active_low`."
        ),
        Column("metric", "string", "Such as `ndcg@10`."),
        Column("value", "double", "0 to 1."),
        RUN_KEY,
    ),
    key=("retrain_id", "recipe", "window", "user_id", "metric"),
)

GOLD_VERDICTS = Table(
    layer="gold",
    name="verdicts",
    doc="The gate's decisions, with every criterion and figure behind them.",
    columns=(
        RETRAIN,
        Column("verdict", "string", "`first`, `promote`, `refresh` or `hold`."),
        Column("reason", "string", "One sentence."),
        Column("recipe", "string", "Name of the chosen recipe; null for `hold`.", nullable=True),
        Column("recipe_json", "string", "The chosen recipe; null for `hold`.", nullable=True),
        Column("publishes", "boolean", "False for `hold`, and while publishing is paused."),
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
            "the recipe, `low` and `high` its 95 % interval; null but for `ndcg@10` of `warm`.",
        ),
        Column("decided_at", "timestamp", "UTC."),
        RUN_KEY,
    ),
    key=("retrain_id",),
    checks=(("known_verdict", _one_of("verdict", OUTCOMES)),),
)
