"""Recipes: frozen values that describe how to fit a model, and print as JSON.

A recipe is implicit ALS with a weighting that turns interactions into signed strengths, the same
with priors, an item-item model (`jobs.engine.item_recipes`), or one of three popularities. The same
recipe on the same rows gives the same model, so only its JSON is stored.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from jobs.engine.errors import RecipeError
from jobs.engine.facts import Facts, Scale
from jobs.engine.item_recipes import Ease, ItemItem, Recipe
from jobs.engine.weightings import (
    Centred,
    Events,
    MinusMidpoint,
    StarsFromThreshold,
    Value,
    Weighting,
)
from warehouse.tables.vocabulary import RecipeName

SEED = 20260101
MAX_ITERATIONS = 50  # each deepens Spark's lineage, within -Xss of spark-defaults.conf
_MEASURED_SPAN = 4.0  # the default hyper-parameters were found on ratings from 1 to 5


class Als(Recipe):
    """Spark's implicit ALS (Hu, Koren and Volinsky 2008): signed strengths, scaled `reg`.

    Strengths halve with each `half_life_days` of the rating's age, if set. `blocks` is part of
    the recipe because it changes the initial factors. With `Events`, `alpha` is for strengths
    whose mean is 1, so it needs no unit.
    """

    kind: Literal["als"] = "als"
    weighting: Weighting = Centred()
    rank: int = Field(default=8, ge=1, le=256)
    reg: float = Field(default=0.57, ge=0)
    alpha: float = Field(default=4.66, gt=0)
    iterations: int = Field(default=15, ge=1, le=MAX_ITERATIONS)
    blocks: int = Field(default=2, ge=1, le=1024)
    seed: int = SEED
    half_life_days: float | None = Field(default=None, gt=0)

    @property
    def _label(self) -> str:
        return f"als_{self.weighting.kind}_r{self.rank}"


class PriorWeights(Value):
    """Weights of the priors beside the factors (`jobs.engine.learning.priors`); 0 turns one off.

    The defaults were found on the rolling windows of MovieLens 1M. They need no scale: scores of
    implicit ALS are around 0 to 1 whatever the scale of the ratings.
    """

    popularity: float = Field(default=0.12, ge=0)
    half_life_days: float = Field(default=365, gt=0)
    released: float = 0.03
    demography: float = Field(default=0.25, ge=0)
    demography_shrinkage: float = Field(default=20, gt=0)
    category: float = Field(default=0.02, ge=0)
    category_shrinkage: float = Field(default=60, gt=0)


class AlsWithPriors(Recipe):
    """The mean score of several implicit ALS models, plus weighted priors.

    The models have the seeds `als.seed`, `als.seed` + 1, and so on.
    """

    kind: Literal["als_with_priors"] = "als_with_priors"
    als: Als = Als()
    models: int = Field(default=3, ge=1, le=16)
    priors: PriorWeights = PriorWeights()

    @property
    def seeded(self) -> tuple[Als, ...]:
        """The recipe of each model."""
        seeds = range(self.als.seed, self.als.seed + self.models)
        return tuple(self.als.model_copy(update={"seed": seed}) for seed in seeds)

    @property
    def _label(self) -> str:
        return f"als_with_priors_r{self.als.rank}x{self.models}"


class Popular(Recipe):
    """Popularity: the number of positive interactions.

    `relevant_from` names the smallest rating that is positive; None for data without a scale.
    """

    kind: Literal["popular"] = "popular"
    relevant_from: float | None = None


class PopularRecently(Recipe):
    """Popularity in which the weight of an interaction halves with each half-life of its age."""

    kind: Literal["popular_recently"] = "popular_recently"
    relevant_from: float | None = None
    half_life_days: float = Field(default=365, gt=0)

    @property
    def _label(self) -> str:
        return f"popular_{self.half_life_days:g}d".replace(".", "p")


class PopularBySegment(Recipe):
    """Popularity in the user's segment, times the user's lift of the item's categories.

    Counts in the segment are shrunk towards those of all users by `shrinkage` pseudo-counts, the
    user's category shares by `lift_shrinkage`. `lift` is the exponent of the lift.
    """

    kind: Literal["popular_by_segment"] = "popular_by_segment"
    relevant_from: float | None = None
    shrinkage: float = Field(default=2000, ge=0)
    lift: float = Field(default=0.5, ge=0)
    lift_shrinkage: float = Field(default=20, gt=0)


Popularity = Popular | PopularRecently | PopularBySegment


class Newest(Recipe):
    """New items by year of release, newest first; those without a year are last."""

    kind: Literal["newest"] = "newest"


class PopularInCategory(Recipe):
    """New items by the mean popularity of the known items in their most popular category."""

    kind: Literal["popular_in_category"] = "popular_in_category"


ORDERS_OF_NEW_ITEMS = (Newest(), PopularInCategory())  # what predicted factors must beat
AnyRecipe = Als | AlsWithPriors | ItemItem | Ease | Popularity
_RECIPE: TypeAdapter[AnyRecipe] = TypeAdapter(Annotated[AnyRecipe, Field(discriminator="kind")])


def default(data: Facts) -> Als | AlsWithPriors:
    """Return the default recipe of a data set: ALS of ratings, ALS with priors of other events.

    On public data with other events than ratings, no other recipe is always near the best with its
    defaults: see docs/benchmarks.md.
    """
    return with_priors(data) if data.kinds else of_ratings(data)


def of_ratings(data: Facts) -> Als:
    """Return the default recipe that learns from ratings on a scale."""
    return Als(alpha=round(4.66 * alpha_unit(data.scale), 4))


def of_events(data: Facts) -> Als:
    """Return the default recipe that learns from events of all kinds.

    The values are the best of 6 on rolling windows of plays, hours of play, a shop, and books.
    """
    return Als(weighting=events(data), rank=32, reg=1, alpha=20)


def with_priors(data: Facts) -> AlsWithPriors:
    """Return the default recipe with priors; of ratings alone as measured on MovieLens 1M."""
    priors = PriorWeights(half_life_days=data.windows.half_life_days)
    if data.kinds:
        return AlsWithPriors(als=of_events(data), priors=priors)
    alpha = round(6.5 * alpha_unit(data.scale), 4)
    als = Als(weighting=Centred(p=0.5), rank=10, reg=0.5, alpha=alpha)
    return AlsWithPriors(als=als, priors=priors)


def events(data: Facts) -> Events:
    """Return the weighting by the manifest's weights. Shares, which are at most 1, are kept."""
    weights = tuple((name, kind.weight) for name, kind in sorted(data.kinds.items()))
    only_shares = all(kind.value == "share" for kind in data.kinds.values())
    threshold = data.scale.relevant_from if data.has_scale else None
    return Events(
        weights=weights, saturation="capped" if only_shares else "log1p", threshold=threshold
    )


