"""Gold, for whoever serves: the ledger of fits, and all that a fit made."""

from warehouse.tables.base import ITEM, ITEM_IDS, RETRAIN, RUN_KEY, SCORES, USER, Column, Table

GOLD_FITS = Table(
    layer="gold",
    name="fits",
    doc="The ledger: one row per fit, written last. A fit that is not listed is not complete.",
    columns=(
        RETRAIN,
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
        RUN_KEY,
    ),
    key=("retrain_id",),
)

GOLD_RECOMMENDATIONS = Table(
    layer="gold",
    name="recommendations",
    doc="One user's whole list of one fit, without what he rated or hid.",
    columns=(RETRAIN, USER, ITEM_IDS, SCORES),
    key=("retrain_id", "user_id"),
)

GOLD_PROFILES = Table(
    layer="gold",
    name="profiles",
    doc="What a fit knew of one user: his segment and his ratings, newest first.",
    columns=(
        RETRAIN,
        USER,
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
    key=("retrain_id", "user_id"),
)

GOLD_ITEM_FACTORS = Table(
    layer="gold",
    name="item_factors",
    doc="What a fit learned of each item that it has seen.",
    columns=(
        RETRAIN,
        ITEM,
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
    key=("retrain_id", "item_id"),
)

GOLD_FALLBACK_LISTS = Table(
    layer="gold",
    name="fallback_lists",
    doc="Lists for people whom the fit does not know.",
    columns=(
        RETRAIN,
        Column("segment", "string", "Empty for everybody, or `attribute=value` pairs."),
        ITEM_IDS,
        SCORES,
    ),
    key=("retrain_id", "segment"),
)

GOLD_SIMILAR_ITEMS = Table(
    layer="gold",
    name="similar_items",
    doc="For each item the items most like it. `scores` are cosines.",
    columns=(RETRAIN, ITEM, ITEM_IDS, SCORES),
    key=("retrain_id", "item_id"),
)
