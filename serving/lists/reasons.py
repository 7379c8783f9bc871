"""Why an item is on a list, in words: the summands of its score, and the largest of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.lists.fold_in import Positions
from serving.lists.release_cache import LoadedRelease
from serving.lists.scoring import Scored
from serving.lists.user_state import UserState
from serving.rules.slate import Fields
from serving.schemas import Reason, ScoreTerm, TermKind

POPULAR = Reason(kind="popular", text="liked by many")
PINNED = Reason(kind="pinned", text="featured")
STARS = 5  # the scale that ends here is one of stars
_KINDS: dict[str, TermKind] = {"popularity": "popularity", "released": "released"}
_WORDS = {"popularity": "liked by many", "released": "year of release"}


def given(scored: Scored, taste: UserState, items: Sequence[Fields]) -> list[Fields]:
    """Return the items, each with the reason for it.

    That is what he rated, if all of it together weighs as much as any prior: the rating with the
    largest part. Otherwise it is the prior with the largest part.
    """
    held = scored.held
    places = held.places_of([item["item_id"] for item in items])
    if scored.folded is None or not len(places):
        return [item | {"reason": POPULAR} for item in items]
    told = telling(_numbers(scored, places), len(scored.folded.liked)).tolist()
    words = {at: _reason(held, taste, *_name(scored, at)) for at in set(told) if at >= 0}
    found = dict(zip([held.ids[place] for place in places.tolist()], told, strict=True))
    return [item | {"reason": words.get(found.get(item["item_id"], -1), POPULAR)} for item in items]


def terms(scored: Scored, taste: UserState, place: int) -> tuple[ScoreTerm, ...]:
    """Return all summands of the place's score but noughts, largest first."""
    if scored.folded is None:
        whole = float(scored.scores[place])
        return (ScoreTerm(kind="popularity", value=whole, title=_WORDS["popularity"]),)
    [numbers] = _numbers(scored, np.array([place]))
    found = [
        _part(scored.held, taste, *_name(scored, at), number)
        for at, number in enumerate(numbers.tolist())
        if number
    ]
    return tuple(sorted(found, key=lambda term: -term.value))


def in_units(rating: float, highest: float) -> str:
    """Return a rating as people say it: "5 stars", "7 of 10"."""
    if highest != STARS:
        return f"{rating:g} of {highest:g}"
    return "1 star" if rating == 1 else f"{rating:g} stars"


def _numbers(scored: Scored, places: Positions) -> NDArray[np.float64]:
    """Return (places, parts): by rating, by prior, and the blend, in the order of `_name`."""
    if scored.folded is None:
        raise ValueError("only a fold-in has parts")
    by_rating, by_prior = scored.folded.parts(scored.held.rows[places])
    blended = scored.blend * scored.held.liking[places, None]
    return np.hstack([by_rating, by_prior, blended])


def telling(numbers: NDArray[np.float64], n_liked: int) -> NDArray[np.int64]:
    """Return for each place which part says why: see `given`; -1 where none is above nought.

    Args:
        numbers: (places, parts).
        n_liked: so many parts, the first ones, are those of ratings; at least one.
    """
    own, most_of_others = numbers[:, :n_liked], numbers[:, n_liked:].max(axis=1)
    personal = (own.max(axis=1) > 0) & (own.sum(axis=1) >= most_of_others)
    chosen = np.where(personal, own.argmax(axis=1), numbers.argmax(axis=1))
    return np.where(numbers.max(axis=1) > 0, chosen, -1)


def _name(scored: Scored, at: int) -> tuple[TermKind, str]:
    """Return kind and name of a part: the item's id, the segment, the category."""
    if scored.folded is None:
        raise ValueError("only a fold-in has parts")
    liked, columns = scored.folded.liked, scored.held.constants.columns
    if at < len(liked):
        return "rating", scored.held.ids[liked[at]]
    prior = at - len(liked)
    return _prior(columns[prior]) if prior < len(columns) else ("popularity", "")


def _prior(column: str) -> tuple[TermKind, str]:
    kind, _, name = column.partition(":")
    if kind == "segment":
        return "segment", name
    return ("category", name) if kind == "category" else (_KINDS[kind], "")


def _part(
    held: LoadedRelease, taste: UserState, kind: TermKind, name: str, number: float
) -> ScoreTerm:
    if kind == "rating":
        title = held.items[held.places[name]]["title"]
        rating = taste.rated[name][0]
        return ScoreTerm(kind=kind, value=number, item_id=name, title=title, rating=rating)
    words = {"segment": "liked by people like you", "category": name}
    return ScoreTerm(kind=kind, value=number, title=words.get(kind) or _WORDS[kind])


def _reason(held: LoadedRelease, taste: UserState, kind: TermKind, name: str) -> Reason:
    match kind:
        case "rating":
            title = held.items[held.places[name]]["title"]
            rating = in_units(taste.rated[name][0], held.highest)
            text = f"because you rated {title} {rating}"
            return Reason(kind="because_you_rated", text=text, item_id=name)
        case "segment":
            return Reason(kind="people_like_you", text="liked by people like you")
        case "category":
            return Reason(kind="alike", text=f"because you like {name}")
        case _:
            return POPULAR
