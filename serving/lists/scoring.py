"""Scores of everything that a release knows, for one person as he is now."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from serving.lists.fold_in import Folded, Positions, best
from serving.lists.release_cache import LoadedRelease
from serving.lists.user_state import UserState
from serving.schemas import ListKind

# Weight of log(1 + popularity / mean) beside the fold-in of somebody whom the release does not
# know, by how many ratings he has: after few, pure fold-in loses to what everybody likes. Chosen by
# benchmarks/newcomers.py on the windows before the one that is judged; 0.05 to 0.2 do nearly as
# well.
BLEND = ((1, 0.1), (10, 0.05))


@dataclass(frozen=True)
class Scored:
    """One person's scores by place. `folded` is None where they are the popularity of everybody.

    `blend` is the weight of the popularity in the scores. All places are scored when somebody asks
    for it: to say why a list is as it is takes those on it alone.
    """

    held: LoadedRelease
    kind: ListKind
    rated: Positions
    hidden: frozenset[str]
    folded: Folded | None
    blend: float

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """(places,): what lists are ordered by."""
        if self.folded is None:
            return self.held.popularity
        scores = self.held.fold_in.scores(self.folded)
        if not self.blend:
            return scores
        return (scores + self.blend * self.held.liking).astype(np.float32)

    @cached_property
    def out(self) -> NDArray[np.bool_]:
        """(places,): what he must not be shown."""
        out = np.zeros(len(self.held.ids), bool)
        out[self.rated] = True
        out[self.held.places_of(self.hidden)] = True
        return out

    def best(self, out: NDArray[np.bool_], n: int) -> tuple[Positions, NDArray[np.float32]]:
        """Return the places of the `n` best that are not out, and their scores."""
        places = best(np.where(out, -np.inf, self.scores), n)
        return places, self.scores[places]

    def rank(self, place: int, out: NDArray[np.bool_]) -> int:
        """Return the rank of a place among all that are not out; it counts as one of them."""
        score = self.scores[place]
        before = (self.scores > score) | (
            (self.scores == score) & (np.arange(len(self.scores)) < place)
        )
        return 1 + int((before & ~out).sum())


def score(held: LoadedRelease, taste: UserState) -> Scored:
    """Return how the person is scored: folded in, or as everybody if that is impossible.

    A release without factors knows nothing better than what is popular; the list is `live` all the
    same, if what the person rated is left out of it.
    """
    ratings = taste.ratings(held)
    folded = held.fold_in.fold(ratings, taste.segment)
    kind: ListKind = "live"
    if folded is None and not (held.constants.weighting is None and taste.rated):
        kind = "fallback"
    blend = 0.0 if folded is None or taste.known else weight(len(ratings.places))
    return Scored(held, kind, ratings.places, taste.hidden, folded, blend)


def weight(n_ratings: int) -> float:
    """Return the weight of popularity for a stranger with so many ratings."""
    known = [found for least, found in BLEND if least <= n_ratings]
    return known[-1] if known else 0.0
