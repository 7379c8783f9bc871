"""Gold tables of a fit: the ledger, and everything that is served."""

from warehouse.tables.base import (
    ITEM,
    ITEM_IDS,
    RECIPE,
    RECIPE_JSON,
    RETRAIN,
    RUN_KEY,
    SCORES,
    USER,
    Column,
    table,
)

GOLD_FITS = table(
    "gold.fits",
    "The ledger: one row per fit, written last. A fit without a row is incomplete.",
    RETRAIN,
    RECIPE,
    RECIPE_JSON,
    Column("constants", "string", "Constants for fold-in as JSON, such as the global mean."),
    Column("code_commit", "string", "Git commit of the code; `unknown` outside a checkout."),
    Column("versions", "map<string,bigint>", "Delta versions that were read, by full table name."),
    Column("n_users", "bigint", "Users with a list of their own."),
    Column("n_items", "bigint", "Items in the catalogue."),
    Column("n_ratings", "bigint", "Ratings that the fit used."),
    Column("fit_seconds", "double", "Wall time of the fit."),
    Column("fitted_at", "timestamp", "UTC."),
    RUN_KEY,
    key=("retrain_id",),
)

GOLD_RECOMMENDATIONS = table(
    "gold.recommendations",
    "Each user's list, without items that they rated or hid.",
    RETRAIN,
    USER,
    ITEM_IDS,
    SCORES,
    key=("retrain_id", "user_id"),
)

GOLD_PROFILES = table(
    "gold.profiles",
    "Each user's segment, ratings and events of the manifest's kinds, as of the fit.",
    RETRAIN,
    USER,
    Column("item_ids", "array<string>", "Rated items, newest rating first."),
    Column("ratings", "array<float>", "One per item, on the data set's scale."),
    Column("rated_at", "array<timestamp>", "One per item, UTC."),
    Column("segment", "string", "As in `gold.fallback_lists`; null in older fits.", nullable=True),
    Column(
        "acted_ids",
        "array<string>",
        "Items with events of the manifest's kinds, one entry per kind; null in older fits.",
        nullable=True,
    ),
    Column("acted_kinds", "array<string>", "Kinds, one per entry.", nullable=True),
    Column(
        "amounts",
        "array<float>",
        "Sums of the events' values (of shares the largest), one per entry.",
        nullable=True,
    ),
    Column("acted_at", "array<timestamp>", "Times of the newest events, UTC.", nullable=True),
    key=("retrain_id", "user_id"),
)

GOLD_ITEM_FACTORS = table(
    "gold.item_factors",
    "Factors and popularity of each item in the fit.",
    RETRAIN,
    ITEM,
    Column("factors", "array<float>", "Model factors, then prior columns; empty without factors."),
    Column("popularity", "float", "Overall fallback score; null in older fits.", nullable=True),
    Column(
        "trending",
        "float",
        "Positive interactions, with a half-life of 14 days before the newest rating; null in "
        "older fits.",
        nullable=True,
    ),
    Column(
        "learned_from",
        "string",
        "`interactions`, or `content` of an item that has none; null in older fits.",
        nullable=True,
    ),
    key=("retrain_id", "item_id"),
)

GOLD_CONTENT_WEIGHTS = table(
    "gold.content_weights",
    "The weights of an item's content that predict its factors; no rows if the fit predicts none. "
    "The prediction is the row `mean` plus the rows of the item's features.",
    RETRAIN,
    Column("kind", "string", "`mean`, `flag` (a feature that an item has or lacks) or `number`."),
    Column("feature", "string", "Such as `category:Drama`; an attribute's name; empty for `mean`."),
    Column("centre", "float", "Mean of a number's logarithms, else 0."),
    Column("deviation", "float", "Deviation of a number's logarithms, else 1."),
    Column("weights", "array<float>", "One per factor, without the priors' columns."),
    key=("retrain_id", "kind", "feature"),
)

GOLD_FALLBACK_LISTS = table(
    "gold.fallback_lists",
    "Lists for users without a list of their own.",
    RETRAIN,
    Column("segment", "string", "Empty for the overall list, else `attribute=value` pairs."),
    ITEM_IDS,
    SCORES,
    key=("retrain_id", "segment"),
)

GOLD_SIMILAR_ITEMS = table(
    "gold.similar_items",
    "The most similar items of each item. `scores` are cosines, or an item-item model's weights.",
    RETRAIN,
    ITEM,
    ITEM_IDS,
    SCORES,
    key=("retrain_id", "item_id"),
)

GOLD_TAKEN_TOGETHER = table(
    "gold.taken_together",
    "The items that users take together with each item more often than by chance: at most 20, from "
    "baskets of positive interactions. `scores` are Dunning's log-likelihood ratios: see decision "
    "40.",
    RETRAIN,
    ITEM,
    ITEM_IDS,
    SCORES,
    Column("n_baskets", "array<int>", "Baskets that have both items, one number per item."),
    key=("retrain_id", "item_id"),
)
