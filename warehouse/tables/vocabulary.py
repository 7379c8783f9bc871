"""Values of columns, and settings of a retrain, that several programs agree on.

Everything here is a constant or a `Literal`, so a DAG, the engine and a page may import it.
"""

from typing import Final, Literal, get_args

# Windows: the gate's has a name, those before it are named by `jobs.engine.judging.windows`.
GATE: Final = "gate"
NEW_ITEMS: Final = "new_items"  # the gate's window, with the items alone that appear after its cut

# Slices of the evaluation users: the warm ones have history, and the cold ones have none.
WARM: Final = "warm"
COLD: Final = "cold"
MainSlice = Literal["warm", "cold"]
ACTIVITY_SLICES: Final = ("active_low", "active_mid", "active_high")  # terciles of the warm
NEWEST_THIRD: Final = "newest_third"  # newest third of the warm users

KINDS_TYPE: Final = "map<string,struct<n:bigint,amount:double,last_at:timestamp>>"

HEADLINE: Final = "ndcg@10"  # the metric that the gate compares

LEFT_OUT: Final = "left_out"  # metric of a baseline that was not fitted: its bound of items

Role = Literal["challenger", "champion", "popularity", "baseline"]
Outcome = Literal["first", "promote", "refresh", "hold"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

RecipeSource = Literal["search", "nomination"]
SearchFamily = Literal["any", "als", "als_with_priors", "item_item"]
SEARCH_FAMILIES: tuple[SearchFamily, ...] = get_args(SearchFamily)
MAX_SEARCH_MINUTES: Final = 120
MAX_TRIALS: Final = 1000
TrialStage = Literal["explore", "final"]
TrialState = Literal["complete", "pruned", "failed"]
TRIAL_STATES: tuple[TrialState, ...] = get_args(TrialState)

SPARK_POOL: Final = "spark"  # of Airflow; with `per_dataset`, a data set's own adds `_<name>`
SPARK_SLOTS: Final = "OPS_SPARK_SLOTS"  # the variable
SPARK_JVM_SOCKET: Final = "SPARK_JVM_SOCKET"  # the variable; see jobs/runtime/warm_jvm.py
SparkSlots = Literal["shared", "per_dataset"]

BacktestPeriod = Literal["month", "week"]
BACKTEST_PERIODS: tuple[BacktestPeriod, ...] = get_args(BacktestPeriod)
MAX_BACKTEST_CUTS: Final = 60  # the newest periods of the data that a backtest evaluates
MAX_BACKTEST_AGES: Final = 6  # largest number of ages of one cut's models
MAX_MODEL_AGE: Final = 36  # in periods
DEFAULT_BACKTEST_AGES: Final = "1,2,3,6"

RecipeName = Literal[
    "default",
    "als",
    "als_with_priors",
    "als_minus_midpoint",
    "als_from_threshold",
    "item_item",
    "ease",
    "popular",
    "popular_recently",
    "popular_by_segment",
]
RECIPE_NAMES: tuple[RecipeName, ...] = get_args(RecipeName)

NOTHING_TO_DO: Final = 99  # exit code of a job that succeeded, after which a DAG skips the rest

ALL_SUBJECTS: Final = "all"  # subject of the row of gold.maintenance about a whole step
