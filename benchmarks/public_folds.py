"""nDCG of Spark ALS and EASE on random folds, as in a published comparison.

    python -m benchmarks.public_folds ARCHIVE [--folds 5]

Anelli et al. (UMAP 2022) keep the ratings of at least 4 of MovieLens 1M, reduce them to the 10-core
(each user and film has ten), split them randomly 80/20, and rank the full catalogue. Their folds
are not published, so similar folds are drawn here with a seed. Random folds let a model learn from
the future: this compares algorithms, not what users would have been served.

ALS is the mean of three seeds plus one prior (log of the film's number of ratings), as in the
family `als_with_priors`, with strengths of rating - 3. EASE takes ones, as published, or these
strengths. The prior's weight and EASE's input and lambda are chosen on a fifth of each fold's
training rows, never on its test rows.
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

from jobs.engine.learning import als, item_item
from jobs.engine.recipes import Als
from jobs.engine.weightings import MinusMidpoint
from jobs.runtime import session
from ranking import metrics
from ranking.selection import top_n_by_row

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
K, N_FOLDS, CORE, RELEVANT_FROM = 10, 5, 10, 4
MIDPOINT = 3  # subtracted from ratings
RECIPE = Als(weighting=MinusMidpoint(midpoint=MIDPOINT), rank=96, reg=0.3, alpha=2, iterations=15)
Scores = dict[str, NDArray[np.float32]]
MODELS = 3  # seeds, as in ALS with priors
LAMBDAS = (200, 300, 500, 1000, 2000)
WEIGHTS = (0, 0.01, 0.02, 0.03, 0.05)


def main() -> None:
    """Print a line for each fold, then the means, and whether ALS reaches EASE."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    parser.add_argument("--folds", type=int, default=N_FOLDS, choices=range(1, N_FOLDS + 1))
    args = parser.parse_args()
    os.environ.setdefault("SPARK_CONF_DIR", str(ROOT / "conf/spark"))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    spark = session.start("public_folds")
    users, items, strengths = core(positive_ratings(args.archive))
    print(
        f"{users.max() + 1} users, {items.max() + 1} films, {len(users)} ratings >= {RELEVANT_FROM}"
    )
    shape = (int(users.max()) + 1, int(items.max()) + 1)
    fold, inner = np.random.default_rng(1).integers(0, N_FOLDS, (2, len(users)))
    results: dict[str, list[float]] = {}
    for fold_number in range(args.folds):
        is_training = fold != fold_number
        masks = (
            is_training & (inner > 0),
            is_training & (inner == 0),
            is_training,
            ~is_training,
        )
        fit_on, choose_on, training, test = (
            matrix(users[mask], items[mask], strengths[mask], shape) for mask in masks
        )
        models: dict[str, Callable[[sparse.csr_matrix, int], Scores]] = {
            "popular": popularity_scores,
            "EASE": ease_scores,
            "Spark ALS": lambda rows, n_models: als_scores(spark, rows, n_models),
        }
        for name, score in models.items():
            start = time.monotonic()
            chosen = best(score(fit_on, 1), fit_on, choose_on)
            value = ndcg(score(training, MODELS)[chosen], training, test)
            results.setdefault(name, []).append(value)
            seconds = time.monotonic() - start
            print(
                f"fold {fold_number}: {name:10} {value:.4f}  {chosen} ({seconds:.0f} s)", flush=True
            )
    for name, values in results.items():
        print(f"{name:10} nDCG@{K} {mean(values):.4f} over {len(values)} folds")
    ahead = mean(results["Spark ALS"]) - mean(results["EASE"])
    print(f"Spark ALS - EASE {ahead:+.4f} (target: 0) {'ok' if ahead >= 0 else 'MISSED'}")


