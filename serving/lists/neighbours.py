"""Folds users into a release of an item-item model: sums of weights, without factors.

A score is the sum of the item's weights from the user's positive items. Items without a positive
sum follow by popularity: their score is popularity / the largest - 1. The precomputed lists are
made in the same way, see `jobs.engine.learning.item_item`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from ranking.selection import Positions
from serving.lists.fold_in import Floats, Ratings
from serving.storage import arrays

PAGE_ROWS = 1000
# In pages: the rows of a large catalogue at once would take hundreds of megabytes.
_PAGE = text(
    """
    select item_id, item_ids, array_send(scores) as scores from similar_items
    where release_id = :release_id and item_id > :after order by item_id limit :n
    """
)

Row = tuple[str, list[str], NDArray[np.float32]]  # an item, its neighbours, their weights


@dataclass(frozen=True)
class Neighbours:
    """The weights of all items' neighbours; those of position p are at `starts[p : p + 2]`."""

    starts: NDArray[np.int64]  # (positions + 1,)
    positions: NDArray[np.int32]
    weights: NDArray[np.float32]
    rest: Floats  # by position: the scores of items without a positive sum

    def fold(self, ratings: Ratings, relevant_from: float) -> "Summed | None":
        """Return the user's sums; None if no positive item has a neighbour."""
        liked = ratings.positions[ratings.is_positive(relevant_from)]
        lengths = self.starts[liked + 1] - self.starts[liked]
        if not lengths.sum():
            return None
        entries = np.concatenate([np.arange(*self.starts[at : at + 2]) for at in liked.tolist()])
        of_liked = np.repeat(np.arange(len(liked)), lengths)
        return Summed(liked, of_liked, self.positions[entries], self.weights[entries], self.rest)


@dataclass(frozen=True)
class Summed:
    """One user's scores: a weight for each positive item and each of its neighbours."""

    liked: Positions
    of_liked: NDArray[np.int64]  # the index of the positive item, by weight
    neighbours: NDArray[np.int32]  # positions, by weight
    weights: NDArray[np.float32]
    rest: Floats

    @cached_property
    def sums(self) -> Floats:
        """The sum of the weights of each position."""
        sums = np.bincount(self.neighbours, self.weights, minlength=len(self.rest))
        return np.asarray(sums, np.float64)

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """The score of each position."""
        return np.where(self.sums > 0, self.sums, self.rest).astype(np.float32)

    def terms(self, positions: Positions) -> tuple[Floats, Floats]:
        """Return the terms of scores: (positions, liked) and (positions, 1) of the popularity."""
        row_of = np.full(len(self.rest), -1)
        row_of[positions] = np.arange(len(positions))
        rows = row_of[self.neighbours]
        by_rating = np.zeros((len(positions), len(self.liked)))
        cells = (rows[rows >= 0], self.of_liked[rows >= 0])
        by_rating[cells] = self.weights[rows >= 0]
        sums = self.sums[positions]
        popular = np.where(sums > 0, 0, self.rest[positions] - sums)
        return by_rating, popular[:, None]


def load(
    connection: Connection,
    release_id: int,
    positions: dict[str, int],
    popularity: NDArray[np.float32],
) -> Neighbours:
    """Return the neighbours of a release, whose items have these positions."""
    return of_rows(_rows(connection, release_id), positions, popularity)


def of_rows(
    rows: Iterable[Row],
    positions: dict[str, int],
    popularity: NDArray[np.float32],
) -> Neighbours:
    """Return the neighbours of these rows, in any order."""
    empty = (np.empty(0, np.int32), np.empty(0, np.float32))
    by_position = [empty] * len(positions)
    for item_id, item_ids, weights in rows:
        others = np.array([positions[other] for other in item_ids], np.int32)
        by_position[positions[item_id]] = (others, weights)
    lengths = [len(others) for others, _ in by_position]
    largest = max(float(popularity.max(initial=0)), 1e-12)
    return Neighbours(
        starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        positions=np.concatenate([empty[0], *(others for others, _ in by_position)]),
        weights=np.concatenate([empty[1], *(weights for _, weights in by_position)]),
        rest=popularity.astype(np.float64) / largest - 1,
    )


def _rows(connection: Connection, release_id: int) -> Iterator[Row]:
    parameters = {"release_id": release_id, "after": "", "n": PAGE_ROWS}
    while page := connection.execute(_PAGE, parameters).all():
        parameters["after"] = page[-1].item_id
        yield from ((row.item_id, row.item_ids, arrays.reals(row.scores)) for row in page)
