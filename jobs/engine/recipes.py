"""Recipes: how to make a model. A closed family of frozen values that print as JSON.

A recipe is either implicit ALS with a way to turn ratings into signed strengths, the same with
priors beside it, or one of three popularities. The same recipe on the same rows makes the same
model, so its JSON is all that has to be kept. Its name is short, stable, and different for
different recipes.
"""

import hashlib
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from jobs.engine.errors import RecipeError
from warehouse.tables.vocabulary import RecipeName

MAX_ITERATIONS = 50  # each makes Spark's lineage deeper; -Xss in spark-defaults.conf bears it
MOVIELENS_SPAN = 4.0  # the hyper-parameters below were found on a scale of 1 to 5


class Value(BaseModel):
    """A frozen value that knows all of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StarsFromThreshold(Value):
    """Every rating from the threshold on counts one; the others do not count at all."""

    kind: Literal["stars_from_threshold"] = "stars_from_threshold"
    threshold: float


class MinusMidpoint(Value):
    """Strength = rating - midpoint: below it, a rating is a confident "no"."""

    kind: Literal["minus_midpoint"] = "minus_midpoint"
    midpoint: float


class Centred(Value):
    """Strength = rating - (p x the user's mean + (1 - p) x the global mean) + epsilon.

    The user's mean is shrunk towards the global one by `shrinkage` pseudo-ratings. Epsilon makes
    an exact zero a weak "yes".
    """

    kind: Literal["centred"] = "centred"
    p: float = Field(default=0.75, ge=0, le=1)
    shrinkage: float = Field(default=10, ge=0)
    epsilon: float = Field(default=1e-6, ge=0)


Weighting = Annotated[StarsFromThreshold | MinusMidpoint | Centred, Field(discriminator="kind")]


class Als(Value):
    """Implicit ALS (Hu, Koren and Volinsky 2008) as Spark has it: signed strengths, scaled reg.

    A strength halves with each half-life of its rating's age, if there is one. `blocks` belongs to
    the recipe: another number of blocks starts from other factors.
    """

    kind: Literal["als"] = "als"
    weighting: Weighting = Centred()
    rank: int = Field(default=8, ge=1, le=256)
    reg: float = Field(default=0.57, ge=0)
    alpha: float = Field(default=4.66, gt=0)
    iterations: int = Field(default=15, ge=1, le=MAX_ITERATIONS)
    blocks: int = Field(default=2, ge=1, le=1024)
    seed: int = 20260101
    half_life_days: float | None = Field(default=None, gt=0)

    @property
    def name(self) -> str:
        """The recipe's short stable name."""
        return f"als_{self.weighting.kind}_r{self.rank}_{digest(self)}"


class PriorWeights(Value):
    """Weights of the priors beside the factors (`jobs.engine.learning.priors`). Nought: not at all.

    The defaults were found on the rolling windows of MovieLens 1M; they need no scale, because
    scores of implicit ALS lie around 0 to 1 whatever the ratings' scale is.
    """

    popularity: float = Field(default=0.12, ge=0)
    half_life_days: float = Field(default=365, gt=0)
    released: float = 0.03
    demography: float = Field(default=0.25, ge=0)
    demography_shrinkage: float = Field(default=20, gt=0)
    category: float = Field(default=0.02, ge=0)
    category_shrinkage: float = Field(default=60, gt=0)


class AlsWithPriors(Value):
    """Several implicit ALS models, the mean of their scores, plus weighed priors.

    The models are fitted with the seeds `als.seed`, `als.seed` + 1, and so on.
    """

    kind: Literal["als_with_priors"] = "als_with_priors"
    als: Als = Als()
    models: int = Field(default=3, ge=1, le=16)
    priors: PriorWeights = PriorWeights()

    @property
    def name(self) -> str:
        """The recipe's short stable name."""
        return f"als_with_priors_r{self.als.rank}x{self.models}_{digest(self)}"

    @property
    def seeded(self) -> tuple[Als, ...]:
        """The recipe of each model."""
        return tuple(
            self.als.model_copy(update={"seed": self.als.seed + nth}) for nth in range(self.models)
        )


class Popular(Value):
    """Most popular: the number of ratings from `relevant_from` on."""

    kind: Literal["popular"] = "popular"
    relevant_from: float

    @property
    def name(self) -> str:
        """The recipe's short stable name."""
        return f"popular_{digest(self)}"


class PopularRecently(Value):
    """Most popular, where a rating counts half after each half-life."""

    kind: Literal["popular_recently"] = "popular_recently"
    relevant_from: float
    half_life_days: float = Field(default=365, gt=0)

    @property
    def name(self) -> str:
        """The recipe's short stable name."""
        return f"popular_{self.half_life_days:g}d_{digest(self)}".replace(".", "p")


class PopularBySegment(Value):
    """Most popular among people like him, times how much he likes the item's categories.

    `shrinkage` ratings of everybody are added to those of his segment; `lift_shrinkage` to his own
    when the share of a category among what he liked is compared with everybody's.
    """

    kind: Literal["popular_by_segment"] = "popular_by_segment"
    relevant_from: float
    shrinkage: float = Field(default=2000, ge=0)
    lift: float = Field(default=0.5, ge=0)
    lift_shrinkage: float = Field(default=20, gt=0)

    @property
    def name(self) -> str:
        """The recipe's short stable name."""
        return f"popular_by_segment_{digest(self)}"


Popularity = Popular | PopularRecently | PopularBySegment
AnyRecipe = Als | AlsWithPriors | Popularity
_RECIPE: TypeAdapter[AnyRecipe] = TypeAdapter(Annotated[AnyRecipe, Field(discriminator="kind")])


class Scale(Protocol):
    """What a recipe must know of the ratings' scale."""

    @property
    def lowest(self) -> float: ...  # noqa: D102
    @property
    def highest(self) -> float: ...  # noqa: D102
    @property
    def relevant_from(self) -> float: ...  # noqa: D102


def default(scale: Scale) -> Als:
    """Return the recipe that a data set starts with: centred strengths, rank 8.

    Alpha is in units of the scale, so that ten points weigh what five stars do.
    """
    return Als(alpha=_alpha(4.66, scale))


def with_priors(scale: Scale, half_life_days: float) -> AlsWithPriors:
    """Return the recipe with priors that a data set starts with.

    ALS and weights lie in the middle of what did best together on the rolling windows of
    MovieLens 1M; more ranks and a larger alpha than alone, because priors hold the rest.
    """
    als = Als(weighting=Centred(p=0.5), rank=10, reg=0.5, alpha=_alpha(6.5, scale))
    return AlsWithPriors(als=als, priors=PriorWeights(half_life_days=half_life_days))


def popularities(scale: Scale, half_life_days: float) -> tuple[Popularity, ...]:
    """Return the recipes that need no model, simplest first: the challenger must beat them all."""
    liked = scale.relevant_from
    return (
        Popular(relevant_from=liked),
        PopularRecently(relevant_from=liked, half_life_days=half_life_days),
        PopularBySegment(relevant_from=liked),
    )


def by_name(scale: Scale, half_life_days: float) -> dict[RecipeName, AnyRecipe]:
    """Return the recipes that a person can ask for by name."""
    midpoint = scale.highest / 2  # measured: 2.5 of 5 stars does better than 3
    popular, recently, by_segment = popularities(scale, half_life_days)
    return {
        "default": default(scale),
        "als_with_priors": with_priors(scale, half_life_days),
        "als_minus_midpoint": Als(
            weighting=MinusMidpoint(midpoint=midpoint), reg=0.3, alpha=_alpha(1, scale)
        ),
        "als_from_threshold": Als(
            weighting=StarsFromThreshold(threshold=scale.relevant_from), reg=0.3, alpha=3
        ),
        "popular": popular,
        "popular_recently": recently,
        "popular_by_segment": by_segment,
    }


def parse(text: str, scale: Scale, half_life_days: float) -> AnyRecipe:
    """Return the recipe that a form's field means: empty (the default), a name, or JSON.

    Raises:
        RecipeError: no recipe has the name, or the JSON describes none.
    """
    asked = text.strip()
    if asked.startswith("{"):
        return from_json(asked)
    known = by_name(scale, half_life_days)
    if asked and asked not in known:
        raise RecipeError(f"no recipe {asked!r}; give JSON, or one of: {', '.join(known)}")
    return known[asked or "default"]


def from_json(text: str) -> AnyRecipe:
    """Return the recipe that the JSON describes.

    Raises:
        RecipeError: a field is missing, unknown or out of range.
    """
    try:
        return _RECIPE.validate_json(text)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'recipe'}: {e['msg']}" for e in error.errors()
        )
        raise RecipeError(f"no recipe: {wrong}") from error


def _alpha(on_five_stars: float, scale: Scale) -> float:
    return round(on_five_stars * MOVIELENS_SPAN / (scale.highest - scale.lowest), 4)


def digest(recipe: BaseModel) -> str:
    """Return six hex digits of the recipe; what is None is left out, so that names stay."""
    return hashlib.sha256(recipe.model_dump_json(exclude_none=True).encode()).hexdigest()[:6]
