"""Try recipes on a sample of a window's people: their lists and NDCG@10, on the driver.

A search asks this hundreds of times, of some thousand people at most: the lists come from the same
code as all others, without a Spark job for them. Priors cost next to nothing once the factors of
their models are known: a recipe with priors is tried in a fraction of a second.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.engine.catalogue import Catalogue
from jobs.engine.judging import metrics
from jobs.engine.judging.evaluation import EvaluationUsers, Score
from jobs.engine.learning import lists, models, priors
from jobs.engine.learning.als import Factors
from jobs.engine.learning.lists import Scorer
from jobs.engine.learning.models import FactorScorer
from jobs.engine.learning.priors import Likings, Priors
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe
from ranking.metrics import ndcg


@dataclass(frozen=True)
class Tryout:
    """A window, and the people on whom recipes are tried."""

    training: DataFrame
    catalogue: Catalogue
    groups: Segments
    relevant_from: float
    people: pa.Table  # (user, seen, liked, segment), one chunk
    wanted: list[frozenset[str]]  # of each of the people
    bases: dict[tuple[Als, int], "Fitted"] = field(default_factory=dict)  # below priors
    likings: dict[float, Likings] = field(default_factory=dict)  # by half-life in days

    def score(self, recipe: AnyRecipe) -> Score:
        """Return how the recipe's lists serve the people; no number where there is nobody."""
        if not self.wanted:
            return Score(math.nan, 0)
        fitted = self._weighed(recipe) if isinstance(recipe, AlsWithPriors) else self._fit(recipe)
        people = self.people
        if fitted.factors is not None:
            people = people.append_column("factors", fitted.factors)
        batches = people.combine_chunks().to_batches()
        shown = pa.Table.from_batches(
            lists.of_batches(batches, fitted.scorer, self.catalogue, metrics.K)
        )
        hits = np.zeros((len(self.wanted), metrics.K))
        pairs = zip(shown["item_ids"].to_pylist(), self.wanted, strict=True)
        for row, (item_ids, wanted) in zip(hits, pairs, strict=True):
            row[: len(item_ids)] = [item_id in wanted for item_id in item_ids]
        n_relevant = np.array([len(wanted) for wanted in self.wanted])
        return Score(float(ndcg(hits, n_relevant).mean()), len(self.wanted))

    def _fit(self, recipe: AnyRecipe) -> "Fitted":
        with _freed(self.training.sparkSession):
            model = models.fit(
                recipe,
                self.training,
                self.catalogue,
                self.groups,
                relevant_from=self.relevant_from,
            )
            factors = None if model.factors is None else self._theirs(model.factors)
        return Fitted(model.scorer, factors)

    def _weighed(self, recipe: AlsWithPriors) -> "Fitted":
        """Return what the recipe makes of factors and likings that are known, or are by now."""
        key, half_life = (recipe.als, recipe.models), recipe.priors.half_life_days
        if key not in self.bases:
            self.bases[key] = self._fit(recipe)
        if half_life not in self.likings:
            self.likings[half_life] = priors.likings(
                self.training,
                half_life,
                self.catalogue,
                self.groups,
                relevant_from=self.relevant_from,
            )
        base = self.bases[key]
        found = priors.weighed(self.likings[half_life], recipe.priors, self.catalogue, self.groups)
        return replace(base, scorer=_beside(base.scorer, found, recipe))

    def _theirs(self, factors: Factors) -> pa.Array:
        """Return the factors of the people, null for who has none."""
        users = self.people["user"].to_pylist()
        found = factors.users.where(F.col("user").isin(users)).toArrow().to_pydict()
        known = dict(zip(found["user"], found["factors"], strict=True))
        return pa.array([known.get(user) for user in users], pa.list_(pa.float32()))


@dataclass(frozen=True)
class Fitted:
    """What scores the items, and the people's own factors, if the recipe has any."""

    scorer: Scorer
    factors: pa.Array | None


def tryout(
    training: DataFrame,
    catalogue: Catalogue,
    groups: Segments,
    users: EvaluationUsers,
    *,
    relevant_from: float,
) -> Tryout:
    """Return the window with its users, collected to the driver."""
    rows = users.inputs.select("user", "seen", "liked", "segment")
    table = rows.join(users.wanted.select("user", "wanted"), "user").toArrow().sort_by("user")
    wanted = [frozenset(ids) for ids in table["wanted"].to_pylist()]
    people = table.drop_columns(["wanted"]).combine_chunks()
    return Tryout(training, catalogue, groups, relevant_from, people, wanted)


def _beside(scorer: Scorer, found: Priors, recipe: AlsWithPriors) -> Scorer:
    """Return the scorer with these priors in place of its own."""
    assert isinstance(scorer, FactorScorer)  # noqa: S101 # that is what a recipe with priors makes
    factors = scorer.items[:, : recipe.als.rank * recipe.models]
    return replace(scorer, items=np.hstack([factors, found.columns]), priors=found)


@contextmanager
def _freed(spark: SparkSession) -> Iterator[None]:
    """Let go of what was persisted inside: ALS keeps the factors of each fit in memory."""
    java = spark.sparkContext._jsc  # noqa: SLF001 # there is no public list of persisted RDDs
    before = set(java.getPersistentRDDs())
    try:
        yield
    finally:
        for number, rdd in java.getPersistentRDDs().items():
            if number not in before:
                rdd.unpersist(False)  # noqa: FBT003 # a Java method takes no names
