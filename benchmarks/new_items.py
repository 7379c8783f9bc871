"""NDCG@10 of predicted factors among the items that appear only after the cut of MovieLens 1M.

    python -m benchmarks.new_items ARCHIVE

ARCHIVE is ml-1m.zip. The factors of new films are predicted from their content, by two recipes of
ALS, and compared with the newest first and the popular in their category on the gate's window and
on the rolling ones. The gate lets new items on lists only if the lead over both is above 0 with its
interval, and enough users chose one.
"""

import argparse
import time
from pathlib import Path

from pyspark.sql import functions as F

from benchmarks.lakes import MOVIELENS, movielens
from jobs.engine import recipes
from jobs.engine.judging import intervals
from jobs.engine.judging.windows import Window
from jobs.engine.recipes import ORDERS_OF_NEW_ITEMS
from jobs.retraining.evaluation_windows import (
    evaluate_new_items,
    gate_window,
    prepare,
    rolling_windows,
)
from jobs.retraining.frozen_tables import Frozen
from warehouse.tables.vocabulary import GATE, HEADLINE, WARM

RECIPES = (recipes.of_ratings(MOVIELENS), recipes.with_priors(MOVIELENS))


def main() -> None:
    """Print each window's figures and leads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    args = parser.parse_args()
    with movielens(args.archive) as rows:
        for name, window in [
            *rolling_windows(rows, MOVIELENS),
            (GATE, gate_window(rows, MOVIELENS)),
        ]:
            show(name, rows, window)


def show(name: str, rows: Frozen, window: Window) -> None:
    """Print the mean NDCG@10 of warm users by recipe and order, and the recipes' leads."""
    prepared = prepare(rows, MOVIELENS, window)
    fitted = [prepared.fit(recipe) for recipe in RECIPES]
    started = time.monotonic()
    evaluation = evaluate_new_items(prepared, rows, fitted)
    seconds = time.monotonic() - started
    if evaluation is None:
        print(f"{name}: no user chose a new item")
        return
    warm = evaluation.user_metrics.where(F.col("metric") == HEADLINE)
    frame = warm.where(F.array_contains("slices", WARM)).orderBy("user").toPandas()
    values = {str(key): group["value"].to_numpy() for key, group in frame.groupby("recipe")}
    n_users = len(next(iter(values.values()), []))
    print(f"{name}: {n_users} users, {seconds:.1f} s", flush=True)
    for recipe_name, of_users in sorted(values.items(), key=lambda pair: -pair[1].mean()):
        print(f"  {of_users.mean():.4f}  {recipe_name}")
    for recipe in RECIPES:
        for order in ORDERS_OF_NEW_ITEMS:
            lead = intervals.paired(values[recipe.name] - values[order.name])
            print(f"  {lead}  {recipe.name} over {order.kind}", flush=True)


if __name__ == "__main__":
    main()
