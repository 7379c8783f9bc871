"""Fit models of other libraries on arrays, and print their NDCG@10.

    python models.py FOLDER

Runs in a separate environment (`requirements.lock` in this folder) and imports nothing of Lantern.
FOLDER has `choose.npz` and `test.npz`: the training rows as `user` and `item` (dense numbers),
`positive` (whether the pair counts as liked), `strength` (signed) and `seen` (whether the item is
not recommended again); `users` to evaluate, `relevant` (user, item) pairs, `shape`. The settings of
each family are chosen on `choose`; then it is fitted and timed on `test`. Prints one JSON object
per line.
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
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel, PopularModel
from scipy import sparse

K = 10
MAX_ITEMS = 12_000  # of EASE, which has a matrix of all pairs of items
SCORES_PER_BLOCK = 4_000_000
Lists = Any  # (users, K) items
Rows = dict[str, Any]
Fit = Callable[[Rows], Callable[[], Lists]]


def main(folder: Path) -> None:
    """Choose the settings, fit, measure, print."""
    choose, test = (dict(np.load(folder / f"{name}.npz")) for name in ("choose", "test"))
    for family, settings in FAMILIES.items():
        if "EASE" in family and test["shape"][1] > MAX_ITEMS:
            continue
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


def implicit_als(rank: int, reg: float, alpha: float, column: str) -> Fit:
    """Return `implicit`'s ALS on the positive rows, or on strengths."""

    def fit(rows: Rows) -> Callable[[], Lists]:
        model = AlternatingLeastSquares(
            factors=rank, regularization=reg, alpha=alpha, iterations=15, random_state=1
        )
        model.fit(_matrix(rows, column), show_progress=False)
        users, items = model.user_factors, model.item_factors
        return lambda: _listed(rows, lambda block: users[block] @ items.T)

    return fit


def neighbours(model_of: Callable[..., Any], n: int, column: str) -> Fit:
    """Return `implicit`'s item-kNN on the positive rows, or on strengths."""

    def fit(rows: Rows) -> Callable[[], Lists]:
        model, matrix = model_of(K=n), _matrix(rows, column)
        model.fit(matrix, show_progress=False)
        return lambda: _listed(rows, lambda block: (matrix[block] @ model.similarity).toarray())

    return fit


def rectools(model_of: Callable[[], Any]) -> Fit:
    """Return a model of RecTools on the positive rows."""

    def fit(rows: Rows) -> Callable[[], Lists]:
        frame = pd.DataFrame(
            {
                Columns.User: rows["user"],
                Columns.Item: rows["item"],
                Columns.Weight: 1.0,
                Columns.Datetime: pd.Timestamp("2000-01-01"),
            }
        )
        liked = Dataset.construct(frame[rows["positive"]])
        model = model_of()
        model.fit(liked)
        return lambda: _recommended(model, liked, rows)

    return fit


COLUMNS = ("positive", "strength")
FAMILIES: dict[str, dict[str, Fit]] = {
    "implicit: ALS, its defaults": {
        "factors 100, regularization 0.01, alpha 1": implicit_als(100, 0.01, 1, "positive")
    },
    "implicit: ALS, tuned": {
        f"{column}, factors {rank}, reg {reg}, alpha {alpha}": (
            implicit_als(rank, reg, alpha, column)
        )
        for column in COLUMNS
        for rank in (8, 16, 32, 64)
        for reg in (0.1, 1.0, 10.0, 100.0)
        for alpha in (1, 4, 20)
    },
    **{
        f"implicit: item-kNN, {name}": {
            f"{column}, K {n}": neighbours(model_of, n, column)
            for column in COLUMNS
            for n in (20, 100, 500)
        }
        for name, model_of in (
            ("cosine", CosineRecommender),
            ("TF-IDF", TFIDFRecommender),
            ("BM25", BM25Recommender),
        )
    },
    "RecTools: EASE": {
        f"lambda {reg}": rectools(lambda reg=reg: EASEModel(regularization=reg))
        for reg in (30, 100, 300, 1000, 3000)
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


def _matrix(rows: Rows, column: str) -> sparse.csr_matrix:
    values, shape = rows[column].astype(np.float32), tuple(rows["shape"])
    matrix = sparse.csr_matrix((values, (rows["user"], rows["item"])), shape)
    matrix.eliminate_zeros()
    return matrix


def _listed(rows: Rows, scores_of: Callable[[Any], Any]) -> Lists:
    """Return the K best items of each user, without seen ones; -1 where there are fewer."""
    users, seen = rows["users"], _matrix(rows, "seen")
    lists = np.full((len(users), K), -1)
    per_block = max(1, SCORES_PER_BLOCK // rows["shape"][1])
    for start in range(0, len(users), per_block):
        block = users[start : start + per_block]
        scores = np.array(scores_of(block), np.float32)
        scores[seen[block].nonzero()] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        known = np.take_along_axis(scores, best, axis=1) > -np.inf
        lists[start : start + len(block), : best.shape[1]] = np.where(known, best, -1)
    return lists


def _recommended(model: Any, liked: Dataset, rows: Rows) -> Lists:
    """Return lists without seen items: 10 times as many are requested, then filtered."""
    users, seen = rows["users"], _matrix(rows, "seen")
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
