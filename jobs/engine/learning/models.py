"""A model: what a recipe learned from some rows, ready to make lists.

What somebody's score is: ALS takes the dot product of his factors and the item's. With priors, the
rows of several models stand side by side, and the priors' columns after them:

    item's row    [factors of model 1 | … | factors of model m | columns of the priors]
    person's row  [his factors of model 1 / m | … | of model m / m | his weights of the columns]

`Model.item_rows` are those of the items. `Model.constants` say what else an online fold-in needs to
make the row of one person from his ratings and his segment:

- `relevant_from`, always: from here on a rating says that he liked it;
- `weighting` and its fields, `global_mean`, `reg`, `alpha`: strengths, and the formula of implicit
  ALS, for each model on its own columns;
- `half_life_days`, `newest` (microseconds), where strengths get old: age is counted from `newest`;
- `rank`, `models`, `seeds`, and of the priors `columns` (their names in order), `weights` (as in
  the recipe) and `category_shares` (by category, for the lift). His weight of `popularity` and
  `released` is the recipe's, that of his own `segment:…` is `demography`, others are nought; that
  of a `category:…` is `category` x log of his lift: see `jobs.engine.learning.priors`.
"""

import time
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import NothingToLearnError
from jobs.engine.learning import ages, als, baselines, lists, popularity, preference, priors
from jobs.engine.learning.als import Factors
from jobs.engine.learning.baselines import Baseline, Ease, ItemCosine, Random
from jobs.engine.learning.lists import Block, Scorer
from jobs.engine.learning.popularity import PopularityScorer
from jobs.engine.learning.priors import Priors
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import (
    Als,
    AlsWithPriors,
    AnyRecipe,
    Centred,
    PopularBySegment,
    Popularity,
)

FactorCache = MutableMapping[Als, Factors]


@dataclass(frozen=True)
class FactorScorer:
    """Scores by the dot product of rows. Who has no factors gets the fallback's list."""

    items: NDArray[np.float32]  # (places, columns): factors, then the priors' columns
    candidate: NDArray[np.bool_]  # by place: whether the fit has seen the item
    fallback: Scorer
    n_models: int = 1
    priors: Priors | None = None

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (people, items); a list is the person's own if he has factors."""
        if block.factors is None:
            return self.fallback.scores(block)[0], np.zeros(block.size, bool)
        scores = self.user_rows(block) @ self.items.T
        scores[:, ~self.candidate] = -np.inf
        own = np.asarray(~np.isnan(block.factors).any(axis=1), bool)
        if not own.all():
            scores[~own] = self.fallback.scores(block)[0][~own]
        return scores, own

    def user_rows(self, block: Block) -> NDArray[np.float32]:
        """Return (people, columns): the people's rows; NaN for who has no factors."""
        if block.factors is None:
            return np.full((block.size, self.items.shape[1]), np.nan, np.float32)
        if self.priors is None:
            return block.factors
        return np.hstack([block.factors / np.float32(self.n_models), self.priors.of(block)])


@dataclass(frozen=True)
class Model:
    """What a recipe learned. `factors` is None for a popularity and for a baseline."""

    recipe: AnyRecipe | Baseline
    scorer: Scorer
    fallback: PopularityScorer
    factors: Factors | None
    constants: dict[str, Any]
    seconds: float
    catalogue: Catalogue = field(repr=False)

    @property
    def n_not_finite(self) -> int:
        """How many numbers of its items' rows are no numbers."""
        return int((~np.isfinite(self.item_rows)).sum())

    @property
    def item_rows(self) -> NDArray[np.float32]:
        """(places, columns): what is multiplied with a person's row; no column without factors."""
        if isinstance(self.scorer, FactorScorer):
            return self.scorer.items
        return np.empty((len(self.catalogue), 0), np.float32)

    def lists(self, people: DataFrame, n: int) -> DataFrame:
        """Return the lists of `people`: see `lists.top_n`."""
        if self.factors is not None:
            people = people.join(self.factors.users, "user", "left")
        return lists.top_n(people, self.scorer, self.catalogue, n)


