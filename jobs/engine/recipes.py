"""Recipes: frozen values that describe how to fit a model, and print as JSON.

A recipe is implicit ALS with a weighting that turns ratings into signed strengths, the same with
priors, or one of three popularities. The same recipe on the same rows gives the same model, so
only its JSON is stored.
"""

import hashlib
from typing import Annotated, Literal, Protocol

from pydantic import Field, TypeAdapter, ValidationError

from jobs.engine.errors import RecipeError
from jobs.engine.weightings import Centred, MinusMidpoint, StarsFromThreshold, Value, Weighting
from warehouse.tables.vocabulary import RECIPE_NAMES, RecipeName

SEED = 20260101
MAX_ITERATIONS = 50  # each deepens Spark's lineage, within -Xss of spark-defaults.conf
_MEASURED_SPAN = 4.0  # the default hyper-parameters were found on ratings from 1 to 5


class Recipe(Value):
    """Base class of recipes and baselines."""

    kind: str

    @property
    def name(self) -> str:
        """A label and six hex digits. A new optional field that is None changes no name."""
        text = self.model_dump_json(exclude_none=True)
        return f"{self._label}_{hashlib.sha256(text.encode()).hexdigest()[:6]}"

    @property
    def _label(self) -> str:
        return self.kind


class Als(Recipe):
    """Spark's implicit ALS (Hu, Koren and Volinsky 2008): signed strengths, scaled `reg`.

    Strengths halve with each `half_life_days` of the rating's age, if set. `blocks` is part of
    the recipe because it changes the initial factors.
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
    """Popularity: the number of ratings from `relevant_from` on."""

    kind: Literal["popular"] = "popular"
    relevant_from: float


class PopularRecently(Recipe):
    """Popularity in which the weight of a rating halves with each half-life of its age."""

    kind: Literal["popular_recently"] = "popular_recently"
    relevant_from: float
    half_life_days: float = Field(default=365, gt=0)

    @property
    def _label(self) -> str:
        return f"popular_{self.half_life_days:g}d".replace(".", "p")


class PopularBySegment(Recipe):
    """Popularity in the user's segment, times the user's lift of the item's categories.

    Counts in the segment are shrunk towards those of all users by `shrinkage` pseudo-ratings, the
    user's category shares by `lift_shrinkage`. `lift` is the exponent of the lift.
    """

    kind: Literal["popular_by_segment"] = "popular_by_segment"
    relevant_from: float
    shrinkage: float = Field(default=2000, ge=0)
    lift: float = Field(default=0.5, ge=0)
    lift_shrinkage: float = Field(default=20, gt=0)


Popularity = Popular | PopularRecently | PopularBySegment
AnyRecipe = Als | AlsWithPriors | Popularity
_RECIPE: TypeAdapter[AnyRecipe] = TypeAdapter(Annotated[AnyRecipe, Field(discriminator="kind")])


class Scale(Protocol):
    """The rating scale of a data set."""

    @property
    def lowest(self) -> float: ...  # noqa: D102
    @property
    def highest(self) -> float: ...  # noqa: D102
    @property
    def relevant_from(self) -> float: ...  # noqa: D102


def default(scale: Scale) -> Als:
    """Return the default recipe of a data set: centred strengths, rank 8."""
    return Als(alpha=round(4.66 * alpha_unit(scale), 4))


def with_priors(scale: Scale, half_life_days: float) -> AlsWithPriors:
    """Return the default recipe with priors of a data set.

    The values are in the middle of the best ones on the rolling windows of MovieLens 1M.
    """
    als = Als(weighting=Centred(p=0.5), rank=10, reg=0.5, alpha=round(6.5 * alpha_unit(scale), 4))
    return AlsWithPriors(als=als, priors=PriorWeights(half_life_days=half_life_days))


def popularities(scale: Scale, half_life_days: float) -> tuple[Popularity, ...]:
    """Return the popularities that a challenger must beat, simplest first."""
    relevant_from = scale.relevant_from
    return (
        Popular(relevant_from=relevant_from),
        PopularRecently(relevant_from=relevant_from, half_life_days=half_life_days),
        PopularBySegment(relevant_from=relevant_from),
    )


def by_name(scale: Scale, half_life_days: float) -> dict[RecipeName, AnyRecipe]:
    """Return the recipes that can be requested by name."""
    middle = MinusMidpoint(midpoint=scale.highest / 2)  # measured: 2.5 of 5 stars beats 3
    from_threshold = StarsFromThreshold(threshold=scale.relevant_from)
    popular, recently, by_segment = popularities(scale, half_life_days)
    return {
        "default": default(scale),
        "als_with_priors": with_priors(scale, half_life_days),
        "als_minus_midpoint": Als(weighting=middle, reg=0.3, alpha=round(alpha_unit(scale), 4)),
        "als_from_threshold": Als(weighting=from_threshold, reg=0.3, alpha=3),
        "popular": popular,
        "popular_recently": recently,
        "popular_by_segment": by_segment,
    }


def resolve(text: str, scale: Scale, half_life_days: float) -> AnyRecipe:
    """Return the recipe of a form's field: empty (the default), a name, or JSON.

    Raises:
        RecipeError: no recipe has the name, or the JSON describes none.
    """
    text = text.strip() or "default"
    if text.startswith("{"):
        return parse(text)
    named = by_name(scale, half_life_days).items()
    recipe = next((recipe for name, recipe in named if name == text), None)
    if recipe is None:
        raise RecipeError(f"no recipe {text!r}; give JSON, or one of: {', '.join(RECIPE_NAMES)}")
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
