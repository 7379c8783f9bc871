"""Search spaces: sets of recipes as Optuna's parameters.

The first space is ALS. The second is the weights of priors around the best ALS recipe, which need
no new fit. With a scale, the bounds contain all good recipes found on MovieLens 1M, where the
weighting mattered more than the rank. Without one, the weights of kinds are searched around those
of the manifest; the largest stays as it is, since only their proportions matter. Data with both
are searched in both spaces.
"""

import warnings
from collections.abc import Callable

from optuna.trial import BaseTrial, FixedTrial

from jobs.engine import recipes
from jobs.engine.facts import Facts, Scale
from jobs.engine.item_recipes import Ease, ItemItem
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe, PriorWeights, alpha_unit
from jobs.engine.weightings import Centred, Events, MinusMidpoint, StarsFromThreshold, Weighting
from warehouse.tables.vocabulary import SearchFamily

Parameters = dict[str, float | int | str]  # values by the names that Optuna has for them
_SEED_STEP = 1000  # more than the models of a recipe, which have consecutive seeds
_WEIGHTINGS = ("centred", "minus_midpoint", "stars_from_threshold")
_ALS_DECAYS = ("none", "slow", "fast")
_PRIOR_DECAYS = ("slow", "fast")
_SATURATIONS = ("binary", "log1p", "capped")
_MAX_FACTOR = 8.0  # of a kind's weight, up and down
_MAX_WEIGHTS = {"popularity": 0.3, "released": 0.06, "demography": 0.5, "category": 0.08}


def suggest(trial: BaseTrial, data: Facts) -> AnyRecipe:
    """Return the ALS recipe of the trial's parameters; its alpha is in units of the scale."""
    if not data.has_scale:
        return _suggest_events(trial, data)
    scale, half_life_days = data.scale, data.windows.half_life_days
    weightings = (*_WEIGHTINGS, "events") if data.kinds else _WEIGHTINGS
    kind = trial.suggest_categorical("weighting", weightings)
    if kind == "events":
        return _suggest_events(trial, data)
    alpha = trial.suggest_float("alpha", 2, 10, log=True)
    if kind != "stars_from_threshold":
        alpha *= alpha_unit(scale)
    return Als(
        weighting=_weighting(kind, trial, scale),
        rank=trial.suggest_int("rank", 6, 12),
        reg=round(trial.suggest_float("reg", 0.2, 1.2, log=True), 4),
        alpha=round(alpha, 4),
        iterations=trial.suggest_int("iterations", 8, 15),
        half_life_days=_half_life(trial.suggest_categorical("decay", _ALS_DECAYS), half_life_days),
    )


def _suggest_events(trial: BaseTrial, data: Facts) -> AnyRecipe:
    """Return the ALS recipe of the trial's parameters that learns from events of all kinds."""
    prefix = _prefix(data)
    saturation = trial.suggest_categorical("saturation", _SATURATIONS)
    changed: dict[str, object] = {"saturation": saturation, "weights": _weights(trial, data)}
    if saturation == "capped":
        changed["cap"] = round(trial.suggest_float("cap", 1, 20, log=True), 4)
    decays = _ALS_DECAYS if data.has_times else ("none",)
    decay = trial.suggest_categorical(f"{prefix}decay", decays)
    return Als(
        weighting=recipes.events(data).model_copy(update=changed),
        rank=trial.suggest_int(f"{prefix}rank", 8, 64, log=True),
        reg=round(trial.suggest_float(f"{prefix}reg", 0.01, 10, log=True), 4),
        alpha=round(trial.suggest_float(f"{prefix}alpha", 1, 100, log=True), 4),
        iterations=trial.suggest_int(f"{prefix}iterations", 8, 15),
        half_life_days=_half_life(decay, data.windows.half_life_days),
    )


def _prefix(data: Facts) -> str:
    """Return the prefix of the names of parameters that ratings have too, with other bounds."""
    return "events_" if data.has_scale else ""


def _weights(trial: BaseTrial, data: Facts) -> tuple[tuple[str, float], ...]:
    """Return the kinds' weights of the trial's parameters."""
    weights = dict(recipes.events(data).weights)
    largest = max(weights, key=weights.__getitem__, default="")
    for name, weight in weights.items():
        if weight and name != largest:
            low, high = weight / _MAX_FACTOR, weight * _MAX_FACTOR
            weights[name] = round(trial.suggest_float(f"weight_{name}", low, high, log=True), 4)
    return tuple(weights.items())