def popularities(data: Facts) -> tuple[Popularity, ...]:
    """Return the popularities that a challenger must beat, simplest first.

    Data without times have none that decays.
    """
    relevant_from = data.scale.relevant_from if data.has_scale else None
    half_life = data.windows.half_life_days
    recently = PopularRecently(relevant_from=relevant_from, half_life_days=half_life)
    return (
        Popular(relevant_from=relevant_from),
        *((recently,) if data.has_times else ()),
        PopularBySegment(relevant_from=relevant_from),
    )


def ease(data: Facts) -> Ease:
    """Return EASE of a data set as it can be released: with the weights that are served.

    The values are in the middle of the best ones for hours of play and MovieLens 1M, both split at
    random: there 200 weights per item are within 1 % of all of them.
    """
    relevant_from = data.scale.relevant_from if data.has_scale else None
    return Ease(relevant_from=relevant_from, reg=500, neighbours=200)


def by_name(data: Facts) -> dict[RecipeName, AnyRecipe]:
    """Return the recipes that can be requested by name; some need a scale, or times."""
    of_scale: dict[RecipeName, AnyRecipe] = {}
    if data.has_scale:
        middle = MinusMidpoint(midpoint=data.scale.highest / 2)  # measured: 2.5 of 5 beats 3
        alpha = round(alpha_unit(data.scale), 4)
        from_threshold = StarsFromThreshold(threshold=data.scale.relevant_from)
        of_scale = {
            "als_minus_midpoint": Als(weighting=middle, reg=0.3, alpha=alpha),
            "als_from_threshold": Als(weighting=from_threshold, reg=0.3, alpha=3),
        }
    of_popularities: dict[RecipeName, AnyRecipe] = {x.kind: x for x in popularities(data)}
    return {
        "default": default(data),
        "als": of_ratings(data) if data.has_scale else of_events(data),
        "als_with_priors": with_priors(data),
        **of_scale,
        "item_item": ItemItem(),
        "ease": ease(data),
        **of_popularities,
    }


def resolve(text: str, data: Facts) -> AnyRecipe:
    """Return the recipe of a form's field: a name, JSON, or empty for the manifest's or default.

    Raises:
        RecipeError: no recipe has the name, or the JSON describes none.
    """
    text = text.strip() or data.training.recipe.strip() or "default"
    if text.startswith("{"):
        return parse(text)
    named = by_name(data)
    recipe = next((recipe for name, recipe in named.items() if name == text), None)
    if recipe is None:
        raise RecipeError(f"no recipe {text!r}; give JSON, or one of: {', '.join(named)}")
    return recipe


def parse(text: str) -> AnyRecipe:
    """Return the recipe of the JSON.

    Raises:
        RecipeError: a field is missing, unknown or out of range.
    """
    try:
        return _RECIPE.validate_json(text)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'recipe'}: {e['msg']}" for e in error.errors()
        )
        raise RecipeError(f"invalid recipe: {problems}") from error


def alpha_unit(scale: Scale) -> float:
    """Return the factor that makes alpha independent of the scale: 1 for ratings from 1 to 5."""
    return _MEASURED_SPAN / (scale.highest - scale.lowest)
