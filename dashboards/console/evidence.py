"""The gate's evidence as the console shows it: values out of a verdict, and nothing drawn."""

from collections.abc import Sequence
from typing import Literal

from serving.schemas import Comparison, Verdict
from warehouse.tables.vocabulary import HEADLINE, WARM

Tone = Literal["ok", "warn", "bad", "run", "idle"]
WORDS: dict[str, tuple[Tone, str]] = {
    "first": ("ok", "First release"),
    "promote": ("ok", "Promoted"),
    "refresh": ("run", "Refreshed"),
    "hold": ("warn", "Held"),
}


def comparisons(verdict: Verdict) -> list[Comparison]:
    """Return the headline figures of the recipes, best first."""
    headline = [c for c in verdict.comparisons if (c.slice, c.metric) == (WARM, HEADLINE)]
    return sorted(headline, key=lambda comparison: -comparison.value)


def challenger(found: Sequence[Comparison]) -> Comparison | None:
    """Return the challenger's figure."""
    return next((each for each in found if each.role == "challenger"), None)


def best_popularity(found: Sequence[Comparison]) -> Comparison | None:
    """Return the popularity that is hardest to beat."""
    return next((each for each in found if each.role == "popularity"), None)


def trend(verdicts: Sequence[Verdict]) -> list[float]:
    """Return the challengers' headline figures, oldest first."""
    each = [challenger(comparisons(verdict)) for verdict in reversed(verdicts)]
    return [found.value for found in each if found is not None]
