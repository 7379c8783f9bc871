"""A model: a recipe fitted to interactions, ready to rank items for users.

The score of ALS is the dot product of the user's and the item's factors. With priors, the factors
of several models stand side by side, followed by the columns of the priors:

    item's row    [factors of model 1 | … | factors of model m | columns of the priors]
    user's row    [factors of model 1 / m | … | of model m / m | weights of the columns]

`Model.item_rows` are the items' rows. An online fold-in computes a user's row from their ratings
and segment, the items' rows and `Model.constants`:

- `relevant_from`, always: a rating at or above it is positive;
- `weighting` and its fields, `global_mean`, `reg`, `alpha`: the strengths and the formula of
  implicit ALS, applied to each model's own columns. `Events` has its weights as `kind_weights`, and
  strengths are divided by `unit`, their mean;
- `neighbours`, for an item-item model, which has no factors: the score is the sum of the weights of
  `Model.neighbours` from the positive items;
- `half_life_days`, `newest` (microseconds), if strengths decay: age is counted from `newest`;
- `newest_year`, if factors of new items are predicted: the newest year of a known item, for the
  column `released` of items that are created after the fit;
- `rank`, `models`, `seeds`, and of the priors `columns` (names in order), `weights` (as in the
  recipe) and `category_shares` (by category, for the lift). The weight of `popularity` and
  `released` is the recipe's; that of the user's own `segment:…` is `demography`, that of other
  segments 0; that of a `category:…` is `category` times the log of the user's lift: see
  `jobs.engine.learning.priors`.
"""

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import NothingToLearnError
from jobs.engine.item_recipes import Ease, ItemItem
from jobs.engine.learning import (
    ages,
    als,
    baselines,
    item_item,
    lists,
    popularity,
    preference,
    priors,
)
from jobs.engine.learning.ages import Decay
from jobs.engine.learning.als import Factors, FactorScorer
from jobs.engine.learning.baselines import Baseline, ItemCosine, Random
from jobs.engine.learning.content import Content, ContentMap
from jobs.engine.learning.item_item import ItemScorer, NeighbourScorer
from jobs.engine.learning.lists import Scorer
from jobs.engine.learning.popularity import PopularityScorer
from jobs.engine.learning.priors import Priors
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe, PopularBySegment, Popularity
from jobs.engine.weightings import Centred, Events

N_NEIGHBOURS = 500  # that are served of an item-item model with weights for all pairs of items


@dataclass(frozen=True)
class Model:
    """A fitted recipe. `factors` is None for popularity and for item-item models."""

    recipe: AnyRecipe | Baseline
    scorer: Scorer
    fallback: PopularityScorer
    factors: Factors | None
    constants: dict[str, Any]
    seconds: float
    catalogue: Catalogue = field(repr=False)
    content_map: ContentMap | None = field(default=None, repr=False)  # None: no predicted factors

    @property
    def n_not_finite(self) -> int:
        """The number of values of the items' rows that are NaN or infinite."""
        return int((~np.isfinite(self.item_rows)).sum())

    @property
    def neighbours(self) -> sparse.csr_array | None:
        """(item, neighbour): the weights of an item-item model, highest first; None for others."""
        match self.scorer:
            case NeighbourScorer(weights=weights):
                return weights
            case ItemScorer(weights=weights):
                return item_item.largest(weights, N_NEIGHBOURS)
            case _:
                return None

    @property
    def item_rows(self) -> NDArray[np.float32]:
        """(items, columns): multiplied with a user's row; no columns without factors."""
        if isinstance(self.scorer, FactorScorer):
            return self.scorer.items
        return np.empty((len(self.catalogue), 0), np.float32)

    def lists(self, users: DataFrame, n: int) -> DataFrame:
        """Return the lists of `users`: see `lists.top_n`."""
        if self.factors is not None:
            users = users.join(self.factors.users, "user", "left")
        return lists.top_n(users, self.scorer, self.catalogue, n)


def fit(
    recipe: AnyRecipe | Baseline,
    ratings: DataFrame,
    catalogue: Catalogue,
    segments: Segments,
    *,
    relevant_from: float,
) -> Model:
    """Return the recipe's model of `ratings`, one row per pair.

    `ratings` is (user, item, rating, rated_at, positive, kinds). `relevant_from` is for fold-in:
    the smallest rating of a positive pair.

    Raises:
        NothingToLearnError: no user has a positive strength.
        TooManyItemsError: the catalogue is too large for a baseline.
    """
    start = time.monotonic()
    factors: Factors | None = None
    constants: dict[str, Any] = {"relevant_from": relevant_from}
    popular = recipe if isinstance(recipe, Popularity) else PopularBySegment(lift=0)
    scorer: Scorer = (fallback := popularity.fit(ratings, popular, catalogue, segments))
    if isinstance(recipe, Als | AlsWithPriors):
        factors, of_factors = _factors(recipe, ratings)
        constants |= of_factors
        rows = catalogue.by_position(factors.items, factors.matrix)
        candidate = np.isin(catalogue.index, factors.items)
        scorer = FactorScorer(rows, candidate, fallback)
        if isinstance(recipe, AlsWithPriors):
            fitted = priors.fit(ratings, recipe.priors, catalogue, segments)
            constants |= _constants_of_priors(recipe, fitted)
            scorer = scorer.with_priors(fitted, recipe.models)
    elif not isinstance(recipe, Popularity):
        scorer, of_items = _item_item(recipe, ratings.where("positive"), catalogue, fallback)
        constants |= of_items
    return Model(
        recipe=recipe,
        scorer=scorer,
        fallback=fallback,
        factors=factors,
        constants=constants,
        seconds=time.monotonic() - start,
        catalogue=catalogue,
    )


