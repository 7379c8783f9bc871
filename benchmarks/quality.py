"""How well the default recipe recommends on MovieLens 1M, beside the popularities, same users.

    python -m benchmarks.quality ARCHIVE [--seeds 3] [--rolling]

ARCHIVE is ml-1m.zip as its publisher offers it. It is landed and refined into a temporary lake by
the jobs themselves; then each recipe is fitted on the oldest 80 % of the ratings and judged on the
newest 20 %, as `evaluate` does it. With `--rolling` the same on the three windows before: fit on
the oldest 40, 50, 60 %, judge on the 20 % that follow; choose there, never on the newest rows.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, stdev

from pyspark.sql import functions as F

from jobs import evaluate, freeze, land, refine, session
from jobs.engine import recipes, windows
from jobs.evaluate import Standing
from jobs.frozen import frozen
from warehouse import datasets
from warehouse.delta import Warehouse
from warehouse.tables import SILVER_EVENTS

ROOT = Path(__file__).parents[1]
METRICS = ("ndcg@10", "recall@10", "recall@50", "map@10", "hit_rate@10", "coverage@10")
BAR = 0.26
ROLLING = (0.4, 0.5, 0.6)


def main() -> None:
    """Print a table for each window, then the headline over the seeds."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("archive", type=Path, help="ml-1m.zip")
    arguments.add_argument("--seeds", type=int, default=3, help="how often the default is fitted")
    arguments.add_argument("--rolling", action="store_true", help="the windows before, too")
    given = arguments.parse_args()
    os.environ.setdefault("SPARK_CONF_DIR", str(ROOT / "conf/spark"))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    with lake(given.archive) as warehouse:
        if given.rolling:
            for share in ROLLING:
                judge(warehouse, given.seeds, share, until=share + 0.2)
        found = judge(warehouse, given.seeds, 0.8)
    spread = stdev(found) if len(found) > 1 else 0.0
    met = "reached" if mean(found) >= BAR else "MISSED"
    print(f"\nNDCG@10 {mean(found):.4f} +- {spread:.4f} over {len(found)} seeds; bar {BAR}: {met}")


@contextmanager
def lake(archive: Path) -> Iterator[Warehouse]:
    """Yield a lake that holds the archive, refined and frozen; it is deleted afterwards."""
    dataset = datasets.named("movielens_1m")
    with tempfile.TemporaryDirectory() as folder:
        inbox = Path(folder, "inbox")
        inbox.mkdir()
        shutil.copy(archive, inbox / "ml-1m.zip")
        warehouse = Warehouse(session.start("quality"), f"{folder}/lake", run_key="b/1/evaluate")
        started = time.monotonic()
        land.run(warehouse.under("b/1/land"), dataset, inbox)
        refine.run(warehouse.under("b/1/refine"), dataset, now=datetime.now(UTC))
        freeze.run(warehouse.root, dataset, run_key="b/1/freeze")
        print(f"landed and refined in {time.monotonic() - started:.0f} s")
        yield warehouse


def judge(warehouse: Warehouse, n_seeds: int, share: float, until: float = 1.0) -> list[float]:
    """Print how each recipe does on one window; return NDCG@10 of the default by seed."""
    dataset = datasets.named("movielens_1m")
    default = recipes.default(dataset.scale)
    seeds = [default.model_copy(update={"seed": default.seed + n}) for n in range(n_seeds)]
    standing = [Standing(one, "challenger") for one in seeds]
    standing += [
        Standing(one, "popularity")
        for one in recipes.popularities(dataset.scale, dataset.windows.half_life_days)
    ]
    rows = frozen(warehouse)
    events = rows.events()
    if until < 1:
        last = windows.cut_at(rows.table(SILVER_EVENTS), until)
        events = events.where(F.unix_micros("occurred_at") <= last)
    older = windows.older_side(rows.table(SILVER_EVENTS), share=share)
    fitted, judgement = evaluate.judged(rows, dataset, standing, windows.window(events, older))
    print(f"\nfit on the oldest {share:.0%}, judged on what follows until {until:.0%}")
    print(f"{'recipe':30} {'users':>6} {'fit s':>6} " + " ".join(f"{m:>11}" for m in METRICS))
    headline = []
    for one in fitted:
        figures = judgement.figures[one.recipe.name]
        warm = {each.metric: each for each in figures if each.segment == "warm"}
        cells = " ".join(f"{warm[metric].value:11.4f}" for metric in METRICS)
        seconds = one.model.seconds if one.model else float("nan")
        print(f"{one.recipe.name:30} {warm['ndcg@10'].n_users:>6} {seconds:6.1f} {cells}")
        if one.role == "challenger":
            headline.append(warm["ndcg@10"].value)
    return headline


if __name__ == "__main__":
    main()
