"""What views and carts add to purchases: NDCG@10 on the playground shop, whose truth is known.

    python -m benchmarks.playground_shop [--size 400000] [--seed 1]

The default recipe learns once from all kinds of events, and once from purchases alone. Both are
evaluated on the same users: those of the gate's window who buy something after the cut. The best
possible lists rank products by the true probability that the user views and buys them in the weeks
after the cut. The interval of the difference is a bootstrap over users.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from pyspark.sql import functions as F

from benchmarks import best_lists
from benchmarks.best_lists import Indices, Scores
from benchmarks.lakes import refined
from jobs.engine import recipes
from jobs.engine.judging import intervals
from jobs.engine.judging.evaluation import Evaluation
from jobs.engine.learning import baselines
from jobs.engine.recipes import AlsWithPriors, AnyRecipe
from jobs.engine.weightings import Events
from jobs.retraining.evaluation_windows import gate_window, prepare
from jobs.retraining.frozen_tables import Frozen
from jobs.synthetic.shop import files
from jobs.synthetic.shop.demand import buying
from jobs.synthetic.shop.world import START, WEEK_S, WEEKS, Shop, generate
from warehouse import datasets
from warehouse.tables import SILVER_EVENTS
from warehouse.tables.vocabulary import HEADLINE, WARM

SHOP = datasets.load_named("playground_shop")


def main() -> None:
    """Print the NDCG@10 of each recipe, its share of the best, and what views and carts add."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=400_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    shop = generate(args.size, args.seed)
    all_kinds = recipes.with_priors(SHOP)
    purchases = of_purchases(all_kinds)
    named: dict[str, AnyRecipe | baselines.Baseline] = {
        "all kinds of events": all_kinds,
        "purchases alone": purchases,
        **{recipe.kind: recipe for recipe in recipes.popularities(SHOP)},
        **{baseline.name: baseline for baseline in baselines.baselines(SHOP)},
    }
    with refined(SHOP, partial(fill, size=args.size, seed=args.seed)) as rows:
        prepared = prepare(rows, SHOP, gate_window(rows, SHOP))
        results = prepared.evaluate([prepared.fit(recipe) for recipe in named.values()])
        best, n_users = best_lists.ndcg(rows, prepared, partial(likely, shop, first_week(rows)))
        values = {name: of_warm_users(results, recipe.name) for name, recipe in named.items()}
    print(f"{'the true model':24} {best:.4f}  ({n_users} users)")
    for name, of_users in values.items():
        print(f"{name:24} {of_users.mean():.4f}  {of_users.mean() / best:6.1%} of the best")
    gain = intervals.paired(values["all kinds of events"] - values["purchases alone"])
    shares = (gain.mean / best, gain.low / best, gain.high / best)
    print("views and carts add      {:+.1%} [{:+.1%}, {:+.1%}] of the best".format(*shares))


def fill(inbox: Path, *, size: int, seed: int) -> None:
    """Generate the shop's files."""
    files.run(size=size, seed=seed, folder=inbox)


def of_purchases(recipe: AlsWithPriors) -> AlsWithPriors:
    """Return the recipe that learns from purchases alone."""
    if not isinstance(recipe.als.weighting, Events):
        raise TypeError(f"{recipe.name} does not weigh kinds of events")
    purchases = tuple(pair for pair in recipe.als.weighting.weights if pair[0] == "purchase")
    weighting = recipe.als.weighting.model_copy(update={"weights": purchases})
    return recipe.model_copy(update={"als": recipe.als.model_copy(update={"weighting": weighting})})


def first_week(rows: Frozen) -> int:
    """Return the week of the gate's cut."""
    times = rows.table(SILVER_EVENTS).select(F.unix_timestamp("occurred_at").alias("at"))
    [row] = times.agg(F.percentile("at", SHOP.windows.gate_train_share)).collect()
    return int((row[0] - START.timestamp()) // WEEK_S)


def likely(shop: Shop, first: int, user: int, items: Indices) -> Scores:
    """Return for each item the probability of a purchase, as the mean of the weeks from `first`."""
    weeks = [buying(shop, user, week) for week in range(first, WEEKS)]
    return np.asarray(np.mean(weeks, axis=0)[items])


def of_warm_users(results: Evaluation, recipe: str) -> Scores:
    """Return the NDCG@10 of each warm user, in the order of the users."""
    warm = results.user_metrics.where(F.array_contains("slices", WARM))
    of_recipe = warm.where((F.col("recipe") == recipe) & (F.col("metric") == HEADLINE))
    values = [row["value"] for row in of_recipe.orderBy("user").select("value").collect()]
    return np.array(values, dtype=np.float64)


if __name__ == "__main__":
    main()
