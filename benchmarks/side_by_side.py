"""NDCG@10 of Lantern's recipes and of other libraries' models, on the same rows and users.

    python -m benchmarks.side_by_side ARCHIVE

All models are fitted on the oldest 80 % of MovieLens 1M and tested on the newest 20 %. The settings
of the other libraries are chosen on the last rolling window (fit on 60 %, test on the next 20 %),
as Lantern's were. These libraries run in a separate environment in the user's cache folder,
made from `benchmarks/peers/requirements.lock`, and read arrays. Durations are wall time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.arrays import write_arrays
from benchmarks.lakes import MOVIELENS, ROOT, movielens
from jobs.engine import recipes
from jobs.engine.learning.baselines import baselines
from jobs.retraining.evaluation_windows import PreparedWindow, gate_window, prepare, rolling_windows
from warehouse.tables.vocabulary import HEADLINE, WARM

PEERS = ROOT / "benchmarks/peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "lantern-peers"


def main() -> None:
    """Print a table, best first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    args = parser.parse_args()
    python = environment()
    with movielens(args.archive) as rows, tempfile.TemporaryDirectory() as folder:
        last = list(rolling_windows(rows, MOVIELENS))[-1][1]
        gate = prepare(rows, MOVIELENS, gate_window(rows, MOVIELENS))
        write_arrays(prepare(rows, MOVIELENS, last), MOVIELENS, Path(folder, "choose.npz"))
        write_arrays(gate, MOVIELENS, Path(folder, "test.npz"))
        results = lantern(gate)
        results += other_libraries(python, folder)
    print("| model | NDCG@10 | fit, s | settings |\n|---|---|---|---|")
    for name, value, seconds, settings in sorted(results, key=lambda row: -row[1]):
        print(f"| {name} | {value:.4f} | {seconds:.1f} | {settings} |")


def environment() -> str:
    """Return the Python of the other libraries' environment, created if missing."""
    python = CACHE / "bin/python"
    marker = CACHE / "ready"
    lock = (PEERS / "requirements.lock").read_text()
    if not marker.exists() or marker.read_text() != lock:
        subprocess.run([sys.executable, "-m", "venv", CACHE], check=True)  # noqa: S603
        install = ["pip", "install", "-q", "--no-deps", "--require-hashes", "-r"]
        subprocess.run([python, "-m", *install, PEERS / "requirements.lock"], check=True)  # noqa: S603
        marker.write_text(lock)
    return str(python)


def lantern(prepared: PreparedWindow) -> list[tuple[str, float, float, str]]:
    """Return (name, NDCG@10, seconds of the fit, settings) of Lantern's recipes and baselines."""
    popularities = recipes.popularities(MOVIELENS)
    named = {
        "**Lantern: Spark ALS**, centred strengths": recipes.default(MOVIELENS),
        "**Lantern: Spark ALS with priors**": recipes.with_priors(MOVIELENS),
        **{f"Lantern: {recipe.kind}": recipe for recipe in popularities},
        **{f"Lantern: {baseline.kind}": baseline for baseline in baselines(MOVIELENS)},
    }
    fitted = {name: prepared.fit(recipe) for name, recipe in named.items()}
    results = prepared.evaluate(list(fitted.values()))
    rows = []
    for name, model in fitted.items():
        figures = results.figures[model.recipe.name]
        [value] = [f.value for f in figures if (f.slice, f.metric) == (WARM, HEADLINE)]
        rows.append((name, value, model.seconds, model.recipe.name))
    return rows


def other_libraries(python: str, folder: str) -> list[tuple[str, float, float, str]]:
    """Return (name, NDCG@10, seconds of the fit, settings) of the other libraries' models."""
    command = [python, str(PEERS / "models.py"), folder]
    completed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    rows: list[dict[str, Any]] = [json.loads(line) for line in completed.stdout.splitlines()]
    return [
        (
            row["family"],
            row["ndcg@10"],
            row["fit_seconds"],
            f"{row['settings']} (best of {row['tried']})" if row["tried"] > 1 else row["settings"],
        )
        for row in rows
    ]


if __name__ == "__main__":
    main()
