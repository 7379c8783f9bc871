"""Quality of every family of recipes on the rolling and test windows of MovieLens 1M.

    python -m benchmarks.quality ARCHIVE [--seeds 3] [--recipe JSON]... [--no-rolling]

ARCHIVE is ml-1m.zip as published. The jobs land and refine it in a temporary lake. Each recipe is
fitted on the oldest 40, 50, 60 % of the ratings and tested on the next 20 %, then fitted on the
oldest 80 % and tested on the newest 20 %, as `evaluate` does. Choose on the rolling windows only.

ALS without priors is fitted with several seeds and reported as their mean. `--recipe` (a name, or
JSON such as the result of a search) adds a recipe.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import functions as F

from benchmarks.lakes import MOVIELENS, movielens
from jobs.engine import recipes
from jobs.engine.judging import intervals
from jobs.engine.judging.evaluation import Evaluation
from jobs.engine.judging.windows import Window
from jobs.engine.learning.baselines import Baseline, baselines
from jobs.engine.learning.models import Model
from jobs.engine.recipes import AnyRecipe
from jobs.retraining.evaluation_windows import gate_window, prepare, rolling_windows
from jobs.retraining.frozen_tables import Frozen
from warehouse.tables.vocabulary import GATE, HEADLINE, WARM

OTHER_METRICS = ("recall@50", "coverage@10")
TARGETS = {  # NDCG@10 on the test window: required, desired
    "als": (0.265, 0.275),
    "als_with_priors": (0.273, 0.288),
}


@dataclass(frozen=True)
class Row:
    """The results of a family on a window: means over its seeds, and the NDCG@10 of each user."""

    figures: dict[str, float]
    users: NDArray[np.float64]
    spread: float
    seconds: float


def main() -> None:
    """Print a table of all families, then the differences between some, window by window."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    parser.add_argument(
        "--seeds", type=int, default=3, help="number of seeds of ALS without priors"
    )
    parser.add_argument("--recipe", action="append", default=[], help="an additional recipe")
    parser.add_argument("--no-rolling", action="store_true", help="the test window only")
    args = parser.parse_args()
    families = families_of(args.seeds, args.recipe)
    with movielens(args.archive) as rows:
        windows = [] if args.no_rolling else list(rolling_windows(rows, MOVIELENS))
        results = {
            name: evaluated(rows, families, window)
            for name, window in [*windows, (GATE, gate_window(rows, MOVIELENS))]
        }
    show(results)


def families_of(n_seeds: int, extra: Sequence[str]) -> dict[str, list[AnyRecipe | Baseline]]:
    """Return the recipes of each family; those of ALS differ in the seed."""
    als = recipes.of_ratings(MOVIELENS)
    seeds = [als.model_copy(update={"seed": als.seed + number}) for number in range(n_seeds)]
    families: dict[str, list[AnyRecipe | Baseline]] = {
        "als": [*seeds],
        "als_with_priors": [recipes.with_priors(MOVIELENS)],
    }
    for text in extra:
        extra_recipe = recipes.resolve(text, MOVIELENS)
        families[extra_recipe.name] = [extra_recipe]
    for recipe in (*recipes.popularities(MOVIELENS), *baselines(MOVIELENS)):
        families[recipe.kind] = [recipe]
    return families


def evaluated(
    rows: Frozen, families: dict[str, list[AnyRecipe | Baseline]], window: Window
) -> dict[str, Row]:
    """Return the result of each family on the window."""
    prepared = prepare(rows, MOVIELENS, window)
    fitted = {
        name: [prepared.fit(recipe) for recipe in family] for name, family in families.items()
    }
    results = prepared.evaluate([model for models in fitted.values() for model in models])
    headline = results.user_metrics.where(F.col("metric") == HEADLINE)
    warm = headline.where(F.array_contains("slices", WARM))
    users = warm.select("recipe", "user", "value").orderBy("user").toPandas()
    values = {name: group["value"].to_numpy() for name, group in users.groupby("recipe")}
    print(
        f"evaluated {len(values)} recipes on {len(next(iter(values.values())))} users", flush=True
    )
    by_family = {}
    for family, models in fitted.items():
        figures = [_warm(results, model) for model in models]
        headlines = [of_model[HEADLINE] for of_model in figures]
        by_family[family] = Row(
            figures={
                m: fmean(of_model[m] for of_model in figures) for m in (HEADLINE, *OTHER_METRICS)
            },
            users=np.mean([values[model.recipe.name] for model in models], axis=0),
            spread=stdev(headlines) if len(headlines) > 1 else 0.0,
            seconds=fmean(model.seconds for model in models),
        )
    return by_family


def show(results: dict[str, dict[str, Row]]) -> None:
    """Print a line per family, then the targets, then the differences between families."""
    rolling = [name for name in results if name != GATE]
    columns = [
        *rolling,
        *(["mean"] if rolling else []),
        "test",
        "+-",
        "seeds",
        *OTHER_METRICS,
        "fit s",
    ]
    print(f"\nNDCG@10 {'':24}" + " ".join(f"{column:>11}" for column in columns))
    for family, test in results[GATE].items():
        rolling_values = [results[name][family].figures[HEADLINE] for name in rolling]
        error = test.users.std(ddof=1) / len(test.users) ** 0.5
        cells = [
            *rolling_values,
            *([fmean(rolling_values)] if rolling_values else []),
            test.figures[HEADLINE],
            error,
        ]
        cells += [test.spread, *(test.figures[metric] for metric in OTHER_METRICS)]
        shown = " ".join(f"{cell:11.4f}" for cell in cells)
        print(f"{family:32}{shown} {test.seconds:11.1f}")
    for family, (required, desired) in TARGETS.items():
        value = results[GATE][family].figures[HEADLINE]
        met = "reached" if value >= required else "MISSED"
        print(f"{family}: {value:.4f}, target {required} {met}", end=", ")
        print(f"desired {desired} {value - desired:+.4f}")
    for family, other in (
        ("als", "popular_by_segment"),
        ("als_with_priors", "als"),
        ("als_with_priors", "ease"),
    ):
        print(f"{family} - {other}")
        for name, rows in results.items():
            print(f"    {name:12} {intervals.paired(rows[family].users - rows[other].users)}")


def _warm(results: Evaluation, model: Model) -> dict[str, float]:
    figures = results.figures[model.recipe.name]
    return {figure.metric: figure.value for figure in figures if figure.slice == WARM}


if __name__ == "__main__":
    main()
