"""The form that starts a retrain by hand. Airflow checks it: a wrong value is answered with 400."""

from airflow.sdk import Param

# What of it goes to `nominate`, each as one word of a command line without a shell.
NOMINATION = {
    "recipe": "{{ params.recipe or '' }}",
    "reason": "{{ params.reason or ('New rows' if dag_run.run_type == 'asset_triggered' else"
    " 'By schedule' if dag_run.run_type == 'scheduled' else 'By hand') }}",
}


RECIPES = [
    "default",
    "als-minus-midpoint",
    "als-from-threshold",
    "popular",
    "popular-recently",
    "popular-like-him",
]


def retrain_form() -> dict[str, Param]:
    """Return the fields, with what holds where nobody says anything."""
    return {
        "recipe": Param(
            "",
            "Name of a recipe, or a recipe as JSON. Empty: the default of this version.",
            title="Recipe",
            examples=RECIPES,  # proposals, anything else may be written
            type=["null", "string"],
            maxLength=4000,
            pattern=r"^$|^[a-z][a-z0-9_-]{0,60}$|^\{[\s\S]*\}$",
        ),
        "search_budget_minutes": Param(
            0,
            "How long to look for a better recipe; 0 takes the one above as it is. This version "
            "has no search yet: a budget changes nothing.",
            title="Search budget in minutes",
            type="integer",
            minimum=0,
            maximum=120,
        ),
        "reason": Param(
            "",
            "Why you start it; it stands beside the verdict.",
            title="Reason",
            type=["null", "string"],
            maxLength=500,
        ),
    }