def with_new_items(model: Model, content: Content, ratings: DataFrame, segments: Segments) -> Model:
    """Return the ALS model with factors of the new items, predicted from their content.

    `ratings` and `segments` are those of the fit.

    Raises:
        ValueError: the model has no factors.
    """
    if model.factors is None:
        raise ValueError(f"{model.recipe.name} has no factors")
    catalogue, before = content.catalogue, model.catalogue
    content_map = content.map_to(model.factors.items, model.factors.matrix)
    items, matrix = content.with_new(model.factors.items, model.factors.matrix, content_map)
    popular = catalogue.by_position(before.index, model.fallback.by_segment.T).T
    fallback = PopularityScorer(popular)
    rows, candidate = catalogue.by_position(items, matrix), np.isin(catalogue.index, items)
    scorer = FactorScorer(rows, candidate, fallback)
    if isinstance(model.recipe, AlsWithPriors):
        fitted = priors.fit(ratings, model.recipe.priors, catalogue, segments)
        scorer = scorer.with_priors(fitted, model.recipe.models)
    return replace(
        model,
        scorer=scorer,
        fallback=fallback,
        factors=replace(model.factors, items=items, matrix=matrix),
        constants=model.constants | {"newest_year": priors.newest_year(catalogue)},
        catalogue=catalogue,
        content_map=content_map,
    )


def _item_item(
    recipe: ItemItem | Ease | Random | ItemCosine,
    positive: DataFrame,
    catalogue: Catalogue,
    fallback: PopularityScorer,
) -> tuple[Scorer, dict[str, Any]]:
    """Return the scorer, and the constants for a fold-in of recipes that can be released."""
    if isinstance(recipe, Random | ItemCosine):
        return baselines.fit(positive, recipe, catalogue, fallback), {}
    scorer = item_item.fit(positive, recipe, catalogue, fallback)
    return scorer, {"neighbours": recipe.neighbours or N_NEIGHBOURS}


def _factors(recipe: Als | AlsWithPriors, ratings: DataFrame) -> tuple[Factors, dict[str, Any]]:
    """Return the factors of all models of the recipe, and the constants for a fold-in."""
    models = (recipe,) if isinstance(recipe, Als) else recipe.seeded
    first, decay = models[0], None
    if first.half_life_days is not None:
        decay = Decay(ages.newest(ratings), first.half_life_days)
    mean = _mean(ratings) if isinstance(first.weighting, Centred) else 0.0
    strengths = preference.strengths(ratings, first.weighting, global_mean=mean, decay=decay)
    constants = _constants(first, mean, decay)
    if isinstance(first.weighting, Events):
        unit = _mean_strength(ratings, first.weighting, decay)
        strengths = strengths.withColumn("strength", F.col("strength") / unit)
        constants["kind_weights"] = dict(constants.pop("weights"))
        constants["unit"] = unit
    if len(models) > 1:
        strengths = strengths.cache()
    factors = als.concatenate([als.fit(strengths, model) for model in models])
    strengths.unpersist()
    return factors, constants


def _mean(ratings: DataFrame) -> float:
    row = ratings.agg(F.avg("rating")).first()
    if row is None or row[0] is None:
        raise NothingToLearnError("no item with ratings is in the catalogue: send more items")
    return float(row[0])


def _mean_strength(ratings: DataFrame, weighting: Events, decay: Decay | None) -> float:
    """Return the mean strength of the pairs with one."""
    strength = preference.of_kinds(weighting, decay)
    above = ratings.select(strength.alias("strength")).where("strength > 0")
    row = above.agg(F.avg("strength")).first()
    if row is None or row[0] is None:
        raise NothingToLearnError("no event has a strength above 0; check the kinds' weights")
    return float(row[0])


def _constants(recipe: Als, global_mean: float, decay: Decay | None) -> dict[str, Any]:
    weighting = recipe.weighting.model_dump(exclude={"kind"})
    of_als = {"weighting": recipe.weighting.kind, "reg": recipe.reg, "alpha": recipe.alpha}
    mean = {"global_mean": global_mean} if isinstance(recipe.weighting, Centred) else {}
    of_decay = {"half_life_days": recipe.half_life_days, "newest": decay.end} if decay else {}
    return of_als | weighting | mean | of_decay


def _constants_of_priors(recipe: AlsWithPriors, fitted: Priors) -> dict[str, Any]:
    shares = zip(fitted.lift.names, fitted.lift.share.tolist(), strict=True)
    return {
        "rank": recipe.als.rank,
        "models": recipe.models,
        "seeds": [model.seed for model in recipe.seeded],
        "columns": list(fitted.names),
        "weights": recipe.priors.model_dump(),
        "category_shares": dict(shares),
    }
