"""A model: what a recipe learned from some rows, ready to make lists."""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine import ages, als, lists, popularity, preference
from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import NothingToLearnError
from jobs.engine.lists import Block, Scorer
from jobs.engine.people import Segments
from jobs.engine.recipes import Als, AnyRecipe, Centred, PopularLikeHim


@dataclass(frozen=True)
class FactorScorer:
    """Scores by the dot product of factors. Who has none gets the fallback's list."""

    items: NDArray[np.float32]  # (places, rank)
    candidate: NDArray[np.bool_]  # by place: whether the fit has seen the item
    fallback: Scorer

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (people, items); a list is the person's own if he has factors."""
        if block.factors is None:
            return self.fallback.scores(block)[0], np.zeros(block.size, bool)
        scores = block.factors @ self.items.T
        scores[:, ~self.candidate] = -np.inf
        own = np.asarray(~np.isnan(block.factors).any(axis=1), bool)
        if not own.all():
            scores[~own] = self.fallback.scores(block)[0][~own]
        return scores, own


@dataclass(frozen=True)
class Model:
    """What a recipe learned. `factors` is None for a popularity."""

    recipe: AnyRecipe
    scorer: Scorer
    fallback: popularity.PopularityScorer
    factors: als.Factors | None
    constants: dict[str, float | str]
    seconds: float
    catalogue: Catalogue = field(repr=False)

    @property
    def n_not_finite(self) -> int:
        """How many numbers of its item factors are no numbers."""
        return self.factors.n_not_finite if self.factors else 0

    def lists(self, people: DataFrame, n: int) -> DataFrame:
        """Return the lists of `people`: see `lists.top_n`."""
        if self.factors is not None:
            people = people.join(self.factors.users, "user", "left")
        return lists.top_n(people, self.scorer, self.catalogue, n)


def fit(
    recipe: AnyRecipe,
    ratings: DataFrame,
    catalogue: Catalogue,
    groups: Segments,
    *,
    relevant_from: float,
) -> Model:
    """Return the model that the recipe makes of `ratings` (user, item, rating, rated_at).

    Raises:
        NothingToLearnError: nobody has a positive strength.
    """
    start = time.monotonic()
    if isinstance(recipe, Als):
        like_him = PopularLikeHim(relevant_from=relevant_from, lift=0)
        fallback = popularity.fit(ratings, like_him, catalogue, groups)
        mean = _mean(ratings)
        strengths = preference.strengths(
            ratings, recipe.weighting, global_mean=mean, remaining=_remaining(recipe, ratings)
        )
        factors = als.fit(strengths, recipe)
        candidate = np.isin(catalogue.index, factors.items)
        by_place = catalogue.by_place(factors.items, factors.matrix)
        scorer: Scorer = FactorScorer(by_place, candidate, fallback)
        constants = _constants(recipe, mean)
    else:
        fallback = popularity.fit(ratings, recipe, catalogue, groups)
        scorer, factors, constants = fallback, None, {}
    return Model(
        recipe=recipe,
        scorer=scorer,
        fallback=fallback,
        factors=factors,
        constants=constants,
        seconds=time.monotonic() - start,
        catalogue=catalogue,
    )


def _remaining(recipe: Als, ratings: DataFrame) -> Column | None:
    if recipe.half_life_days is None:
        return None
    return ages.remaining(ages.newest(ratings), recipe.half_life_days)


def _mean(ratings: DataFrame) -> float:
    row = ratings.agg(F.avg("rating")).first()
    if row is None or row[0] is None:
        raise NothingToLearnError("there is no rating of an item with a title")
    return float(row[0])


def _constants(recipe: Als, global_mean: float) -> dict[str, float | str]:
    """Return what folding one person in needs: the formula's constants, and the weighting's."""
    weighting = recipe.weighting.model_dump(exclude={"kind"})
    found = {"weighting": recipe.weighting.kind, "reg": recipe.reg, "alpha": recipe.alpha}
    mean = {"global_mean": global_mean} if isinstance(recipe.weighting, Centred) else {}
    return found | weighting | mean
