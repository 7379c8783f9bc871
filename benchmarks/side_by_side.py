"""Our recipes beside other libraries' models: the same rows, people and metric, in one run.

    python -m benchmarks.side_by_side ARCHIVE

Everybody is fitted on the oldest 80 % of MovieLens 1M and judged on the newest 20 %. The peers'
settings are chosen on the last rolling window (fit on 60 %, judged on the 20 % that follow), as
ours were. They run in an environment of their own, made from `benchmarks/peers/requirements.lock`
in a folder of the user's cache, and are handed arrays. Times are wall time on this machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import functions as F

from benchmarks.lakes import MOVIELENS, ROOT, movielens
from jobs.engine import recipes
from jobs.engine.learning.baselines import baselines
from jobs.retraining.evaluation_windows import PreparedWindow, gate_window, prepare, rolling_windows
from warehouse.tables.vocabulary import HEADLINE, WARM

PEERS = ROOT / "benchmarks/peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "lantern-peers"


def main() -> None:
    """Print a table, best first."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("archive", type=Path, help="ml-1m.zip")
    given = arguments.parse_args()
    python = environment()
    with movielens(given.archive) as rows, tempfile.TemporaryDirectory() as handed:
        last = list(rolling_windows(rows, MOVIELENS))[-1][1]
        gate = prepare(rows, MOVIELENS, gate_window(rows, MOVIELENS))
        hand_over(prepare(rows, MOVIELENS, last), Path(handed, "choose.npz"))
        hand_over(gate, Path(handed, "test.npz"))
        found = ours(gate)
        found += theirs(python, handed)
    print("| model | NDCG@10 | fit, s | settings |\n|---|---|---|---|")
    for name, value, seconds, settings in sorted(found, key=lambda row: -row[1]):
        print(f"| {name} | {value:.4f} | {seconds:.1f} | {settings} |")


def environment() -> str:
    """Return the peers' Python, set up if it is not there yet."""
    python = CACHE / "bin/python"
    done = CACHE / "ready"
    lock = (PEERS / "requirements.lock").read_text()
    if not done.exists() or done.read_text() != lock:
        subprocess.run([sys.executable, "-m", "venv", CACHE], check=True)  # noqa: S603
        install = ["pip", "install", "-q", "--no-deps", "--require-hashes", "-r"]
        subprocess.run([python, "-m", *install, PEERS / "requirements.lock"], check=True)  # noqa: S603
        done.write_text(lock)
    return str(python)


def hand_over(prepared: PreparedWindow, file: Path) -> None:
    """Write a window's training rows, and what each user found relevant later, as arrays."""
    training = prepared.training.select("user", "item", "rating").toPandas()
    training["place"] = prepared.catalogue.positions(training["item"].to_numpy())
    training = training[training["place"] >= 0]
    warm = prepared.users.relevant.where(F.array_contains("slices", WARM))
    place = {item_id: at for at, item_id in enumerate(prepared.catalogue.ids)}
    relevant = [(row["user"], place[i]) for row in warm.collect() for i in row["relevant"]]
    np.savez(
        file,
        user=training["user"].to_numpy(),
        item=training["place"].to_numpy(),
        rating=training["rating"].to_numpy(np.float32),
        judged=np.unique([user for user, _ in relevant]),
        relevant=np.array(relevant),
        shape=np.array([training["user"].max() + 1, len(prepared.catalogue)]),
    )


def ours(prepared: PreparedWindow) -> list[tuple[str, float, float, str]]:
    """Return (name, NDCG@10, seconds of the fit, settings) of our recipes and baselines."""
    scale, half_life_days = MOVIELENS.scale, MOVIELENS.windows.half_life_days
    contestants = {
        "**Lantern: Spark ALS**, centred strengths": recipes.default(scale),
        "**Lantern: Spark ALS with priors**": recipes.with_priors(scale, half_life_days),
        **{f"Lantern: {one.kind}": one for one in recipes.popularities(scale, half_life_days)},
        **{f"Lantern: {one.kind}": one for one in baselines(scale)},
    }
    fitted = {name: prepared.fit(recipe) for name, recipe in contestants.items()}
    results = prepared.evaluate(list(fitted.values()))
    found = []
    for name, model in fitted.items():
        figures = results.figures[model.recipe.name]
        [value] = [f.value for f in figures if (f.slice, f.metric) == (WARM, HEADLINE)]
        found.append((name, value, model.seconds, model.recipe.name))
    return found


def theirs(python: str, folder: str) -> list[tuple[str, float, float, str]]:
    """Return the same of the peers' models."""
    command = [python, str(PEERS / "models.py"), folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    rows: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
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
