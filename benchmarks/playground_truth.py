"""How much of what can be known of the playground's people a recipe finds.

    python -m benchmarks.playground_truth [--size 1000000] [--seed 1]

The playground's people follow a known law (`jobs/synthetic/world.py`): the month offers films, a
person takes what fits him, and the stars follow the fit. Whoever knows all that, the future months'
offers included, can rank films by the chance that a person takes *and* likes them. No recipe can do
better on average: its NDCG@10 on the same people and rows is the best possible.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from scipy.stats import norm

from benchmarks.lakes import refined
from jobs.engine import recipes
from jobs.engine.judging import metrics
from jobs.engine.learning import baselines
from jobs.retraining.evaluation_windows import PreparedWindow, gate_window, prepare
from jobs.retraining.frozen_tables import Frozen
from jobs.synthetic import playground
from jobs.synthetic.world import MONTHS, RANK, SPAN_S, START, TASTE, World, world
from ranking.selection import top_n
from warehouse import datasets
from warehouse.tables import SILVER_EVENTS
from warehouse.tables.vocabulary import HEADLINE, WARM

PLAYGROUND = datasets.load_named("playground")
LIKED = PLAYGROUND.scale.relevant_from - 0.5  # stars are rounded


def main() -> None:
    """Print NDCG@10 of each recipe, and its share of the best possible."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--size", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    made = world(given.size, given.seed)
    with refined(PLAYGROUND, partial(fill, size=given.size, seed=given.seed)) as rows:
        prepared = prepare(rows, PLAYGROUND, gate_window(rows, PLAYGROUND))
        scale, half_life_days = PLAYGROUND.scale, PLAYGROUND.windows.half_life_days
        contestants = [
            recipes.default(scale),
            recipes.with_priors(scale, half_life_days),
            *recipes.popularities(scale, half_life_days),
            *baselines.baselines(scale),
        ]
        results = prepared.evaluate([prepared.fit(recipe) for recipe in contestants])
        best, n_users = knowing(made, rows, prepared)
    print(f"{'knows the truth':36} {best:.4f}  ({n_users} people)")
    for recipe in contestants:
        figures = results.figures[recipe.name]
        [value] = [f.value for f in figures if (f.slice, f.metric) == (WARM, HEADLINE)]
        print(f"{recipe.name:36} {value:.4f}  {value / best:6.1%} of the best possible")


def fill(inbox: Path, *, size: int, seed: int) -> None:
    """Make the playground's files."""
    spark = SparkSession.getActiveSession()
    if spark is None:
        raise RuntimeError("no session")
    playground.run(spark, size=size, seed=seed, folder=inbox)


def cut_of(rows: Frozen) -> float:
    """Return the moment of the gate's cut, 0 to 1 of the playground's two years."""
    times = rows.table(SILVER_EVENTS).select(F.unix_timestamp("occurred_at").alias("at"))
    [row] = times.agg(F.percentile("at", PLAYGROUND.windows.gate_train_share)).collect()
    return float((row[0] - START.timestamp()) / SPAN_S)


def knowing(made: World, rows: Frozen, prepared: PreparedWindow) -> tuple[float, int]:
    """Return NDCG@10 of the warm people's lists made from the truth, and how many they are."""
    warm = prepared.users.wanted.where(F.array_contains("slices", WARM))
    asked = warm.join(prepared.users.inputs, "user").join(rows.users(), "user").collect()
    numbers = np.array([int(item_id.split("-")[1]) for item_id in prepared.catalogue.ids])
    cut = cut_of(rows)
    at = (cut + 1) / 2  # the middle of what is still to come
    offered = np.diff(made.offered[int(cut * MONTHS) :], axis=1, prepend=0).mean(axis=0)[numbers]
    place = {item: at for at, item in enumerate(prepared.catalogue.index.tolist())}
    listed = []
    for row in asked:
        chances = chance(made, int(row["user_id"].split("-")[1]), numbers, offered, at)
        chances[[place[item] for item in row["seen"] if item in place]] = -np.inf
        best = top_n(chances.astype(np.float32), metrics.K)
        listed.append(("truth", row["user"], prepared.catalogue.ids[best].tolist(), None))
    spark = warm.sparkSession
    schema = "recipe string, user int, item_ids array<string>, diversity double"
    scored = metrics.per_user(spark.createDataFrame(listed, schema), warm)
    [mean] = scored.agg(F.avg(f"`{HEADLINE}`")).collect()
    return float(mean[0]), len(asked)


def chance(
    made: World, user: int, items: NDArray[np.int64], offered: NDArray[np.float64], at: float
) -> NDArray[np.float64]:
    """Return the log of the chance that he takes and likes each item, but for a constant."""
    factors = made.item_factors[items]
    fit = (factors @ made.user_factors[user] + at * (factors @ made.user_drift[user])) * RANK**0.5
    feeling = 3.3 + made.user_bias[user] + made.item_bias[items] + 0.65 * (fit - 1)
    likes = norm.logsf((LIKED - feeling) / 0.7)
    return np.asarray(np.log(np.maximum(offered, 1e-300)) + TASTE * fit + likes)


if __name__ == "__main__":
    main()
