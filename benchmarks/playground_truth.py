"""NDCG@10 of recipes on the playground, compared with the best possible.

    python -m benchmarks.playground_truth [--size 1000000] [--seed 1]

The playground's users follow a known model (`jobs/synthetic/world.py`): films are offered
by month, and how well a film fits a user decides whether they choose it and how many stars they
give. With this model, including the offers of future months, films can be ranked by the probability
that a user chooses *and* likes them. On average no recipe can do better: the NDCG@10 of this
ranking on the same users and rows is an upper bound.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from scipy.stats import norm

from benchmarks import best_lists
from benchmarks.best_lists import Indices, Scores
from benchmarks.lakes import refined
from jobs.engine import recipes
from jobs.engine.learning import baselines
from jobs.retraining.evaluation_windows import PreparedWindow, gate_window, prepare
from jobs.retraining.frozen_tables import Frozen
from jobs.synthetic import playground
from jobs.synthetic.world import (
    FIT_WEIGHT,
    MONTHS,
    SPAN_S,
    STARS_NOISE,
    START,
    World,
    fit,
    generate,
    mean_stars,
)
from warehouse import datasets
from warehouse.tables import SILVER_EVENTS
from warehouse.tables.vocabulary import HEADLINE, WARM

PLAYGROUND = datasets.load_named("playground")
RELEVANT_FROM = PLAYGROUND.scale.relevant_from - 0.5  # stars are rounded


def main() -> None:
    """Print the NDCG@10 of each recipe, and its share of the upper bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    world = generate(args.size, args.seed)
    with refined(PLAYGROUND, partial(fill, size=args.size, seed=args.seed)) as rows:
        prepared = prepare(rows, PLAYGROUND, gate_window(rows, PLAYGROUND))
        compared = [
            recipes.default(PLAYGROUND),
            recipes.with_priors(PLAYGROUND),
            *recipes.popularities(PLAYGROUND),
            *baselines.baselines(PLAYGROUND),
        ]
        results = prepared.evaluate([prepared.fit(recipe) for recipe in compared])
        best, n_users = upper_bound(world, rows, prepared)
    print(f"{'upper bound':36} {best:.4f}  ({n_users} users)")
    for recipe in compared:
        figures = results.figures[recipe.name]
        [value] = [f.value for f in figures if (f.slice, f.metric) == (WARM, HEADLINE)]
        print(f"{recipe.name:36} {value:.4f}  {value / best:6.1%} of the upper bound")


def fill(inbox: Path, *, size: int, seed: int) -> None:
    """Generate the playground's files."""
    spark = SparkSession.getActiveSession()
    if spark is None:
        raise RuntimeError("no Spark session")
    playground.run(spark, size=size, seed=seed, folder=inbox)


def cut_of(rows: Frozen) -> float:
    """Return the time of the gate's cut, 0 to 1 of the playground's two years."""
    times = rows.table(SILVER_EVENTS).select(F.unix_timestamp("occurred_at").alias("at"))
    [row] = times.agg(F.percentile("at", PLAYGROUND.windows.gate_train_share)).collect()
    return float((row[0] - START.timestamp()) / SPAN_S)


def upper_bound(world: World, rows: Frozen, prepared: PreparedWindow) -> tuple[float, int]:
    """Return the NDCG@10 of lists ranked by the truth for warm users, and the number of users."""
    cut = cut_of(rows)
    at = (cut + 1) / 2  # the middle of the time after the cut
    offered = np.diff(world.offered[int(cut * MONTHS) :], axis=1, prepend=0).mean(axis=0)

    def score(user: int, items: Indices) -> Scores:
        return log_probability(world, user, items, offered[items], at)

    return best_lists.ndcg(rows, prepared, score)


def log_probability(
    world: World, user: int, items: NDArray[np.int64], offered: NDArray[np.float64], at: float
) -> NDArray[np.float64]:
    """Return for each item log P(the user chooses and likes it), up to a constant."""
    fits = fit(world, user, items, at)
    missing = RELEVANT_FROM - mean_stars(world, user, items, fits)
    log_likes = norm.logsf(missing / STARS_NOISE)
    return np.asarray(np.log(np.maximum(offered, 1e-300)) + FIT_WEIGHT * fits + log_likes)


if __name__ == "__main__":
    main()
