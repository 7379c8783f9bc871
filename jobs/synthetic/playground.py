"""Generate the playground's files: a synthetic product of any size with a known truth.

Writes `ratings/*.parquet`, `items/items.csv` and `users/users.jsonl` as `datasets/playground.toml`
describes them, and the truth to `truth/`. The same size and seed give the same rows.

Run: python -m jobs.synthetic.playground --size 1000000 --seed 7
"""

import csv
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jobs.runtime import entrypoint, session
from jobs.runtime.logs import event
from jobs.synthetic import names, output
from jobs.synthetic.output import FILMS
from jobs.synthetic.world import MONTHS, START, World, generate, ratings_of

log = logging.getLogger(__name__)

SCHEMA = "user_id string, item_id string, stars int, rated_at bigint"
USER_ID, ITEM_ID = "u-{:06d}".format, "f-{:05d}".format  # ids by index
_ROWS_PER_FILE = 2_500_000
_FOLDERS = ("ratings", "items", "users", "truth")


def run(spark: SparkSession, *, size: int, seed: int, folder: Path) -> None:
    """Write the files to `folder`, in place of those of an earlier playground."""
    world = generate(size, seed)
    log.info(event("generating", ratings=size, users=world.n_users, items=world.n_items))
    with output.replaced(folder, _FOLDERS) as fresh:
        _write_items(world, fresh / "items" / "items.csv")
        ids = map(USER_ID, range(world.n_users))
        file = fresh / "users" / "users.jsonl"
        output.write_users(file, "user_id", ids, world.user_age, world.user_region)
        _write_truth(world, fresh / "truth")
        _write_ratings(spark, world, fresh / "ratings", n_files=max(2, size // _ROWS_PER_FILE))
    log.info(event("generated", folder=str(folder)))


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, start Spark, run."""
    args = output.arguments(FILMS, __doc__, argv)
    run(session.start("playground"), size=args.size, seed=args.seed, folder=args.folder)


def _write_ratings(spark: SparkSession, world: World, folder: Path, *, n_files: int) -> None:
    shared = spark.sparkContext.broadcast(world)

    def rated(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            frames = [_ratings_frame(shared.value, int(user)) for user in batch["id"]]
            if frames:
                yield pd.concat(frames, ignore_index=True)

    users = spark.range(0, world.n_users, 1, n_files)
    users.mapInPandas(rated, SCHEMA).write.mode("overwrite").parquet(str(folder))
    shared.destroy()


def _ratings_frame(world: World, user: int) -> pd.DataFrame:
    items, stars, seconds = ratings_of(world, user)
    return pd.DataFrame(
        {
            "user_id": USER_ID(user),
            "item_id": list(map(ITEM_ID, items.tolist())),
            "stars": stars.astype("int32"),
            "rated_at": seconds,
        }
    )


def _write_items(world: World, path: Path) -> None:
    rng = np.random.default_rng([world.seed, 1 << 40])
    titles = names.titles(rng, world.n_items)
    studios = names.studios(rng, max(5, round(world.n_items**0.5)))
    makers = np.minimum(rng.zipf(1.4, size=world.n_items), len(studios)) - 1
    old = START.year - rng.geometric(0.06, size=world.n_items)
    new = START.year + world.item_month * 12 // MONTHS // 6
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("item_id", "title", "categories", "vendor", "released"))
        for i, title in enumerate(titles):
            year = int(new[i] if world.item_month[i] else max(old[i], 1925))
            categories = "|".join(world.item_categories[i])
            writer.writerow((ITEM_ID(i), title, categories, studios[makers[i]], year))


def _write_truth(world: World, folder: Path) -> None:
    users = {
        "user_id": list(map(USER_ID, range(world.n_users))),
        "factors": world.user_factors.astype("float32").tolist(),
        "drift": world.user_drift.astype("float32").tolist(),
        "bias": world.user_bias,
    }
    items = {
        "item_id": list(map(ITEM_ID, range(world.n_items))),
        "factors": world.item_factors.astype("float32").tolist(),
        "bias": world.item_bias,
        "month": world.item_month,
        "popularity": np.diff(world.offered[-1], prepend=0.0),
    }
    pq.write_table(pa.table(users), folder / "users.parquet")
    pq.write_table(pa.table(items), folder / "items.parquet")


if __name__ == "__main__":
    entrypoint.run(main)
