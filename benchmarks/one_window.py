"""How long one window takes: its frames, then a fit and the scoring of its people, time after time.

    python -m benchmarks.one_window ARCHIVE [--rounds 5]

ARCHIVE is ml-1m.zip: a million ratings, the default recipe (ALS of rank 8) on the gate's window.
Scoring is all of it: a list of 50 for everybody judged, and every metric over every segment. The
first round runs on a cold Java machine, as in `evaluate`; the later ones are what a search pays.
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
    """Print the seconds of each round, then the bar."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("archive", type=Path, help="ml-1m.zip")
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    with movielens(given.archive) as rows:
        began = time.monotonic()
        prepared = prepare(rows, MOVIELENS, gate_window(rows, MOVIELENS))
        print(f"frames of the window {time.monotonic() - began:6.1f} s, once", flush=True)
        taken = [one_round(prepared, nth) for nth in range(given.rounds)]
    first, *later = taken
    usual = median(later or taken)
    met = "ok" if usual < BAR else "MISSED"
    print(f"first {first:.1f} s, later {usual:.1f} s (median; bar {BAR:g} s) {met}")


def one_round(prepared: PreparedWindow, nth: int) -> float:
    """Fit with a seed of this round's own, judge, and return the seconds of both."""
    default = recipes.default(MOVIELENS.scale)
    began = time.monotonic()
    model = prepared.fit(default.model_copy(update={"seed": default.seed + nth}))
    fitted = time.monotonic()
    figures = prepared.evaluate([model]).figures[model.recipe.name]
    judged = time.monotonic()
    [value] = [f.value for f in figures if (f.slice, f.metric) == (WARM, HEADLINE)]
    print(
        f"round {nth}: fit {fitted - began:5.1f} s, scoring {judged - fitted:5.1f} s, "
        f"{HEADLINE} {value:.4f}",
        flush=True,
    )
    return judged - began


if __name__ == "__main__":
    main()
