"""The best possible lists of a playground, whose truth is known, and their NDCG@10."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import functions as F

from jobs.engine.judging import metrics
from jobs.retraining.evaluation_windows import PreparedWindow
from jobs.retraining.frozen_tables import Frozen
from ranking.selection import top_n
from warehouse.tables.vocabulary import HEADLINE, WARM

Indices = NDArray[np.int64]
Scores = NDArray[np.float64]


def index_of(playground_id: str) -> int:
    """Return the index of a user or an item in the truth: 12 of "p-00012"."""
    return int(playground_id.split("-")[1])


def ndcg(
    rows: Frozen, prepared: PreparedWindow, score: Callable[[int, Indices], Scores]
) -> tuple[float, int]:
    """Return the mean NDCG@10 of lists ranked by `score` for warm users, and their number.

    `score` takes a user and items by their indices in the truth. Items that the user has already
    bought, or rated, are left out.
    """
    warm = prepared.users.relevant.where(F.array_contains("slices", WARM))
    users = warm.join(prepared.users.inputs, "user").join(rows.users(), "user").collect()
    indices = np.array(list(map(index_of, prepared.catalogue.ids.tolist())))
    positions = {item: position for position, item in enumerate(prepared.catalogue.index.tolist())}
    lists = []
    for row in users:
        scores = score(index_of(row["user_id"]), indices)
        scores[[positions[item] for item in row["seen"] if item in positions]] = -np.inf
        best = top_n(scores.astype(np.float32), metrics.K)
        lists.append(("truth", row["user"], prepared.catalogue.ids[best].tolist(), None))
    schema = "recipe string, user int, item_ids array<string>, diversity double"
    scored = metrics.per_user(warm.sparkSession.createDataFrame(lists, schema), warm)
    [mean] = scored.agg(F.avg(f"`{HEADLINE}`")).collect()
    return float(mean[0]), len(users)
