"""The evidence of a verdict: the recipes by NDCG@10, and the challenger's leads over them."""

from collections.abc import Sequence

from dashboards.console.badges import Colour
from serving.schemas import Comparison, Verdict
from warehouse.tables.vocabulary import HEADLINE, WARM

POPULARITY = "popular"  # beginning of the name of every popularity recipe


def comparisons(verdict: Verdict | None) -> list[Comparison]:
    """Return the recipes by NDCG@10 of warm users, best first; none without a verdict."""
    rows = verdict.comparisons if verdict else ()
    headline = [row for row in rows if (row.slice, row.metric) == (WARM, HEADLINE)]
    return sorted(headline, key=lambda row: -row.value)


def best(compared: Sequence[Comparison], role: str) -> Comparison | None:
    """Return the first comparison of a role, which is its best recipe."""
    return next((comparison for comparison in compared if comparison.role == role), None)


def of_recipe(compared: Sequence[Comparison], recipe: str) -> Comparison | None:
    """Return the comparison of one recipe, such as the one that a release serves."""
    return next((comparison for comparison in compared if comparison.recipe == recipe), None)


def best_popularity(compared: Sequence[Comparison]) -> Comparison | None:
    """Return the best popularity recipe, also if it is the challenger or live."""
    return next((row for row in compared if row.recipe.startswith(POPULARITY)), None)


def opponent(compared: Sequence[Comparison]) -> Comparison | None:
    """Return what a challenger must beat: the live recipe, else the best popularity recipe."""
    return best(compared, "champion") or best(compared, "popularity")


def trend(verdicts: Sequence[Verdict]) -> list[float]:
    """Return the challengers' NDCG@10, oldest first."""
    challengers = [best(comparisons(verdict), "challenger") for verdict in reversed(verdicts)]
    return [challenger.value for challenger in challengers if challenger is not None]


def interval_colour(interval: tuple[float, float, float] | None) -> Colour:
    """Return green or red if the interval (difference, low, high) excludes zero, else gray."""
    if interval is None or interval[1] <= 0 <= interval[2]:
        return "gray"
    return "green" if interval[1] > 0 else "red"
