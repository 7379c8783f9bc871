"""How often a list of items taken together begins with the item that truly goes with it.

    python -m benchmarks.complements [--size 400000] [--seed 1]

The playground shop has pairs of products that are bought in one order with a known probability: the
truth is in `jobs.synthetic.shop`. The lists are made as a retrain makes them, without a model.
"""

import argparse
from functools import partial
from itertools import pairwise

import numpy as np

from benchmarks.best_lists import index_of
from benchmarks.lakes import refined
from benchmarks.playground_shop import SHOP, fill
from jobs.engine import together
from jobs.engine.catalogue import Catalogue
from jobs.fit import N_TOGETHER
from jobs.retraining.frozen_tables import Frozen
from jobs.synthetic.shop.world import generate


def main() -> None:
    """Print the number of items with a list, and the share of the lists that begin rightly."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=400_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    complements = generate(args.size, args.seed).item_complement
    with refined(SHOP, partial(fill, size=args.size, seed=args.seed)) as rows:
        lists = taken_together(rows)
    right = [complements[item] in others for item, others in lists.items()]
    first = [complements[item] == others[0] for item, others in lists.items()]
    n_pairs = sum(map(len, lists.values()))
    print(f"items with a list         {len(lists):,} of {len(complements):,}, {n_pairs:,} entries")
    print(f"the first item is right   {np.mean(first):.1%}")
    print(f"the list has the right one {np.mean(right):.1%}")
    n_found = sum(right) / max((complements >= 0).sum(), 1)
    print(f"complements that are found {n_found:.1%} of {(complements >= 0).sum():,}")


def taken_together(rows: Frozen) -> dict[int, list[int]]:
    """Return the items that are taken together with each item, best first, by their indices."""
    ratings = rows.ratings().cache()
    catalogue = Catalogue.of(rows.items().join(ratings.select("item").distinct(), "item"))
    weights = together.taken_together(ratings, rows.meanings, catalogue, N_TOGETHER).weights
    indices = list(map(index_of, catalogue.ids.tolist()))
    ends = weights.indptr.tolist()
    return {
        indices[row]: [indices[other] for other in weights.indices[start:end].tolist()]
        for row, (start, end) in enumerate(pairwise(ends))
        if end > start
    }


if __name__ == "__main__":
    main()
