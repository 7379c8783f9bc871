"""Fit models of other libraries on arrays, and print their NDCG@10.

    python models.py FOLDER

Runs in a separate environment (`requirements.lock` in this folder) and imports nothing of Lantern.
FOLDER has `choose.npz` and `test.npz`: `user`, `item`, `rating` of the training rows as dense
numbers, `users` to evaluate, `relevant` (user, item) pairs, `shape`. The settings of each family
are chosen on `choose`; then it is fitted and timed on `test`. Prints one JSON object per line.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # as `implicit` recommends: it has threads of its own

import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender, TFIDFRecommender
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel, PopularModel
from scipy import sparse

K, RELEVANT_FROM = 10, 4
Lists = Any  # (users, K) items
Rows = dict[str, Any]
Fit = Callable[[Rows], Callable[[], Lists]]


def main(folder: Path) -> None:
    """Choose the settings, fit, measure, print."""
    choose, test = (dict(np.load(folder / f"{name}.npz")) for name in ("choose", "test"))
    for family, settings in FAMILIES.items():
        scores = {name: ndcg(fit(choose)(), choose) for name, fit in settings.items()}
        best = max(scores, key=scores.__getitem__)
        start = time.perf_counter()
        lists_of = settings[best](test)
        fitted = time.perf_counter()
        value = ndcg(lists_of(), test)
        row = {
            "family": family,
            "settings": best,
            "tried": len(settings),
            "ndcg@10": value,
            "fit_seconds": fitted - start,
            "list_seconds": time.perf_counter() - fitted,
        }
        print(json.dumps(row), flush=True)


def implicit_als(rank: int, reg: float, alpha: float, *, centred: bool) -> Fit:
    """Return `implicit`'s ALS on positive ratings, or on ratings minus the user's mean."""

    def fit(rows: Rows) -> Callable[[], Lists]:
        strength = (
            _centred(rows) if centred else (rows["rating"] >= RELEVANT_FROM).astype(np.float32)
        )
        matrix = _matrix(rows, strength)
        matrix.eliminate_zeros()
        model = AlternatingLeastSquares(
            factors=rank, regularization=reg, alpha=alpha, iterations=15, random_state=1
        )
        model.fit(matrix, show_progress=False)
        return lambda: _listed(model, rows, matrix)

    return fit


def neighbours(model_of: Callable[..., Any], n: int) -> Fit:
    """Return `implicit`'s item-kNN on positive ratings."""

    def fit(rows: Rows) -> Callable[[], Lists]:
        matrix = _matrix(rows, (rows["rating"] >= RELEVANT_FROM).astype(np.float32))
        matrix.eliminate_zeros()
        model = model_of(K=n)
        model.fit(matrix.tocsr(), show_progress=False)
        return lambda: _listed(model, rows, matrix)

    return fit


def rectools(model_of: Callable[[], Any]) -> Fit:
    """Return a model of RecTools on positive ratings."""

    def fit(rows: Rows) -> Callable[[], Lists]:
        frame = pd.DataFrame(
            {
                Columns.User: rows["user"],
                Columns.Item: rows["item"],
                Columns.Weight: 1.0,
                Columns.Datetime: pd.Timestamp("2000-01-01"),
            }
        )
        liked = Dataset.construct(frame[rows["rating"] >= RELEVANT_FROM])
        model = model_of()
        model.fit(liked)
        return lambda: _recommended(model, liked, rows)

    return fit


FAMILIES: dict[str, dict[str, Fit]] = {
    "implicit: ALS, its defaults": {
        "factors 100, regularization 0.01, alpha 1": implicit_als(100, 0.01, 1, centred=False)
    },
    "implicit: ALS, tuned": {
        f"{'centred' if centred else '>= 4'}, factors {rank}, reg {reg}, alpha {alpha}": (
            implicit_als(rank, reg, alpha, centred=centred)
        )
        for centred in (False, True)
        for rank in (8, 16, 32)
        for reg in (1.0, 10.0, 100.0)
        for alpha in (1, 4)
    },
    "implicit: item-kNN, cosine": {
        f"K {n}": neighbours(CosineRecommender, n) for n in (20, 100, 500)
    },
    "implicit: item-kNN, TF-IDF": {
        f"K {n}": neighbours(TFIDFRecommender, n) for n in (20, 100, 500)
    },
    "RecTools: EASE": {
        f"lambda {reg}": rectools(lambda reg=reg: EASEModel(regularization=reg))
        for reg in (300, 1000, 3000)
    },
    "RecTools: popular": {"n_users": rectools(lambda: PopularModel(popularity="n_users"))},
}


def ndcg(lists: Lists, rows: Rows) -> float:
    """Return the mean NDCG@K of the users."""
    relevant = sparse.csr_matrix(
        (np.ones(len(rows["relevant"])), rows["relevant"].T), shape=tuple(rows["shape"])
    )[rows["users"]]
    hits = np.asarray(relevant[np.arange(len(lists))[:, None], lists].todense()) > 0
    hits &= lists >= 0
    discount = 1 / np.log2(np.arange(2, K + 2))
    n_relevant = np.minimum(np.diff(relevant.indptr), K)
    ideal = np.concatenate([[0], np.cumsum(discount)])[n_relevant]
    return float(((hits.reshape(lists.shape) @ discount) / ideal).mean())


def _matrix(rows: Rows, strength: Any) -> sparse.csr_matrix:
    shape = tuple(rows["shape"])
    return sparse.csr_matrix((strength.astype(np.float32), (rows["user"], rows["item"])), shape)


def _centred(rows: Rows) -> Any:
    """Return ratings minus 3/4 of the user's shrunk mean and 1/4 of the global mean."""
    rating = rows["rating"].astype(np.float64)
    n = np.bincount(rows["user"], minlength=rows["shape"][0])
    total = np.bincount(rows["user"], rating, minlength=rows["shape"][0])
    mean = (total + 10 * rating.mean()) / (n + 10)
    return (rating - 0.75 * mean[rows["user"]] - 0.25 * rating.mean() + 1e-6).astype(np.float32)


def _listed(model: Any, rows: Rows, matrix: sparse.csr_matrix) -> Lists:
    users, seen = rows["users"], _matrix(rows, np.ones(len(rows["user"])))
    lists = np.full((len(users), K), -1)
    for row, (user, seen_items) in enumerate(_seen(seen, users)):
        items, _ = model.recommend(
            user, matrix[user], N=K, filter_already_liked_items=False, filter_items=seen_items
        )
        items = items[~np.isin(items, seen_items)][:K]  # item-kNN returns more than N
        lists[row, : len(items)] = items
    return lists


def _recommended(model: Any, liked: Dataset, rows: Rows) -> Lists:
    """Return lists without rated items: 10 times as many are requested, then filtered."""
    users, seen = rows["users"], _matrix(rows, np.ones(len(rows["user"])))
    lists = np.full((len(users), K), -1)
    fitted = set(liked.user_id_map.external_ids.tolist())
    frame = model.recommend(
        [user for user in users if user in fitted], dataset=liked, k=K * 10, filter_viewed=True
    )
    by_user = dict(list(frame.groupby(Columns.User)[Columns.Item]))
    for row, (user, seen_items) in enumerate(_seen(seen, users)):
        if user in by_user:
            items = by_user[user].to_numpy()
            items = items[~np.isin(items, seen_items)][:K]
            lists[row, : len(items)] = items
    return lists


def _seen(seen: sparse.csr_matrix, users: Any) -> Iterator[tuple[int, Any]]:
    for user in users.tolist():
        yield user, seen.indices[seen.indptr[user] : seen.indptr[user + 1]]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
