"""Seconds of a fit and an evaluation on the gate's window of MovieLens 1M.

    python -m benchmarks.one_window ARCHIVE [--rounds 5]

ARCHIVE is ml-1m.zip. The window's DataFrames are prepared once; then the default recipe (ALS of
rank 8) is fitted and evaluated several times. An evaluation makes a list of 50 for each user and
computes every metric of every slice. The first round runs on a cold JVM, as in `evaluate`; the
later ones show the cost of a window in a search.
"""

import argparse
import time
from pathlib import Path
from statistics import median

from benchmarks.lakes import MOVIELENS, movielens
from jobs.engine import recipes
from jobs.retraining.evaluation_windows import PreparedWindow, gate_window, prepare
from warehouse.tables.vocabulary import HEADLINE, WARM

TARGET = 12.0  # seconds


def main() -> None:
    """Print the seconds of each round, then compare the median with the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with movielens(args.archive) as rows:
        start = time.monotonic()
        prepared = prepare(rows, MOVIELENS, gate_window(rows, MOVIELENS))
        print(f"DataFrames of the window {time.monotonic() - start:6.1f} s, once", flush=True)
        seconds = [timed_round(prepared, number) for number in range(args.rounds)]
    first, *later = seconds
    typical = median(later or seconds)
    met = "ok" if typical < TARGET else "MISSED"
    print(f"first {first:.1f} s, later {typical:.1f} s (median; target {TARGET:g} s) {met}")


def timed_round(prepared: PreparedWindow, number: int) -> float:
    """Fit with the seed of this round and evaluate; return the seconds of both."""
    default = recipes.of_ratings(MOVIELENS)
    start = time.monotonic()
    model = prepared.fit(default.model_copy(update={"seed": default.seed + number}))
    fitted = time.monotonic()
    figures = prepared.evaluate([model]).figures[model.recipe.name]
    evaluated = time.monotonic()
    [value] = [f.value for f in figures if (f.slice, f.metric) == (WARM, HEADLINE)]
    print(
        f"round {number}: fit {fitted - start:5.1f} s, evaluation {evaluated - fitted:5.1f} s, "
        f"{HEADLINE} {value:.4f}",
        flush=True,
    )
    return evaluated - start


if __name__ == "__main__":
    main()
