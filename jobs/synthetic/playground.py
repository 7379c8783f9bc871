"""Make the playground's files: an invented product of any size, whose truth is known.

Writes `ratings/*.parquet`, `items/items.csv` and `users/users.jsonl` as `datasets/playground.toml`
describes them, and what is true in `truth/`. The same size and seed give the same rows.

Run: python -m jobs.synthetic.playground --size 1000000 --seed 7
"""

import argparse
import csv
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jobs.runtime import entrypoint, session
from jobs.runtime.errors import JobError
from jobs.synthetic import names
from jobs.synthetic.world import MONTHS, START, World, ratings_of, world
from warehouse.settings import LakeSettings

log = logging.getLogger(__name__)

SMALLEST, LARGEST = 30_000, 100_000_000
SCHEMA = "user_id string, item_id string, stars int, rated_at bigint"
_ROWS_PER_FILE = 2_500_000
_PARTS = ("ratings", "items", "users", "truth")


def run(spark: SparkSession, *, size: int, seed: int, folder: Path) -> None:
    """Write the files in `folder`; what an earlier playground left there is replaced."""
    made = world(size, seed)
    log.info("making ratings=%d users=%d items=%d", size, made.n_users, made.n_items)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for part in _PARTS[1:]:
        (fresh / part).mkdir(parents=True)
    _write_items(made, fresh / "items" / "items.csv")
    _write_users(made, fresh / "users" / "users.jsonl")
    _write_truth(made, fresh / "truth")
    _write_ratings(spark, made, fresh / "ratings", n_files=max(2, size // _ROWS_PER_FILE))
    folder.mkdir(parents=True, exist_ok=True)
    for part in _PARTS:
        shutil.rmtree(folder / part, ignore_errors=True)
        (fresh / part).rename(folder / part)
    fresh.rmdir()
    log.info("wrote folder=%s", folder)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, start Spark, run."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.synthetic.playground", description=__doc__
    )
    parser.add_argument("--size", type=_size, default=1_000_000, help="number of ratings")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="default: the playground's inbox")
    args = parser.parse_args(argv)
    folder = args.folder
    if folder is None:
        folder = LakeSettings().inbox / "playground"
    run(session.start("playground"), size=args.size, seed=args.seed, folder=folder)
    return 0


def user_id(number: int) -> str:
    """Return the id of a user, such as `u-000123`."""
    return f"u-{number:06d}"


def item_id(number: int) -> str:
    """Return the id of an item, such as `f-00042`."""
    return f"f-{number:05d}"


def _write_ratings(spark: SparkSession, made: World, folder: Path, *, n_files: int) -> None:
    shared = spark.sparkContext.broadcast(made)

    def rated(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            frames = [_ratings_frame(shared.value, int(user)) for user in batch["id"]]
            if frames:
                yield pd.concat(frames, ignore_index=True)

    users = spark.range(0, made.n_users, 1, n_files)
    users.mapInPandas(rated, SCHEMA).write.parquet(str(folder))
    shared.destroy()


def _ratings_frame(made: World, user: int) -> pd.DataFrame:
    items, stars, seconds = ratings_of(made, user)
    return pd.DataFrame(
        {
            "user_id": user_id(user),
            "item_id": [item_id(one) for one in items.tolist()],
            "stars": stars.astype("int32"),
            "rated_at": seconds,
        }
    )


def _write_items(made: World, path: Path) -> None:
    rng = np.random.default_rng([made.seed, 1 << 40])
    titles = names.titles(rng, made.n_items)
    studios = names.studios(rng, max(5, round(made.n_items**0.5)))
    makers = np.minimum(rng.zipf(1.4, size=made.n_items), len(studios)) - 1
    old = START.year - rng.geometric(0.06, size=made.n_items)
    new = START.year + made.item_month * 12 // MONTHS // 6
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("item_id", "title", "categories", "vendor", "released"))
        for i, title in enumerate(titles):
            year = int(new[i] if made.item_month[i] else max(old[i], 1925))
            kinds = "|".join(made.item_categories[i])
            writer.writerow((item_id(i), title, kinds, studios[makers[i]], year))


def _write_users(made: World, path: Path) -> None:
    with path.open("wb") as file:
        for i in range(made.n_users):
            person = {
                "user_id": user_id(i),
                "age_group": names.AGE_GROUPS[made.user_age[i]],
                "region": names.REGIONS[made.user_region[i]],
            }
            file.write(orjson.dumps(person, option=orjson.OPT_APPEND_NEWLINE))


def _write_truth(made: World, folder: Path) -> None:
    users = {
        "user_id": [user_id(i) for i in range(made.n_users)],
        "factors": made.user_factors.astype("float32").tolist(),
        "drift": made.user_drift.astype("float32").tolist(),
        "bias": made.user_bias,
    }
    items = {
        "item_id": [item_id(i) for i in range(made.n_items)],
        "factors": made.item_factors.astype("float32").tolist(),
        "bias": made.item_bias,
        "month": made.item_month,
        "popularity": np.diff(made.offered[-1], prepend=0.0),
    }
    pq.write_table(pa.table(users), folder / "users.parquet")
    pq.write_table(pa.table(items), folder / "items.parquet")


def _size(text: str) -> int:
    size = int(text.replace("_", ""))
    if not SMALLEST <= size <= LARGEST:
        raise argparse.ArgumentTypeError(f"{size:,}: from {SMALLEST:,} to {LARGEST:,} ratings")
    return size


if __name__ == "__main__":
    entrypoint.run(main, JobError)
