"""A user's scores of all items that a release has seen, from their ratings as they are now."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ranking.selection import Positions, top_n
from serving.lists.fold_in import Floats, Folded
from serving.lists.neighbours import Summed
from serving.lists.releases.loaded import LoadedRelease, Mask
from serving.lists.user_state import UserState
from serving.schemas import ListKind

# Weight of log(1 + popularity / mean) added to the fold-in scores of users unknown to the release,
# from this number of ratings on: after few ratings the fold-in alone is worse than popularity.
# Chosen by benchmarks/new_users.py on the windows before the evaluation window; 0.05 to 0.2 are
# nearly as good.
BLEND = ((1, 0.1), (10, 0.05))


@dataclass(frozen=True)
class UserScores:
    """One user's scores by position; the popularity if `folded` is None.

    `scores` is computed on first use: reasons need only the terms of a few items.
    """

    release: LoadedRelease
    kind: ListKind
    seen: Positions  # rated, or with an event that is not to be repeated
    hidden: frozenset[str]
    folded: Folded | Summed | None
    blend: float  # weight of the popularity in the scores
    segment: str = ""

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """The score of each position, by which lists are ordered."""
        if self.folded is None:
            return self.release.popularity_in(self.segment)
        if isinstance(self.folded, Summed):
            return self.folded.scores
        scores = self.release.fold_in.scores(self.folded)
        if not self.blend:
            return scores
        return (scores + self.blend * self.release.log_popularity).astype(np.float32)

    def terms(self, positions: Positions) -> tuple[Floats, Floats]:
        """Return the terms of scores: (positions, liked) by rating, and (positions, others).

        The others are those of the priors, in the order of `Constants.columns`, and the popularity.
        There are none if `folded` is None.
        """
        match self.folded:
            case None:
                return np.empty((len(positions), 0)), np.empty((len(positions), 0))
            case Summed() as summed:
                return summed.terms(positions)
            case folded:
                by_rating, by_prior = folded.terms(self.release.rows[positions])
                blended = self.blend * self.release.log_popularity[positions, None]
                return by_rating, np.hstack([by_prior, blended])

    @cached_property
    def excluded(self) -> Mask:
        """Mask of the positions that the user has seen or hid."""
        excluded = self.release.mask(self.hidden)
        excluded[self.seen] = True
        return excluded

    def best(self, excluded: Mask, n: int) -> tuple[Positions, NDArray[np.float32]]:
        """Return the `n` best positions that are not excluded, and their scores."""
        positions = top_n(np.where(excluded, -np.inf, self.scores), n)
        return positions, self.scores[positions]

    def rank(self, position: int, excluded: Mask) -> int:
        """Return the rank of a position among all that are not excluded."""
        score, is_lower = self.scores[position], np.arange(len(self.scores)) < position
        is_before = (self.scores > score) | ((self.scores == score) & is_lower)
        return 1 + int((is_before & ~excluded).sum())


def score(release: LoadedRelease, state: UserState, seen: Sequence[str]) -> UserScores:
    """Return the user's scores: by fold-in, or the popularity (kind `fallback`).

    `seen` are the items that leave the user's list, from `UserState.seen`.

    A release without factors has popularity only: its lists are `live` if the user did anything,
    because items that they have seen are left out.
    """
    ratings = state.ratings(release)
    segment = state.segment_in(release)
    folded = release.fold(ratings, segment)
    kind: ListKind = "live"
    did_anything = bool(state.rated or state.acts)
    if folded is None and not (release.constants.weighting is None and did_anything):
        kind = "fallback"
    is_blended = isinstance(folded, Folded) and not state.is_known
    blend = blend_weight(len(ratings.positions)) if is_blended else 0.0
    positions = release.positions_of(seen)
    return UserScores(release, kind, positions, state.hidden, folded, blend, segment)


def blend_weight(n_ratings: int) -> float:
    """Return the weight of popularity for an unknown user with this number of ratings."""
    return next((weight for minimum, weight in reversed(BLEND) if minimum <= n_ratings), 0.0)
