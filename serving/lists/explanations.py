"""Why an item is on a person's list, and why not: its status, its rank, its score in parts."""

from typing import Any

from sqlalchemy import Connection, text

from serving.lists import reasons, user_state
from serving.lists.precomputed import FULL, ListRequest, PrecomputedList, stored_for
from serving.lists.recommendations import Person, made
from serving.lists.release_cache import ReleaseCache
from serving.schemas import Explanation, ListStatus

_THERE = text("select exists (select from items where item_id = :item_id)")
_TEXTS: dict[ListStatus, str] = {
    "hidden": "you hid it",
    "cold": "too new: nobody had rated it when the list was made",
    "unknown": "not in the catalogue",
}


def explain(connection: Connection, cache: ReleaseCache, user_id: str, item_id: str) -> Explanation:
    """Return why the item is on the person's list, or why not. The parts add up to the score.

    Raises:
        NoReleaseError: nothing was released yet.
    """
    stored = stored_for(connection, cache, user_id, ListRequest(limit=FULL))
    held = stored.held
    taste = user_state.read(connection, held.release_id, user_id)
    slate = cache.slate(connection, held.release_id, stored.revision)
    person = Person(held, slate, taste, ListRequest(limit=FULL))
    why_not = _status(connection, person, item_id)
    asked = {"user_id": user_id, "item_id": item_id, "release_id": held.release_id}
    if why_not is None:
        return Explanation.model_validate(asked | _placed(person, stored, item_id))
    said = {"status": why_not, "text": _words(person, why_not, item_id)}
    return Explanation.model_validate(asked | said)


def _placed(person: Person, stored: PrecomputedList, item_id: str) -> dict[str, Any]:
    shown = [item["item_id"] for item in made(person, stored)["items"]]
    listed, by_score, found = item_id in shown, None, {}
    place = person.held.places.get(item_id)
    if place is not None:
        scored = person.scored
        by_score = scored.rank(place, scored.out | person.held.barred(person.slate.barred))
        parts = reasons.terms(scored, person.taste, place)
        found = {"score": float(scored.scores[place]), "terms": parts}
    rank = shown.index(item_id) + 1 if listed else max(by_score or 0, len(shown) + 1)
    text = f"no. {rank} on the list" if listed else f"no. {rank} of all that could be listed"
    return found | {
        "status": "listed" if listed else "below",
        "rank": rank,
        "text": text + _by_rule(person, item_id, rank, by_score),
    }


def _by_rule(person: Person, item_id: str, rank: int, by_score: int | None) -> str:
    """Return what the rules did to the rank, to be said after it."""
    if _is_pinned(person, item_id):
        return ": featured for everybody"
    moved = person.slate.reorders and by_score != rank
    return f"; by score alone no. {by_score}" if moved else ""


def _status(connection: Connection, person: Person, item_id: str) -> ListStatus | None:
    """Return why the item cannot be listed; None if it can."""
    held, taste = person.held, person.taste
    if item_id not in held.places and not connection.scalar(_THERE, {"item_id": item_id}):
        return "unknown"
    if item_id in taste.hidden:
        return "hidden"
    if item_id in taste.rated:
        return "rated"
    if item_id in person.slate.barred:
        return "ruled_out"
    return None if item_id in held.places or _is_pinned(person, item_id) else "cold"


def _is_pinned(person: Person, item_id: str) -> bool:
    return item_id in (pin["item_id"] for pin in person.pins.values())


def _words(person: Person, status: ListStatus, item_id: str) -> str:
    if status == "rated":
        rating = reasons.in_units(person.taste.rated[item_id][0], person.held.highest)
        return f"you rated it {rating}"
    if status == "ruled_out":
        hidden = item_id in person.slate.rules.hide
        return "left out for everybody" if hidden else "not available now"
    return _TEXTS[status]
