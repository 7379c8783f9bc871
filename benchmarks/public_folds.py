"""Spark ALS beside EASE on random folds, the shape of a published comparison.

    python -m benchmarks.public_folds ARCHIVE [--folds 5]

Anelli et al. (UMAP 2022) keep MovieLens 1M's ratings of 4 and more, 10-core (everybody and every
film has ten), split them at random 80/20, and rank the full catalogue. Their folds are not
published, so folds of that shape are drawn here, seeded. Random folds let a model look into the
future: this compares algorithms, not what people would have been served.

ALS is the mean of three seeds and one prior (log of how often a film was liked, an extra column of
the factors), as in our family `als_with_priors`. A rating of 5 is a stronger yes than one of 4:
strengths are stars - 3. EASE may take ones, as published, or stars. The prior's weight, and EASE's
rows and lambda, are chosen on a fifth of each fold's training rows, never on its test rows.
"""

import argparse
import os
import time
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from scipy import sparse

from jobs.engine.learning import als, baselines
from jobs.engine.recipes import Als
from jobs.engine.weightings import MinusMidpoint
from jobs.runtime import session
from ranking import metrics
from ranking.selection import top_n_by_row

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
K, N_FOLDS, CORE, LIKED = 10, 5, 10, 4
MIDPOINT = 3  # stars above it are the strength
RECIPE = Als(weighting=MinusMidpoint(midpoint=MIDPOINT), rank=96, reg=0.3, alpha=2, iterations=15)
Scores = dict[str, NDArray[np.float32]]
MODELS = 3  # as ALS with priors has them: the mean over seeds
LAMBDAS = (200, 300, 500, 1000, 2000)
WEIGHTS = (0, 0.01, 0.02, 0.03, 0.05)


def main() -> None:
    """Print a line for each fold, then the means and the verdict."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("archive", type=Path, help="ml-1m.zip")
    arguments.add_argument("--folds", type=int, default=N_FOLDS, choices=range(1, N_FOLDS + 1))
    given = arguments.parse_args()
    os.environ.setdefault("SPARK_CONF_DIR", str(ROOT / "conf/spark"))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    spark = session.start("public_folds")
    users, items, strengths = core(liked(given.archive))
    print(f"{users.max() + 1} people, {items.max() + 1} films, {len(users)} ratings >= {LIKED}")
    shape = (int(users.max()) + 1, int(items.max()) + 1)
    fold, inner = np.random.default_rng(1).integers(0, N_FOLDS, (2, len(users)))
    found: dict[str, list[float]] = {}
    for number in range(given.folds):
        known = fold != number
        sides = (known & (inner > 0), known & (inner == 0), known, ~known)
        fit_on, choose_on, training, test = (
            matrix(users[at], items[at], strengths[at], shape) for at in sides
        )
        models: dict[str, Callable[[sparse.csr_matrix, int], Scores]] = {
            "popular": popular,
            "EASE": ease,
            "Spark ALS": lambda rows, n_models: by_als(spark, rows, n_models),
        }
        for name, scored in models.items():
            began = time.monotonic()
            chosen = best(scored(fit_on, 1), fit_on, choose_on)
            value = ndcg(scored(training, MODELS)[chosen], training, test)
            found.setdefault(name, []).append(value)
            took = time.monotonic() - began
            print(f"fold {number}: {name:10} {value:.4f}  {chosen} ({took:.0f} s)", flush=True)
    for name, values in found.items():
        print(f"{name:10} nDCG@{K} {mean(values):.4f} over {len(values)} folds")
    ahead = mean(found["Spark ALS"]) - mean(found["EASE"])
    print(f"Spark ALS - EASE {ahead:+.4f} (bar: 0) {'ok' if ahead >= 0 else 'MISSED'}")


def liked(archive: Path) -> pd.DataFrame:
    """Return (user, item, rating) of every rating of LIKED and more."""
    with ZipFile(archive) as zipped, zipped.open("ml-1m/ratings.dat") as file:
        names = ["user", "item", "rating", "time"]
        ratings = pd.read_csv(file, sep="::", names=names, engine="python")
    return ratings.loc[ratings["rating"] >= LIKED, ["user", "item", "rating"]]


def core(pairs: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return users, items and strengths of the largest part where all have CORE ratings.

    Users and items are dense numbers.
    """
    while True:
        counts = [pairs[name].map(pairs[name].value_counts()) for name in ("user", "item")]
        enough = (counts[0] >= CORE) & (counts[1] >= CORE)
        if enough.all():
            users, items = (
                np.unique(pairs[name], return_inverse=True)[1].astype(np.int64)
                for name in ("user", "item")
            )
            return users, items, pairs["rating"].to_numpy(np.float32) - np.float32(MIDPOINT)
        pairs = pairs[enough]