def parameters(recipe: AnyRecipe, data: Facts) -> Parameters | None:
    """Return the parameters for which `suggest` returns the recipe; None outside the space."""
    if not isinstance(recipe, Als):
        return None
    scale, half_life_days, weighting = data.scale, data.windows.half_life_days, recipe.weighting
    unit = 1.0 if isinstance(weighting, StarsFromThreshold | Events) else alpha_unit(scale)
    decays = {_half_life(name, half_life_days): name for name in _ALS_DECAYS}
    prefix = _prefix(data) if isinstance(weighting, Events) else ""
    values: Parameters = {
        "weighting": weighting.kind,
        f"{prefix}rank": recipe.rank,
        f"{prefix}reg": recipe.reg,
        f"{prefix}alpha": recipe.alpha / unit,
        f"{prefix}iterations": recipe.iterations,
        f"{prefix}decay": decays.get(recipe.half_life_days, "none"),
    }
    if isinstance(weighting, Centred):
        values["p"] = weighting.p
    if isinstance(weighting, Events):
        values |= {f"weight_{name}": weight for name, weight in weighting.weights}
        values |= {"saturation": weighting.saturation, "cap": weighting.cap}
    return if_inside(values, recipe, lambda trial: suggest(trial, data))


def suggest_priors(trial: BaseTrial, als: Als, half_life_days: float) -> AnyRecipe:
    """Return the recipe with priors around `als` of the trial's parameters."""
    half_life = _half_life(trial.suggest_categorical("prior_decay", _PRIOR_DECAYS), half_life_days)
    weights = {
        name: round(trial.suggest_float(name, 0, highest), 4)
        for name, highest in _MAX_WEIGHTS.items()
    }
    priors = PriorWeights(**weights, half_life_days=half_life or half_life_days)
    return AlsWithPriors(als=als, priors=priors)


def parameters_of_priors(recipe: AnyRecipe, als: Als, half_life_days: float) -> Parameters | None:
    """Return the parameters for which `suggest_priors` returns the recipe; None if outside."""
    if not isinstance(recipe, AlsWithPriors):
        return None
    priors = recipe.priors
    decays = {_half_life(name, half_life_days): name for name in _PRIOR_DECAYS}
    values: Parameters = {name: getattr(priors, name) for name in _MAX_WEIGHTS}
    values["prior_decay"] = decays.get(priors.half_life_days, _PRIOR_DECAYS[0])
    return if_inside(values, recipe, lambda trial: suggest_priors(trial, als, half_life_days))


def if_inside(
    values: Parameters, recipe: AnyRecipe, suggest: Callable[[BaseTrial], AnyRecipe]
) -> Parameters | None:
    """Return the values if `suggest` returns the recipe for them; else None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Optuna's answer to values out of bounds
            same = suggest(FixedTrial(values))
    except (ValueError, UserWarning):
        return None
    return values if same == recipe else None


def is_in_family(family: SearchFamily, recipe: AnyRecipe) -> bool:
    """Return whether a search for the family may return the recipe."""
    if family == "any":
        return True
    if isinstance(recipe, ItemItem | Ease):
        return family == "item_item"
    with_priors = isinstance(recipe, AlsWithPriors)
    return family == "als_with_priors" if with_priors else family == "als"


def reseeded(recipe: AnyRecipe, nth: int) -> AnyRecipe | None:
    """Return the recipe with its nth seed, 0 for its own; None for recipes without a seed."""
    if isinstance(recipe, AlsWithPriors):
        return recipe.model_copy(update={"als": reseeded(recipe.als, nth)})
    if isinstance(recipe, Als):
        return recipe.model_copy(update={"seed": recipe.seed + nth * _SEED_STEP})
    return None


def _half_life(decay: str, half_life_days: float) -> float | None:
    """Return the half-life of a named decay in days, None without decay."""
    return {"none": None, "slow": half_life_days, "fast": half_life_days / 3}[decay]


def _weighting(kind: str, trial: BaseTrial, scale: Scale) -> Weighting:
    match kind:
        case "centred":
            return Centred(p=round(trial.suggest_float("p", 0, 1), 4))
        case "minus_midpoint":
            return MinusMidpoint(midpoint=scale.highest / 2)
        case _:
            return StarsFromThreshold(threshold=scale.relevant_from)
