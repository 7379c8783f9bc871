"""Duration of one window: its DataFrames once, then fit and evaluation several times.

    python -m benchmarks.one_window ARCHIVE [--rounds 5]

ARCHIVE is ml-1m.zip: a million ratings, the default recipe (ALS of rank 8) on the gate's window.
An evaluation makes a list of 50 for each user and computes every metric of every slice. The first
round runs on a cold JVM, as in `evaluate`; the later ones show the cost in a search.
"""

import argparse
import time
from pathlib import Path
from statistics import median

from benchmarks.lakes import MOVIELENS, movielens
from jobs.engine import recipes
from jobs.retraining.evaluation_windows import PreparedWindow, gate_window, prepare
from warehouse.tables.vocabulary import HEADLINE, WARM

BAR = 12.0  # seconds


def main() -> None:
    """Print the seconds of each round, then compare the median with the bar."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("archive", type=Path, help="ml-1m.zip")
    arguments.add_argument("--rounds", type=int, default=5)
    args = arguments.parse_args()
    with movielens(args.archive) as rows:
        start = time.monotonic()
        prepared = prepare(rows, MOVIELENS, gate_window(rows, MOVIELENS))
        print(f"DataFrames of the window {time.monotonic() - start:6.1f} s, once", flush=True)
        seconds = [one_round(prepared, nth) for nth in range(args.rounds)]
    first, *later = seconds
    typical = median(later or seconds)
    met = "ok" if typical < BAR else "MISSED"
    print(f"first {first:.1f} s, later {typical:.1f} s (median; bar {BAR:g} s) {met}")


def one_round(prepared: PreparedWindow, nth: int) -> float:
    """Fit with the seed of this round and evaluate; return the seconds of both."""
    default = recipes.default(MOVIELENS.scale)
    start = time.monotonic()
    model = prepared.fit(default.model_copy(update={"seed": default.seed + nth}))
    fitted = time.monotonic()
    figures = prepared.evaluate([model]).figures[model.recipe.name]
    evaluated = time.monotonic()
    [value] = [f.value for f in figures if (f.slice, f.metric) == (WARM, HEADLINE)]
    print(
        f"round {nth}: fit {fitted - start:5.1f} s, evaluation {evaluated - fitted:5.1f} s, "
        f"{HEADLINE} {value:.4f}",
        flush=True,
    )
    return evaluated - start


if __name__ == "__main__":
    main()
