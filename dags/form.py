"""The form that starts a retrain by hand. Airflow checks it: a wrong value is answered with 400."""

from airflow.sdk import Param

from warehouse.datasets import Dataset
from warehouse.tables.vocabulary import MAX_SEARCH_MINUTES, MAX_TRIALS, RECIPE_NAMES, SearchFamily

# What of it goes to `nominate`, each as one word of a command line without a shell.
NOMINEE = {
    "recipe": "{{ params.recipe or '' }}",
    "reason": "{{ params.reason or ('New rows' if dag_run.run_type == 'asset_triggered' else"
    " 'By schedule' if dag_run.run_type == 'scheduled' else 'By hand') }}",
}
SEARCH = {
    "minutes": "{{ params.search_budget_minutes }}",
    "trials": "{{ params.search_max_trials }}",
    "family": "{{ params.search_family }}",
}

FAMILIES: dict[SearchFamily, str] = {
    "any": "Whatever the search can make",
    "als": "ALS alone",
    "als_with_priors": "ALS with priors: popularity, year, demography, category",
}


def retrain_form(dataset: Dataset) -> dict[str, Param]:
    """Return the fields, with what holds where nobody says anything."""
    return {
        "recipe": Param(
            "",
            "Name of a recipe, or a recipe as JSON. Empty: the default of this version.",
            title="Recipe",
            examples=list(RECIPE_NAMES),  # proposals, anything else may be written
            type=["null", "string"],
            maxLength=4000,
            pattern=r"^$|^[a-z][a-z0-9_-]{0,60}$|^\{[\s\S]*\}$",
        ),
        "search_budget_minutes": Param(
            0,
            "How long to look for a better recipe, which then challenges; 0 takes the one above as "
            "it is.",
            title="Search budget in minutes",
            type="integer",
            minimum=0,
            maximum=MAX_SEARCH_MINUTES,
        ),
        "search_max_trials": Param(
            0,
            "The search ends after so many trials, if its minutes last that long; 0 sets no limit.",
            title="Most trials of the search",
            type="integer",
            minimum=0,
            maximum=MAX_TRIALS,
        ),
        "search_family": Param(
            "any",
            "Which recipes the search may try.",
            title="Family searched",
            type="string",
            enum=list(FAMILIES),
            values_display=FAMILIES,
        ),
        "ask_for_approval": Param(
            dataset.schedule.ask_for_approval,
            "Let a person look at the evidence before anything is published. Nobody answers within "
            "a day: nothing is. The manifest says what holds for runs that start by themselves.",
            title="Ask for approval",
            type="boolean",
        ),
        "reason": Param(
            "",
            "Why you start it; it stands beside the verdict.",
            title="Reason",
            type=["null", "string"],
            maxLength=500,
        ),
    }
