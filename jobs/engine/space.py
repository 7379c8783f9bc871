"""The space that a search looks through: which recipes there are, as Optuna's parameters.

Its bounds are those within which all good recipes were found on MovieLens 1M; the ways to weigh a
rating matter more than the rank does.
"""

import warnings
from typing import Literal

from optuna.trial import BaseTrial, FixedTrial

from jobs.engine.recipes import (
    MOVIELENS_SPAN,
    Als,
    AnyRecipe,
    Centred,
    MinusMidpoint,
    Scale,
    StarsFromThreshold,
    Weighting,
)

Family = Literal["any", "als", "als_with_priors"]
Parameters = dict[str, float | int | str]
_SEEDS_APART = 1000


def suggest(trial: BaseTrial, scale: Scale, half_life_days: float, family: Family) -> AnyRecipe:
    """Return the recipe that the trial's parameters describe.

    Alpha is in units of the scale, so that its bounds hold for ten points as for five stars.
    """
    del family  # there is one
    kind = trial.suggest_categorical(
        "weighting", ["centred", "minus_midpoint", "stars_from_threshold"]
    )
    alpha = trial.suggest_float("alpha", 2, 10, log=True)
    if kind != "stars_from_threshold":
        alpha *= _unit(scale)
    return Als(
        weighting=_weighting(kind, trial, scale),
        rank=trial.suggest_int("rank", 6, 12),
        reg=round(trial.suggest_float("reg", 0.2, 1.2, log=True), 4),
        alpha=round(alpha, 4),
        iterations=trial.suggest_int("iterations", 8, 15),
        half_life_days=_half_life(trial.suggest_categorical("decay", _DECAYS), half_life_days),
    )


def parameters(
    recipe: AnyRecipe, scale: Scale, half_life_days: float, family: Family
) -> Parameters | None:
    """Return the parameters for which `suggest` returns the recipe; None where it lies outside."""
    if not isinstance(recipe, Als):
        return None
    weighting = recipe.weighting
    unit = 1.0 if isinstance(weighting, StarsFromThreshold) else _unit(scale)
    decays = {_half_life(name, half_life_days): name for name in _DECAYS}
    found: Parameters = {
        "weighting": weighting.kind,
        "rank": recipe.rank,
        "reg": recipe.reg,
        "alpha": recipe.alpha / unit,
        "iterations": recipe.iterations,
        "decay": decays.get(recipe.half_life_days, "none"),
    }
    if isinstance(weighting, Centred):
        found["p"] = weighting.p
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # all that Optuna does out of bounds
            same = suggest(FixedTrial(found), scale, half_life_days, family)
    except (ValueError, UserWarning):
        return None
    return found if same == recipe else None


def reseeded(recipe: AnyRecipe, nth: int) -> AnyRecipe | None:
    """Return the recipe with the nth of its seeds, 0 its own; None where nothing is drawn."""
    if not isinstance(recipe, Als):
        return None
    return recipe.model_copy(update={"seed": recipe.seed + nth * _SEEDS_APART})


_DECAYS = ("none", "slow", "fast")


def _half_life(decay: str, half_life_days: float) -> float | None:
    return {"none": None, "slow": half_life_days, "fast": half_life_days / 3}[decay]


def _weighting(kind: str, trial: BaseTrial, scale: Scale) -> Weighting:
    match kind:
        case "centred":
            return Centred(p=round(trial.suggest_float("p", 0, 1), 4))
        case "minus_midpoint":
            return MinusMidpoint(midpoint=scale.highest / 2)
        case _:
            return StarsFromThreshold(threshold=scale.relevant_from)


def _unit(scale: Scale) -> float:
    return MOVIELENS_SPAN / (scale.highest - scale.lowest)
