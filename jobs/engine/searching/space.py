"""The spaces that a search looks through: which recipes there are, as Optuna's parameters.

First all of ALS; then, around the best of it, the weights of priors: those are tried in no time
once its factors are known. Bounds are those within which all good recipes were found on MovieLens
1M; the ways to weigh a rating matter more than the rank does.
"""

import warnings
from collections.abc import Callable

from optuna.trial import BaseTrial, FixedTrial

from jobs.engine.recipes import (
    MOVIELENS_SPAN,
    Als,
    AlsWithPriors,
    AnyRecipe,
    Centred,
    MinusMidpoint,
    PriorWeights,
    Scale,
    StarsFromThreshold,
    Weighting,
)
from warehouse.tables.vocabulary import SearchFamily

Parameters = dict[str, float | int | str]
_SEEDS_APART = 1000
_DECAYS = ("none", "slow", "fast")
_OLD = ("slow", "fast")
_WEIGHTS = {"popularity": 0.3, "released": 0.06, "demography": 0.5, "category": 0.08}


def suggest(trial: BaseTrial, scale: Scale, half_life_days: float) -> AnyRecipe:
    """Return the ALS recipe that the trial's parameters describe.

    Alpha is in units of the scale, so that its bounds hold for ten points as for five stars.
    """
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


def parameters(recipe: AnyRecipe, scale: Scale, half_life_days: float) -> Parameters | None:
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
    return _if_inside(found, recipe, lambda trial: suggest(trial, scale, half_life_days))


def suggest_priors(trial: BaseTrial, als: Als, half_life_days: float) -> AnyRecipe:
    """Return the recipe with priors around this one that the trial's parameters describe."""
    half_life = _half_life(trial.suggest_categorical("prior_decay", _OLD), half_life_days)
    weights = PriorWeights(
        **{name: round(trial.suggest_float(name, 0, most), 4) for name, most in _WEIGHTS.items()},
        half_life_days=half_life or half_life_days,
    )
    return AlsWithPriors(als=als, priors=weights)


def parameters_of_priors(recipe: AnyRecipe, als: Als, half_life_days: float) -> Parameters | None:
    """Return the parameters for which `suggest_priors` returns the recipe, if there are any."""
    if not isinstance(recipe, AlsWithPriors):
        return None
    priors = recipe.priors
    decays = {_half_life(name, half_life_days): name for name in _OLD}
    found: Parameters = {name: getattr(priors, name) for name in _WEIGHTS}
    found["prior_decay"] = decays.get(priors.half_life_days, _OLD[0])
    return _if_inside(found, recipe, lambda trial: suggest_priors(trial, als, half_life_days))


def is_of(family: SearchFamily, recipe: AnyRecipe) -> bool:
    """Whether a search for the family may return the recipe."""
    return {
        "any": True,
        "als": not isinstance(recipe, AlsWithPriors),
        "als_with_priors": isinstance(recipe, AlsWithPriors),
    }[family]


def reseeded(recipe: AnyRecipe, nth: int) -> AnyRecipe | None:
    """Return the recipe with the nth of its seeds, 0 its own; None where nothing is drawn."""
    match recipe:
        case Als():
            return recipe.model_copy(update={"seed": recipe.seed + nth * _SEEDS_APART})
        case AlsWithPriors():
            return recipe.model_copy(update={"als": reseeded(recipe.als, nth)})
        case _:
            return None


def n_fits(recipe: AnyRecipe) -> int:
    """Return how many times ALS is fitted for the recipe."""
    return {Als: 1, AlsWithPriors: getattr(recipe, "models", 0)}.get(type(recipe), 0)


def _if_inside(
    found: Parameters, recipe: AnyRecipe, suggested: Callable[[BaseTrial], AnyRecipe]
) -> Parameters | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # all that Optuna does out of bounds
            same = suggested(FixedTrial(found))
    except (ValueError, UserWarning):
        return None
    return found if same == recipe else None


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
