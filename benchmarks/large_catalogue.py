"""Time and memory of item-item models for a catalogue that no dense matrix can hold.

    python -m benchmarks.large_catalogue --items 50000 --users 200000 --events 3000000

The events are drawn at random: popular items and active users more often. Neighbours are counted on
the driver, then lists are made for a sample of the users. Memory is the peak of the process.
"""

import argparse
import resource
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import pyarrow as pa
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.item_recipes import ItemItem
from jobs.engine.learning import item_item, lists, neighbours
from jobs.engine.learning.baselines import RandomScorer
from jobs.engine.learning.item_item import NeighbourScorer
from jobs.engine.learning.lists import Scorer
from jobs.engine.learning.popularity import PopularityScorer

Result = TypeVar("Result")
SAMPLE, LENGTH = 5000, 50
RECIPES = (ItemItem(), ItemItem(similarity="log_likelihood"), ItemItem(neighbours=500))


def main() -> None:
    """Print a line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--events", type=int, default=3_000_000)
    args = parser.parse_args()
    positive = events(args.users, args.items, args.events)
    print(f"{args.items} items, {args.users} users, {positive.nnz} different pairs")
    print("| what | seconds | peak memory, MB |\n|---|---|---|")
    fallback = PopularityScorer(positive.sum(axis=0)[np.newaxis].astype(np.float32))
    catalogue = numbered(args.items)
    for recipe in RECIPES:
        weights = timed(f"neighbours, {recipe.name}", partial(neighbours.nearest, positive, recipe))
        scorer = NeighbourScorer(weights, item_item.rest(fallback.by_segment[0]), fallback)
        timed(f"{SAMPLE} lists, {recipe.name}", partial(listed, scorer, positive, catalogue))
    random = RandomScorer(seed=1, n_items=args.items)
    for name, other in (("random", random), ("popular", fallback)):
        timed(f"{SAMPLE} lists, {name}", partial(listed, other, positive, catalogue))


def events(n_users: int, n_items: int, n_events: int) -> sparse.csr_array:
    """Return (users, items) with 1 for each drawn pair."""
    random = np.random.default_rng(1)
    popularity, activity = (
        random.permutation(weights)
        for weights in (np.arange(10, n_items + 10) ** -0.8, np.arange(10, n_users + 10) ** -0.6)
    )
    users = random.choice(n_users, n_events, p=activity / activity.sum())
    items = random.choice(n_items, n_events, p=popularity / popularity.sum())
    pairs = sparse.csr_array((np.ones(n_events, np.float32), (users, items)), (n_users, n_items))
    pairs.data[:] = 1
    return pairs


def numbered(n_items: int) -> Catalogue:
    """Return a catalogue without categories."""
    ids = np.array([f"{item:06d}" for item in range(n_items)], object)
    no_categories = sparse.csr_array((n_items, 0), dtype=np.float32)
    return Catalogue(ids, np.arange(n_items, dtype=np.int32), no_categories)


def listed(scorer: Scorer, positive: sparse.csr_array, catalogue: Catalogue) -> int:
    """Return the number of lists of the first users."""
    seen = pa.array(
        np.split(positive.indices, positive.indptr[1:-1])[:SAMPLE], pa.list_(pa.int32())
    )
    numbers = np.arange(len(seen), dtype=np.int32)
    columns = {"user": numbers, "seen": seen, "liked": seen, "segment": np.zeros_like(numbers)}
    batches = pa.table(columns).to_batches()
    return sum(b.num_rows for b in lists.of_batches(batches, scorer, catalogue, LENGTH))


def timed(what: str, run: Callable[[], Result]) -> Result:
    """Print how long it takes; return its result."""
    started = time.monotonic()
    result = run()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {what} | {time.monotonic() - started:.1f} | {megabytes:.0f} |", flush=True)
    return result


if __name__ == "__main__":
    main()
