"""The forms that start retrains and backtests. Airflow rejects values that do not fit them."""

from airflow.sdk import Param

from warehouse.datasets import Dataset
from warehouse.tables.vocabulary import (
    BACKTEST_PERIODS,
    DEFAULT_BACKTEST_AGES,
    MAX_BACKTEST_AGES,
    MAX_SEARCH_MINUTES,
    MAX_TRIALS,
    RecipeName,
    SearchFamily,
)

_AGE = "([1-9]|[12][0-9]|3[0-6])"  # at most MAX_MODEL_AGE

# Options of `nominate`, `search` and `plan`; each value is one argument, and no shell reads it.
NOMINATE = {
    "recipe": "{{ params.recipe or '' }}",
    "reason": "{{ params.reason or ('New rows' if dag_run.run_type == 'asset_triggered' else"
    " 'By schedule' if dag_run.run_type == 'scheduled' else 'By hand') }}",
}
SEARCH = {
    "minutes": "{{ params.search_budget_minutes }}",
    "trials": "{{ params.search_max_trials }}",
    "family": "{{ params.search_family }}",
}

PLAN = {
    "cut": "{{ dag_run.logical_date.isoformat() if dag_run.logical_date else '' }}",
    "period": "{{ params.period }}",
    "ages": "{{ params.ages }}",
    "recipe": "{{ params.recipe or '' }}",
}

FAMILIES: dict[SearchFamily, str] = {
    "any": "All recipes",
    "als": "ALS without priors",
    "als_with_priors": "ALS with priors: popularity, year, segment, category",
    "item_item": "Item-item: similarities and EASE",
}

# what each name stands for, and how the names of its models begin if that differs
RECIPES: dict[RecipeName, str] = {
    "default": "The data set's default",
    "als": "ALS",
    "als_with_priors": "ALS with priors: popularity, year, segment, category",
    "als_minus_midpoint": "ALS, ratings below the middle of the scale count against an item",
    "als_from_threshold": "ALS of positive ratings alone",
    "item_item": "Similarities of items (item_cosine_…)",
    "ease": "EASE: linear weights between items",
    "popular": "Popularity",
    "popular_recently": "Popularity of newer events (popular_365d_…)",
    "popular_by_segment": "Popularity in the user's segment",
}


def retrain_form(dataset: Dataset) -> dict[str, Param]:
    """Return the form's fields with their defaults.

    A data set with `approval_by_another` has no choice of approval: each of its retrains waits.
    """
    form = {
        "recipe": _recipe(
            "Name or JSON of the challenger. Empty: the manifest's recipe, or the default one."
        ),
        "search_budget_minutes": Param(
            dataset.training.search_minutes,
            "How long to search for a better recipe, which then becomes the challenger. 0: no "
            "search, the recipe above is the challenger.",
            title="Search budget in minutes",
            type="integer",
            minimum=0,
            maximum=MAX_SEARCH_MINUTES,
        ),
        "search_max_trials": Param(
            0,
            "The search ends after this number of trials, or when its budget is used. 0: no limit.",
            title="Maximum number of trials",
            type="integer",
            minimum=0,
            maximum=MAX_TRIALS,
        ),
        "search_family": Param(
            "any",
            "Family of the recipes to search for. The search may score recipes of other families "
            "too.",
            title="Recipes to search for",
            type="string",
            enum=list(FAMILIES),
            values_display=FAMILIES,
        ),
        "ask_for_approval": Param(
            dataset.schedule.ask_for_approval,
            "Wait for an operator's approval before publishing. Without an answer in time, nothing "
            "is published. Scheduled runs use the manifest's setting.",
            title="Require approval",
            type="boolean",
        ),
        "reason": Param(
            "",
            "The reason for this retrain. Shown with its verdict.",
            title="Reason",
            type=["null", "string"],
            maxLength=500,
        ),
    }
    if dataset.schedule.approval_by_another:
        del form["ask_for_approval"]
    return form


def backtest_form(dataset: Dataset) -> dict[str, Param]:
    """Return the form's fields with their defaults. The cut is the run's logical date."""
    return {
        "period": Param(
            dataset.schedule.backtest,
            "Length of the test window after the cut, and unit of the ages.",
            title="Period",
            type="string",
            enum=list(BACKTEST_PERIODS),
        ),
        "ages": Param(
            DEFAULT_BACKTEST_AGES,
            "Ages, in periods, of the older models that are evaluated on the same events. Each "
            "needs one more fit. Empty: no older models.",
            title="Ages of older models",
            type="string",
            pattern=rf"^$|^{_AGE}(,{_AGE}){{0,{MAX_BACKTEST_AGES - 1}}}$",
        ),
        "recipe": _recipe(
            "Name or JSON of the recipe to backtest. Empty: that of the live release or, without "
            "one, the manifest's or the default one."
        ),
    }


def _recipe(description: str) -> Param:
    return Param(
        "",
        description,
        title="Recipe",
        examples=list(RECIPES),  # suggestions; other names and JSON are valid too
        values_display=RECIPES,
        type=["null", "string"],
        maxLength=4000,
        pattern=r"^$|^[a-z][a-z0-9_-]{0,60}$|^\{[\s\S]*\}$",
    )
