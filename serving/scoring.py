"""Scores of everything that a release knows, for one person as he is now."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.fold_in import Folded, Places, best
from serving.held import Held
from serving.schemas import ListKind
from serving.tastes import Taste

# Weight of log(1 + popularity / mean) beside the fold-in of somebody whom the release does not
# know, by how many ratings he has: after few, pure fold-in loses to what everybody likes. Chosen by
# benchmarks/newcomers.py on the windows before the one that is judged; 0.05 to 0.2 do nearly as
# well.
BLEND = ((1, 0.1), (10, 0.05))


@dataclass(frozen=True)
class Scored:
    """One person's scores by place. `folded` is None where they are the popularity of everybody.

    `blend` is the weight of the popularity in the scores; `out` is what he must not be shown.
    """

    kind: ListKind
    scores: NDArray[np.float32]
    out: NDArray[np.bool_]
    folded: Folded | None
    blend: float

    def best(self, out: NDArray[np.bool_], n: int) -> tuple[Places, NDArray[np.float32]]:
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


def score(held: Held, taste: Taste) -> Scored:
    """Return the person's scores: folded in, or everybody's if that is impossible.

    A release without factors knows nothing better than what is popular; the list is `live` all the
    same, if what the person rated is left out of it.
    """
    ratings = taste.ratings(held)
    out = np.zeros(len(held.ids), bool)
    out[ratings.places] = True
    out[held.places_of(sorted(taste.hidden))] = True
    folded = held.fold_in.fold(ratings, taste.segment)
    if folded is None:
        without = held.constants.weighting is None and bool(taste.rated)
        return Scored("live" if without else "fallback", held.popularity, out, None, 0)
    blend = 0.0 if taste.known else weight(len(ratings.places))
    scores = held.fold_in.scores(folded)
    if blend:
        scores = (scores + blend * held.liking).astype(np.float32)
    return Scored("live", scores, out, folded, blend)


def weight(n_ratings: int) -> float:
    """Return the weight of popularity for a stranger with so many ratings."""
    known = [found for least, found in BLEND if least <= n_ratings]
    return known[-1] if known else 0.0
