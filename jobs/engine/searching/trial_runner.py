"""Score recipes on a sample of a window's users: their lists and NDCG@10, on the driver.

A search scores hundreds of recipes for at most a few thousand users, so lists are computed without
a Spark job, by the code that Spark's workers run. Counts and factors of recipes with priors are
cached: scoring other weights takes a fraction of a second.
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
from jobs.engine.learning.als import Factors, FactorScorer
from jobs.engine.learning.lists import Scorer
from jobs.engine.learning.priors import PositiveCounts
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe
from ranking.metrics import ndcg


@dataclass(frozen=True)
class TrialRunner:
    """A window, and the users on whom recipes are scored."""

    training: DataFrame
    catalogue: Catalogue
    segments: Segments
    relevant_from: float
    users: pa.Table  # (user, seen, liked, segment), one chunk
    relevant: list[frozenset[str]]  # item ids, one set per user
    fits: dict[tuple[Als, int], "Fitted"] = field(default_factory=dict)  # without priors
    counts: dict[float, PositiveCounts] = field(default_factory=dict)  # by half-life in days

    def score(self, recipe: AnyRecipe) -> Score:
        """Return the mean NDCG@10 of the recipe's lists; NaN if there are no users."""
        if not self.relevant:
            return Score(math.nan, 0)
        if isinstance(recipe, AlsWithPriors):
            fitted = self._with_priors(recipe)
        else:
            fitted = self._fit(recipe)
        users = self.users
        if fitted.factors is not None:
            users = users.append_column("factors", fitted.factors)
        batches = users.combine_chunks().to_batches()
        ranked = lists.of_batches(batches, fitted.scorer, self.catalogue, metrics.K)
        item_ids_by_user = pa.Table.from_batches(ranked)["item_ids"].to_pylist()
        hits = np.zeros((len(self.relevant), metrics.K))
        for row, item_ids, relevant in zip(hits, item_ids_by_user, self.relevant, strict=True):
            row[: len(item_ids)] = [item_id in relevant for item_id in item_ids]
        n_relevant = np.array([len(relevant) for relevant in self.relevant])
        return Score(float(ndcg(hits, n_relevant).mean()), len(self.relevant))

    def _fit(self, recipe: AnyRecipe) -> "Fitted":
        rows = (self.training, self.catalogue, self.segments)
        with _unpersisting(self.training.sparkSession):
            model = models.fit(recipe, *rows, relevant_from=self.relevant_from)
            factors = None if model.factors is None else self._user_factors(model.factors)
        return Fitted(model.scorer, factors)

    def _with_priors(self, recipe: AlsWithPriors) -> "Fitted":
        """Return the recipe's model; reads and fills the caches of factors and counts."""
        key, half_life = (recipe.als, recipe.models), recipe.priors.half_life_days
        items = (self.catalogue, self.segments)
        if key not in self.fits:
            self.fits[key] = self._fit(recipe)
        if half_life not in self.counts:
            self.counts[half_life] = priors.positive_counts(self.training, half_life, *items)
        weighted = priors.of_counts(self.counts[half_life], recipe.priors, *items)
        scorer = self.fits[key].scorer
        assert isinstance(scorer, FactorScorer)  # noqa: S101 # `models.fit` returns it for ALS
        factors = scorer.items[:, : recipe.als.rank * recipe.models]
        rows = np.hstack([factors, weighted.columns])
        return replace(self.fits[key], scorer=replace(scorer, items=rows, priors=weighted))

    def _user_factors(self, factors: Factors) -> pa.Array:
        """Return the factors of each user, null for a user without."""
        users = self.users["user"].to_pylist()
        rows = factors.users.where(F.col("user").isin(users)).toArrow().to_pydict()
        by_user = dict(zip(rows["user"], rows["factors"], strict=True))
        return pa.array([by_user.get(user) for user in users], pa.list_(pa.float32()))


@dataclass(frozen=True)
class Fitted:
    """The scorer of a recipe, and the users' factors, if the recipe has any."""

    scorer: Scorer
    factors: pa.Array | None


def trial_runner(
    training: DataFrame,
    catalogue: Catalogue,
    segments: Segments,
    users: EvaluationUsers,
    *,
    relevant_from: float,
) -> TrialRunner:
    """Return the window with its users, collected to the driver."""
    rows = users.inputs.select("user", "seen", "liked", "segment")
    table = rows.join(users.relevant.select("user", "relevant"), "user").toArrow().sort_by("user")
    relevant = [frozenset(ids) for ids in table["relevant"].to_pylist()]
    inputs = table.drop_columns(["relevant"]).combine_chunks()
    return TrialRunner(training, catalogue, segments, relevant_from, inputs, relevant)


@contextmanager
def _unpersisting(spark: SparkSession) -> Iterator[None]:
    """Unpersist the RDDs persisted inside: ALS keeps the factors of each fit in memory."""
    java = spark.sparkContext._jsc  # noqa: SLF001 # there is no public list of persisted RDDs
    before = set(java.getPersistentRDDs())
    try:
        yield
    finally:
        for number, rdd in java.getPersistentRDDs().items():
            if number not in before:
                rdd.unpersist(False)  # noqa: FBT003 # a Java method takes no names