def positive_ratings(archive: Path) -> pd.DataFrame:
    """Return (user, item, rating) of the ratings of at least RELEVANT_FROM."""
    with ZipFile(archive) as zipped, zipped.open("ml-1m/ratings.dat") as file:
        names = ["user", "item", "rating", "time"]
        ratings = pd.read_csv(file, sep="::", names=names, engine="python")
    return ratings.loc[ratings["rating"] >= RELEVANT_FROM, ["user", "item", "rating"]]


def core(pairs: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return users, items and strengths of the largest subset where all have CORE ratings.

    Users and items are dense numbers.
    """
    while True:
        counts = [pairs[name].map(pairs[name].value_counts()) for name in ("user", "item")]
        has_enough = (counts[0] >= CORE) & (counts[1] >= CORE)
        if has_enough.all():
            users, items = (
                np.unique(pairs[name], return_inverse=True)[1].astype(np.int64)
                for name in ("user", "item")
            )
            return users, items, pairs["rating"].to_numpy(np.float32) - np.float32(MIDPOINT)
        pairs = pairs[has_enough]


def matrix(
    users: NDArray[np.int64],
    items: NDArray[np.int64],
    strengths: NDArray[np.float32],
    shape: tuple[int, int],
) -> sparse.csr_matrix:
    """Return the matrix (user, item) of the strengths."""
    return sparse.csr_matrix((strengths, (users, items)), shape)


def ones(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the matrix with 1 for each strength."""
    return (rows > 0).astype(np.float32)


def popularity_scores(training: sparse.csr_matrix, _: int) -> Scores:
    """Return the number of ratings of each film, the same for all users."""
    counts = np.asarray(ones(training).sum(axis=0), np.float32)
    return {"": np.repeat(counts, training.shape[0], axis=0)}


def ease_scores(training: sparse.csr_matrix, _: int) -> Scores:
    """Return the scores of EASE, by input and lambda."""
    scores = {}
    for name, rows in (("ones", ones(training)), ("stars", training)):
        of_users = sparse.csr_array(rows, dtype=np.float32)
        for reg in LAMBDAS:
            scores[f"{name}, lambda {reg}"] = rows @ item_item.ease(of_users, reg)
    return scores


def als_scores(spark: SparkSession, training: sparse.csr_matrix, n_models: int) -> Scores:
    """Return the mean scores of Spark's implicit ALS over the seeds, by weight of the prior."""
    pairs = training.tocoo()
    rows = pd.DataFrame({"user": pairs.row, "item": pairs.col, "strength": pairs.data})
    frame = spark.createDataFrame(rows.astype({"user": "int32", "item": "int32"})).cache()
    scores = np.zeros(training.shape, np.float32)
    for number in range(n_models):
        model = als.fit(frame, RECIPE.model_copy(update={"seed": RECIPE.seed + number}))
        users = model.users.toPandas()
        factors = np.array(users["factors"].tolist(), np.float32) / n_models
        scores[np.ix_(users["user"].to_numpy(np.int64), model.items)] += factors @ model.matrix.T
    prior = np.log1p(np.asarray(ones(training).sum(axis=0), np.float32))
    return {f"prior {weight}": scores + np.float32(weight) * prior for weight in WEIGHTS}


def best(scores: Scores, training: sparse.csr_matrix, test: sparse.csr_matrix) -> str:
    """Return the name of the best scores."""
    return max(scores, key=lambda name: ndcg(scores[name], training, test))


def ndcg(
    scores: NDArray[np.float32], training: sparse.csr_matrix, test: sparse.csr_matrix
) -> float:
    """Return nDCG@K, full catalogue without training items, over users with a test item."""
    scores = np.array(scores)
    scores[training.nonzero()] = -np.inf
    n_relevant = np.diff(test.indptr)
    users = np.flatnonzero(n_relevant)
    top = np.array([*top_n_by_row(scores[users], K)])
    hits = np.asarray(test[users[:, None], top].todense()).reshape(top.shape)
    return float(metrics.ndcg((hits > 0).astype(np.float64), n_relevant[users]).mean())


if __name__ == "__main__":
    main()