def matrix(
    users: NDArray[np.int64],
    items: NDArray[np.int64],
    strengths: NDArray[np.float32],
    shape: tuple[int, int],
) -> sparse.csr_matrix:
    """Return (user, item), the strength where liked."""
    return sparse.csr_matrix((strengths, (users, items)), shape)


def ones(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the rows with 1 where there is a strength."""
    return (rows > 0).astype(np.float32)


def popular(training: sparse.csr_matrix, _: int) -> Scores:
    """Return how often each film was liked, the same for everybody."""
    counts = np.asarray(ones(training).sum(axis=0), np.float32)
    return {"": np.repeat(counts, training.shape[0], axis=0)}


def ease(training: sparse.csr_matrix, _: int) -> Scores:
    """Return EASE's scores by its rows and its lambda."""
    found = {}
    for name, rows in (("ones", ones(training)), ("stars", training)):
        together = np.asarray((rows.T @ rows).toarray(), np.float32)
        for reg in LAMBDAS:
            found[f"{name}, lambda {reg}"] = rows @ baselines.ease(together, reg)
    return found


def by_als(spark: SparkSession, training: sparse.csr_matrix, n_models: int) -> Scores:
    """Return the mean scores of Spark's implicit ALS over seeds, by the weight of the prior."""
    pairs = training.tocoo()
    rows = pd.DataFrame({"user": pairs.row, "item": pairs.col, "strength": pairs.data})
    frame = spark.createDataFrame(rows.astype({"user": "int32", "item": "int32"})).cache()
    scores = np.zeros(training.shape, np.float32)
    for nth in range(n_models):
        model = als.fit(frame, RECIPE.model_copy(update={"seed": RECIPE.seed + nth}))
        known = model.users.toPandas()
        theirs = np.array(known["factors"].tolist(), np.float32) / n_models
        scores[np.ix_(known["user"].to_numpy(np.int64), model.items)] += theirs @ model.matrix.T
    prior = np.log1p(np.asarray(ones(training).sum(axis=0), np.float32))
    return {f"prior {weight}": scores + np.float32(weight) * prior for weight in WEIGHTS}


def best(scores: Scores, training: sparse.csr_matrix, test: sparse.csr_matrix) -> str:
    """Return the name of the scores that do best."""
    return max(scores, key=lambda name: ndcg(scores[name], training, test))


def ndcg(
    scores: NDArray[np.float32], training: sparse.csr_matrix, test: sparse.csr_matrix
) -> float:
    """Return nDCG@K, full catalogue without what was trained on, over those with a test item."""
    scores = np.array(scores)
    scores[training.nonzero()] = -np.inf
    n_relevant = np.diff(test.indptr)
    users = np.flatnonzero(n_relevant)
    top = np.array([*top_n_by_row(scores[users], K)])
    hits = np.asarray(test[users[:, None], top].todense()).reshape(top.shape)
    return float(metrics.ndcg((hits > 0).astype(np.float64), n_relevant[users]).mean())


if __name__ == "__main__":
    main()
