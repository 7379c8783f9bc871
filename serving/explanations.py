"""Why an item is on a person's list, and why not: its standing, its rank, its score in parts."""

from sqlalchemy import Connection, text

from serving import reasons, scoring
from serving.held import Held, Holder
from serving.recommendations import FULL, Stored, stored_for
from serving.schemas import Explanation, Standing
from serving.scoring import Scored
from serving.tastes import Taste

_THERE = text("select exists (select from items where item_id = :item_id)")
_TEXTS: dict[Standing, str] = {
    "rated": "you rated it {rating}",
    "hidden": "you hid it",
    "cold": "too new: nobody had rated it when the list was made",
    "unknown": "not in the catalogue",
}


def explain(connection: Connection, holder: Holder, user_id: str, item_id: str) -> Explanation:
    """Return why the item is on the person's list, or why not. The parts add up to the score.

    Raises:
        NothingReleasedError: nothing was released yet.
    """
    stored = stored_for(connection, user_id, limit=FULL, whole=True)
    held = holder.of(connection, stored.release["release_id"])
    if stored.taste is None:
        raise RuntimeError("a person's taste was asked for and not read")
    why_not = _standing(connection, held, stored.taste, item_id)
    if why_not is None:
        return _placed(held, stored, stored.taste, user_id=user_id, item_id=item_id)
    return Explanation(
        user_id=user_id,
        item_id=item_id,
        release_id=held.release_id,
        standing=why_not,
        text=_words(held, stored.taste, why_not, item_id),
    )


def _placed(held: Held, stored: Stored, taste: Taste, *, user_id: str, item_id: str) -> Explanation:
    scored, place = scoring.score(held, taste), held.places[item_id]
    rank = _rank(stored, taste, scored, item_id=item_id, place=place)
    listed = rank <= FULL
    return Explanation(
        user_id=user_id,
        item_id=item_id,
        release_id=held.release_id,
        standing="listed" if listed else "below",
        text=f"no. {rank} on the list" if listed else f"no. {rank} of all that could be listed",
        rank=rank,
        score=float(scored.scores[place]),
        parts=reasons.parts(held, scored, taste, place),
    )


def _standing(connection: Connection, held: Held, taste: Taste, item_id: str) -> Standing | None:
    """Return why the item cannot be listed; None if it can."""
    if item_id not in held.places and not connection.scalar(_THERE, {"item_id": item_id}):
        return "unknown"
    if item_id in taste.hidden:
        return "hidden"
    if item_id in taste.rated:
        return "rated"
    return None if item_id in held.places else "cold"


def _words(held: Held, taste: Taste, standing: Standing, item_id: str) -> str:
    if standing != "rated":
        return _TEXTS[standing]
    rating = reasons.in_units(taste.rated[item_id][0], held.highest)
    return _TEXTS[standing].format(rating=rating)


def _rank(stored: Stored, taste: Taste, scored: Scored, *, item_id: str, place: int) -> int:
    """Return the rank that the person sees: that of his stored list, while it holds."""
    if taste.n_new == 0:
        shown = [i["item_id"] for i in stored.items if i["item_id"] not in taste.hidden]
        if item_id in shown:
            return shown.index(item_id) + 1
    return scored.rank(place)
