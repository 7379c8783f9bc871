"""How well every family recommends on MovieLens 1M: rolling windows, and the newest rows beside.

    python -m benchmarks.quality ARCHIVE [--seeds 3] [--recipe JSON]... [--no-rolling]

ARCHIVE is ml-1m.zip as its publisher offers it. It is landed and refined into a temporary lake by
the jobs themselves. Then each recipe is fitted on the oldest 40, 50, 60 % of the ratings and judged
on the 20 % that follow, and fitted on the oldest 80 % and judged on the newest 20 %, as `evaluate`
does it. Choose on the rolling windows; the newest rows are there to be looked at.

Pure ALS is fitted with several seeds, and its figures are their means. `--recipe` (a name or JSON,
such as a search found) adds a recipe.
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

BESIDE = ("recall@50", "coverage@10")
BARS = {"als": (0.265, 0.275), "als_with_priors": (0.273, 0.288)}


@dataclass(frozen=True)
class Row:
    """A family on one window: means over its seeds, and each user's mean NDCG@10."""

    figures: dict[str, float]
    users: NDArray[np.float64]
    spread: float
    seconds: float


def main() -> None:
    """Print a table of all families, then what priors add, window by window."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("archive", type=Path, help="ml-1m.zip")
    arguments.add_argument("--seeds", type=int, default=3, help="how often pure ALS is fitted")
    arguments.add_argument("--recipe", action="append", default=[], help="one more recipe")
    arguments.add_argument("--no-rolling", action="store_true", help="the newest rows alone")
    given = arguments.parse_args()
    families = families_of(given.seeds, given.recipe)
    with movielens(given.archive) as rows:
        windows = [] if given.no_rolling else list(rolling_windows(rows, MOVIELENS))
        found = {
            name: judged(rows, families, window)
            for name, window in [*windows, (GATE, gate_window(rows, MOVIELENS))]
        }
    show(found)


def families_of(n_seeds: int, asked: Sequence[str]) -> dict[str, list[AnyRecipe | Baseline]]:
    """Return the recipes of each family; several where only the seed differs."""
    scale, half_life_days = MOVIELENS.scale, MOVIELENS.windows.half_life_days
    als = recipes.default(scale)
    seeds = [als.model_copy(update={"seed": als.seed + nth}) for nth in range(n_seeds)]
    families: dict[str, list[AnyRecipe | Baseline]] = {
        "als": [*seeds],
        "als_with_priors": [recipes.with_priors(scale, half_life_days)],
    }
    for text in asked:
        recipe = recipes.resolve(text, scale, half_life_days)
        families[recipe.name] = [recipe]
    for one in (*recipes.popularities(scale, half_life_days), *baselines(scale)):
        families[one.kind] = [one]
    return families


def judged(
    rows: Frozen, families: dict[str, list[AnyRecipe | Baseline]], window: Window
) -> dict[str, Row]:
    """Return how each family does on the window."""
    prepared = prepare(rows, MOVIELENS, window)
    fitted = {name: [prepared.fit(one) for one in each] for name, each in families.items()}
    results = prepared.evaluate([model for each in fitted.values() for model in each])
    headline = results.user_metrics.where(F.col("metric") == HEADLINE)
    warm = headline.where(F.array_contains("slices", WARM))
    users = warm.select("recipe", "user", "value").orderBy("user").toPandas()
    values = {name: own["value"].to_numpy() for name, own in users.groupby("recipe")}
    print(f"judged {len(values)} recipes on {len(next(iter(values.values())))} users", flush=True)
    found = {}
    for family, models in fitted.items():
        figures = [_warm(results, model) for model in models]
        headlines = [each[HEADLINE] for each in figures]
        found[family] = Row(
            figures={m: fmean(each[m] for each in figures) for m in (HEADLINE, *BESIDE)},
            users=np.mean([values[model.recipe.name] for model in models], axis=0),
            spread=stdev(headlines) if len(headlines) > 1 else 0.0,
            seconds=fmean(model.seconds for model in models),
        )
    return found


def show(found: dict[str, dict[str, Row]]) -> None:
    """Print a line for each family, then the bars, then the differences that matter."""
    rolling = [name for name in found if name != GATE]
    heads = [*rolling, *(["mean"] if rolling else []), "test", "+-", "seeds", *BESIDE, "fit s"]
    print(f"\nNDCG@10 {'':24}" + " ".join(f"{head:>11}" for head in heads))
    for family, test in found[GATE].items():
        before = [found[name][family].figures[HEADLINE] for name in rolling]
        error = test.users.std(ddof=1) / len(test.users) ** 0.5
        cells = [*before, *([fmean(before)] if before else []), test.figures[HEADLINE], error]
        cells += [test.spread, *(test.figures[metric] for metric in BESIDE)]
        shown = " ".join(f"{cell:11.4f}" for cell in cells)
        print(f"{family:32}{shown} {test.seconds:11.1f}")
    for family, (solid, aim) in BARS.items():
        value = found[GATE][family].figures[HEADLINE]
        met = "reached" if value >= solid else "MISSED"
        print(f"{family}: {value:.4f}, bar {solid} {met}, aim {aim} {value - aim:+.4f}")
    for ours, theirs in (
        ("als", "popular_by_segment"),
        ("als_with_priors", "als"),
        ("als_with_priors", "ease"),
    ):
        print(f"{ours} - {theirs}")
        for name, rows in found.items():
            print(f"    {name:12} {intervals.paired(rows[ours].users - rows[theirs].users)}")


def _warm(results: Evaluation, model: Model) -> dict[str, float]:
    mine = results.figures[model.recipe.name]
    return {each.metric: each.value for each in mine if each.slice == WARM}


if __name__ == "__main__":
    main()
