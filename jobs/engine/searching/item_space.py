"""The search space of item-item models: similarities with their neighbours, and EASE."""

from collections.abc import Sequence

from optuna.trial import BaseTrial

from jobs.engine import recipes
from jobs.engine.facts import Facts
from jobs.engine.item_recipes import Ease, ItemItem
from jobs.engine.recipes import AnyRecipe
from jobs.engine.searching.space import Parameters, if_inside
from jobs.engine.searching.trials import Space

_SIMILARITIES = ("cosine", "log_likelihood")
_EASE = "ease"


def item_space(data: Facts, starts: Sequence[AnyRecipe], *, with_ease: bool) -> Space:
    """Return the space. Its starts are `starts`, then the default recipes.

    `with_ease`: whether the catalogue is small enough for EASE.
    """
    models = (*_SIMILARITIES, _EASE) if with_ease else _SIMILARITIES

    def suggest(trial: BaseTrial) -> AnyRecipe:
        model = trial.suggest_categorical("model", models)
        if model == _EASE:
            reg = round(trial.suggest_float("reg", 30, 5000, log=True), 1)
            return recipes.ease(data).model_copy(update={"reg": reg})
        values = {
            "similarity": model,
            "neighbours": trial.suggest_int("neighbours", 20, 500, log=True),
            "shrinkage": round(trial.suggest_float("shrinkage", 1, 1000, log=True), 1),
        }
        if model == "cosine":
            values["exponent"] = round(trial.suggest_float("exponent", 0.3, 1), 4)
        return ItemItem.model_validate(values)

    def parameters(recipe: AnyRecipe) -> Parameters | None:
        if isinstance(recipe, Ease):
            return if_inside({"model": _EASE, "reg": recipe.reg}, recipe, suggest)
        if not isinstance(recipe, ItemItem):
            return None
        values: Parameters = {
            "model": recipe.similarity,
            "neighbours": recipe.neighbours,
            "shrinkage": recipe.shrinkage,
        }
        if recipe.similarity == "cosine":
            values["exponent"] = recipe.exponent
        return if_inside(values, recipe, suggest)

    ease = (recipes.ease(data),) if with_ease else ()
    return Space(suggest, parameters, [*starts, ItemItem(), *ease])
