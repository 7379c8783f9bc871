"""Gold tables of backtests: what each run evaluates, and its figures. They name no user."""

from warehouse.tables.base import RECIPE, RECIPE_JSON, RUN_KEY, Column, table

_CUT = Column("cut", "timestamp", "Models are trained on the events before this time, UTC.")
_PERIOD = Column("period", "string", "`month` or `week`: length of the test rows, unit of ages.")

GOLD_BACKTEST_PLANS = table(
    "gold.backtest_plans",
    "What each run of a backtest evaluates. Of several rows of a run, the newest counts.",
    Column("backtest_id", "string", "The run, as `<dag id>/<run id>`."),
    Column("number", "int", "From 0: plans of the same run in their order."),
    _CUT,
    _PERIOD,
    Column("ages", "array<int>", "Ages of the older models, in periods."),
    RECIPE_JSON,
    Column("found_by", "string", "`form`, `release` (the live one) or `default`."),
    Column("release_id", "bigint", "The live release whose recipe it is.", nullable=True),
    Column("planned_at", "timestamp", "UTC."),
    RUN_KEY,
    key=("backtest_id", "number"),
)

GOLD_BACKTESTS = table(
    "gold.backtests",
    "Figures of backtests. The champion of age 0 is trained on all events before the cut, an older "
    "one on the events until that many periods earlier; all have the same test rows.",
    _PERIOD,
    _CUT,
    Column("champion", "string", "Name of the recipe that was backtested."),
    RECIPE,
    RECIPE_JSON,
    Column("role", "string", "`champion`, `popularity` or `baseline`."),
    Column("age", "int", "Age of the model in periods; 0: trained until the cut."),
    Column("slice", "string", "`warm`, `cold`, or a slice of the warm users."),
    Column("metric", "string", "Name of the metric, such as `ndcg@10`."),
    Column("value", "double", "Mean over the slice's users, or the value for the catalogue."),
    Column("low", "double", "Of `ndcg@10`: its 95 % interval; null for few users.", nullable=True),
    Column("high", "double", "The upper end of that interval.", nullable=True),
    Column(
        "loss",
        "double",
        "Of `ndcg@10`: the value of the champion of age 0 minus this one, paired by user.",
        nullable=True,
    ),
    Column("loss_low", "double", "Lower end of the loss's 95 % interval.", nullable=True),
    Column("loss_high", "double", "Upper end of that interval.", nullable=True),
    Column("n_users", "bigint", "Evaluated users of the slice."),
    Column("fit_seconds", "double", "Wall time of the fit."),
    Column("evaluated_at", "timestamp", "UTC."),
    RUN_KEY,
    key=("period", "cut", "champion", "recipe", "age", "slice", "metric"),
)
