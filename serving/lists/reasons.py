"""Why an item is on a list: the terms of its score, and the decisive one in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ranking.selection import Positions
from serving.lists.fold_in import Floats
from serving.lists.releases.loaded import LoadedRelease
from serving.lists.scoring import UserScores
from serving.lists.user_state import UserState
from serving.schemas import Reason, ScoreTerm, TermKind
from serving.schemas.catalogue import act_text, choice_text

PINNED = Reason(kind="pinned", text="featured")

STARS = 5  # a scale that ends here is one of stars
_KINDS: dict[str, TermKind] = {kind: kind for kind in get_args(TermKind)}
_TITLES = {  # names of terms, which may be negative
    "popularity": "popularity",
    "released": "year of release",
    "segment": "similar users",
}


@dataclass(frozen=True, slots=True)
class StrongestTerms:
    """The strongest terms of a score, and the number and the sum of the others."""

    terms: tuple[ScoreTerm, ...]
    n_others: int
    others: float


def reasons(scored: UserScores, state: UserState, item_ids: Sequence[str]) -> list[Reason]:
    """Return the reason for each item.

    It is the rating with the largest term if the terms of all ratings together are at least as
    large as every prior's; otherwise the prior with the largest term.
    """
    release, folded = scored.release, scored.folded
    positions = release.positions_of(item_ids)
    if folded is None or not len(positions):
        return [_popular(release)] * len(item_ids)
    decisive = decisive_terms(np.hstack(scored.terms(positions)), len(folded.liked)).tolist()
    terms = {*decisive} - {-1}
    reason_of = {
        term: _reason(release, state, *_name(release, folded.liked, term)) for term in terms
    }
    term_of = dict(zip([release.ids[at] for at in positions.tolist()], decisive, strict=True))
    popular = _popular(release)
    return [reason_of.get(term_of.get(item_id, -1), popular) for item_id in item_ids]


def score_terms(scored: UserScores, state: UserState, position: int) -> tuple[ScoreTerm, ...]:
    """Return the terms of the position's score that are not 0, largest first."""
    release, folded = scored.release, scored.folded
    if folded is None:
        return (_term(release, state, "popularity", "", float(scored.scores[position])),)
    [values] = np.hstack(scored.terms(np.array([position])))
    terms = [
        _term(release, state, *_name(release, folded.liked, term), value)
        for term, value in enumerate(values.tolist())
        if value
    ]
    return tuple(sorted(terms, key=lambda term: -term.value))


def strongest_terms(scored: UserScores, state: UserState, item_id: str, n: int) -> StrongestTerms:
    """Return the `n` strongest terms of an item's score, by absolute value, and the others' sum."""
    release, folded = scored.release, scored.folded
    position = release.positions.get(item_id)
    if position is None:
        return StrongestTerms((), 0, 0.0)
    if folded is None:
        return StrongestTerms(score_terms(scored, state, position), 0, 0.0)
    [values] = np.hstack(scored.terms(np.array([position])))
    by_strength = np.argsort(-np.abs(values), kind="stable")
    n_terms = int((values != 0).sum())
    strongest, others = by_strength[: min(n, n_terms)], by_strength[n:]
    terms = tuple(
        _term(release, state, *_name(release, folded.liked, term), float(values[term]))
        for term in strongest.tolist()
    )
    return StrongestTerms(terms, n_terms - len(terms), float(values[others].sum()))


def rating_text(rating: float, highest: float) -> str:
    """Return a rating in words: "5 stars", "7 of 10"."""
    if highest != STARS:
        return f"{rating:g} of {highest:g}"
    return "1 star" if rating == 1 else f"{rating:g} stars"


def did(release: LoadedRelease, kind: str, title: str) -> str:
    """Return what a user did with an item, such as "bought Alien"."""
    return act_text(release.kinds.get(kind), kind, title)


def decisive_terms(terms: Floats, n_ratings: int) -> NDArray[np.int64]:
    """Return for each position the term that is the reason, see `reasons`; -1 if none is positive.

    `terms` is (positions, terms) and begins with the terms of `n_ratings` ratings, at least one.
    """
    of_ratings, largest_prior = terms[:, :n_ratings], terms[:, n_ratings:].max(axis=1)
    is_personal = (of_ratings.max(axis=1) > 0) & (of_ratings.sum(axis=1) >= largest_prior)
    decisive = np.where(is_personal, of_ratings.argmax(axis=1), terms.argmax(axis=1))
    return np.where(terms.max(axis=1) > 0, decisive, -1)


def _name(release: LoadedRelease, liked: Positions, term: int) -> tuple[TermKind, str]:
    """Return the kind of a term and its name: an item's id, a segment, a category, or empty."""
    if term < len(liked):
        return "rating", release.ids[liked[term]]
    columns = (*release.constants.columns, "popularity")
    kind, _, name = columns[term - len(liked)].partition(":")
    return _KINDS[kind], name


def _term(
    release: LoadedRelease, state: UserState, kind: TermKind, name: str, value: float
) -> ScoreTerm:
    if kind != "rating":
        return ScoreTerm(kind=kind, value=value, title=_TITLES.get(kind, name))
    title, event_kind = release.catalogue[name].title, _event_kind(release, state, name)
    if event_kind is not None:
        return ScoreTerm(
            kind="event", value=value, item_id=name, title=title, event_kind=event_kind
        )
    rating = state.rated[name][0]
    return ScoreTerm(kind=kind, value=value, item_id=name, title=title, rating=rating)


def _reason(release: LoadedRelease, state: UserState, kind: TermKind, name: str) -> Reason:
    match kind:
        case "rating":
            title, event_kind = release.catalogue[name].title, _event_kind(release, state, name)
            if event_kind is not None:
                text = f"because you {did(release, event_kind, title)}"
                return Reason(
                    kind="because_you_acted", text=text, item_id=name, event_kind=event_kind
                )
            rating = rating_text(state.rated[name][0], release.highest)
            text = f"because you rated {title} {rating}"
            return Reason(kind="because_you_rated", text=text, item_id=name)
        case "segment":
            return Reason(kind="people_like_you", text=f"{_chosen(release)} by people like you")
        case "category":
            return Reason(kind="similar", text=f"because of your interest in {name}")
        case _:
            return _popular(release)


def _popular(release: LoadedRelease) -> Reason:
    return Reason(kind="popular", text=f"{_chosen(release)} by many")


def _chosen(release: LoadedRelease) -> str:
    """Return what users of the data set do with items that they choose, such as "bought"."""
    return choice_text(release.kinds, has_ratings=release.constants.has_scale)


def _event_kind(release: LoadedRelease, state: UserState, item_id: str) -> str | None:
    """Return the kind of event by which a user likes an item; None: they like it by its rating.

    Of several kinds, it is the one with the largest weight.
    """
    rating, _ = state.rated.get(item_id, (0.0, 0))
    is_liked = rating >= release.constants.relevant_from
    kinds = [kind for kind in state.acts.get(item_id, ()) if kind in release.kinds]
    if not kinds or (is_liked and state.is_rated(release, item_id)):
        return None
    return max(kinds, key=lambda kind: release.kinds[kind].weight)