def fit(
    recipe: AnyRecipe | Baseline,
    ratings: DataFrame,
    catalogue: Catalogue,
    groups: Segments,
    *,
    relevant_from: float,
    known: FactorCache | None = None,
) -> Model:
    """Return the model that the recipe makes of `ratings` (user, item, rating, rated_at).

    Args:
        recipe: how.
        ratings: one row per pair.
        catalogue: the items.
        groups: segments of people.
        relevant_from: the manifest's.
        known: factors that were fitted on these very `ratings` before, by their recipe. They are
            taken from there, and added where they are not: priors are tried in no time.

    Raises:
        NothingToLearnError: nobody has a positive strength.
        TooManyItemsError: a baseline is not for so large a catalogue.
    """
    start = time.monotonic()
    factors: Factors | None = None
    constants: dict[str, Any] = {"relevant_from": relevant_from}
    fallback = popularity.fit(ratings, _fallback(recipe, relevant_from), catalogue, groups)
    scorer: Scorer = fallback
    if isinstance(recipe, Als | AlsWithPriors):
        factors, of_factors = _factors(recipe, ratings, {} if known is None else known)
        constants |= of_factors
        found = None
        if isinstance(recipe, AlsWithPriors):
            found = priors.fit(
                ratings, recipe.priors, catalogue, groups, relevant_from=relevant_from
            )
            constants |= _constants_of_priors(recipe, found)
        scorer = _scorer(factors, catalogue, fallback, recipe, found)
    elif isinstance(recipe, Random | ItemCosine | Ease):
        scorer = baselines.fit(ratings, recipe, catalogue, fallback)
    return Model(
        recipe=recipe,
        scorer=scorer,
        fallback=fallback,
        factors=factors,
        constants=constants,
        seconds=time.monotonic() - start,
        catalogue=catalogue,
    )


def _fallback(recipe: AnyRecipe | Baseline, relevant_from: float) -> Popularity:
    """Return what serves those of whom the model knows nothing: a popularity serves everybody."""
    if isinstance(recipe, Popularity):
        return recipe
    return PopularBySegment(relevant_from=relevant_from, lift=0)


def _factors(
    recipe: Als | AlsWithPriors, ratings: DataFrame, known: FactorCache
) -> tuple[Factors, dict[str, Any]]:
    """Return the factors of all of the recipe's models, and what a fold-in needs of them."""
    models = (recipe,) if isinstance(recipe, Als) else recipe.seeded
    mean, newest, first = _mean(ratings), None, models[0]
    if first.half_life_days is not None:
        newest = ages.newest(ratings)
    strengths = preference.strengths(
        ratings, first.weighting, global_mean=mean, remaining=_remaining(first, newest)
    )
    missing = [model for model in models if model not in known]
    if len(missing) > 1:
        strengths = strengths.cache()
    known.update({model: als.fit(strengths, model) for model in missing})
    strengths.unpersist()
    return als.beside([known[model] for model in models]), _constants(first, mean, newest)


def _scorer(
    factors: Factors,
    catalogue: Catalogue,
    fallback: PopularityScorer,
    recipe: Als | AlsWithPriors,
    found: Priors | None,
) -> FactorScorer:
    rows = catalogue.by_position(factors.items, factors.matrix)
    if found is not None:
        rows = np.hstack([rows, found.columns])
    candidate = np.isin(catalogue.index, factors.items)
    n_models = recipe.models if isinstance(recipe, AlsWithPriors) else 1
    return FactorScorer(rows, candidate, fallback, n_models, found)


def _remaining(recipe: Als, newest: int | None) -> Column | None:
    if recipe.half_life_days is None or newest is None:
        return None
    return ages.remaining(newest, recipe.half_life_days)


def _mean(ratings: DataFrame) -> float:
    row = ratings.agg(F.avg("rating")).first()
    if row is None or row[0] is None:
        raise NothingToLearnError("there is no rating of an item with a title")
    return float(row[0])


def _constants(recipe: Als, global_mean: float, newest: int | None) -> dict[str, Any]:
    weighting = recipe.weighting.model_dump(exclude={"kind"})
    found = {"weighting": recipe.weighting.kind, "reg": recipe.reg, "alpha": recipe.alpha}
    mean = {"global_mean": global_mean} if isinstance(recipe.weighting, Centred) else {}
    ages_from = {"half_life_days": recipe.half_life_days, "newest": newest} if newest else {}
    return found | weighting | mean | ages_from


def _constants_of_priors(recipe: AlsWithPriors, found: Priors) -> dict[str, Any]:
    shares = zip(found.lift.names, found.lift.share.tolist(), strict=True)
    return {
        "rank": recipe.als.rank,
        "models": recipe.models,
        "seeds": [model.seed for model in recipe.seeded],
        "columns": list(found.names),
        "weights": recipe.priors.model_dump(),
        "category_shares": dict(shares),
    }
