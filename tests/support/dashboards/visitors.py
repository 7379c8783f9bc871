"""What visitors of the invented shop did: kept in memory, answered as the API answers."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from threading import Event

from serving.schemas import (
    Erasure,
    Explanation,
    Item,
    NewUser,
    RatedItem,
    RatingsPage,
    Reason,
    Receipt,
    Recommendations,
    ScoreTerm,
)
from tests.support.dashboards import shop

TOKEN = "a-token-of-the-tests"  # noqa: S105 # invented


@dataclass
class Visitors:
    """Feedback by person. Every change makes another list, as a fold-in would."""

    rated: dict[str, dict[str, float]] = field(default_factory=dict)
    hidden: dict[str, list[str]] = field(default_factory=dict)
    taken: dict[str, Receipt] = field(default_factory=dict)
    n_new: int = 0
    may_answer: Event = field(default_factory=Event)  # lists wait for it

    def __post_init__(self) -> None:
        self.may_answer.set()

    def start(self) -> NewUser:
        self.n_new += 1
        return NewUser(user_id=f"n-{self.n_new}", token=TOKEN)

    def rate(self, user_id: str, item_id: str, rating: float, key: str = "") -> Receipt:
        self.rated.setdefault(user_id, {})[item_id] = rating
        return self._receipt("rate", user_id, item_id, key)

    def unrate(self, user_id: str, item_id: str, key: str = "") -> Receipt:
        self.rated.setdefault(user_id, {}).pop(item_id, None)
        if item_id in self.hidden.get(user_id, ()):
            self.hidden[user_id].remove(item_id)
        return self._receipt("unrate", user_id, item_id, key)

    def hide(self, user_id: str, item_id: str, key: str = "") -> Receipt:
        self.hidden.setdefault(user_id, []).append(item_id)
        return self._receipt("not_interested", user_id, item_id, key)

    def forget(self, user_id: str) -> Erasure:
        n = len(self.rated.pop(user_id, {})) + len(self.hidden.pop(user_id, []))
        return Erasure(user_id=user_id, n_events=n, requested_at=shop.NOW)

    def recommendations(self, user_id: str | None, limit: int) -> Recommendations:
        self.may_answer.wait(20)
        batch = shop.recommendations(user_id or "", 100)
        mine = self.rated.get(user_id or "", {})
        out = {*mine, *self.hidden.get(user_id or "", ())}
        items = [_item(item.item_id) for item in batch.items if item.item_id not in out]
        if mine:
            Random(f"{user_id} {sorted(mine)}").shuffle(items)  # noqa: S311 # invented
        listed = shop.listed(items[:limit])
        if mine:
            liked = shop.item(next(iter(mine)))
            assert liked
            words = f"because you rated {liked.title} 5 stars"
            reason = Reason(kind="because_you_rated", text=words, item_id=liked.item_id)
            listed = tuple(item.model_copy(update={"reason": reason}) for item in listed)
        live = {"kind": "live", "n_new_ratings": len(mine)} if mine else {}
        return batch.model_copy(update={"user_id": user_id, "items": listed} | live)

    def ratings(self, user_id: str, limit: int, offset: int = 0) -> RatingsPage:
        known = shop.person(user_id)
        new = [
            RatedItem(**_item(item_id).model_dump(), rating=rating, rated_at=shop.NOW)
            for item_id, rating in reversed(self.rated.get(user_id, {}).items())
        ]
        fresh = {item.item_id for item in new}
        old = [item for item in (known.rated if known else ()) if item.item_id not in fresh]
        return RatingsPage(
            user_id=user_id,
            items=tuple((new + old)[offset : offset + limit]),
            hidden=tuple(_item(item_id) for item_id in self.hidden.get(user_id, ())),
            total=len(new) + len(old),
            limit=limit,
            offset=offset,
        )

    def explanation(self, user_id: str, item_id: str) -> Explanation:
        parts = tuple(
            ScoreTerm(
                kind="rating", value=0.3 - n / 5, item_id=i, title=_item(i).title, rating=rating
            )
            for n, (i, rating) in enumerate(self.rated.get(user_id, {}).items())
        )
        hidden = item_id in self.hidden.get(user_id, ())
        return Explanation(
            user_id=user_id,
            item_id=item_id,
            release_id=12,
            status="hidden" if hidden else "listed",
            text="hidden by this person" if hidden else "no. 3 on the list",
            rank=None if hidden else 3,
            score=sum(term.value for term in parts),
            terms=parts,
        )

    def _receipt(self, kind: str, user_id: str, item_id: str, key: str) -> Receipt:
        event = {
            "event_id": f"{len(self.taken):032x}",
            "kind": kind,
            "user_id": user_id,
            "item_id": item_id,
            "status": "accepted",
            "occurred_at": shop.NOW + timedelta(seconds=len(self.taken)),
        }
        return self.taken.setdefault(key or str(len(self.taken)), Receipt.model_validate(event))


def _item(item_id: str) -> Item:
    found = shop.item(item_id)
    assert found
    return found
