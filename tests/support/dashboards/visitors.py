"""The feedback of the invented shop's visitors, in memory, and the answers that depend on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from threading import Event
from typing import Any

from serving.schemas import (
    Erasure,
    EventResult,
    EventResults,
    Explanation,
    Export,
    FeedbackState,
    Item,
    KindEvent,
    KindEvents,
    NewEvent,
    NewUser,
    RatedItem,
    RatingsPage,
    Reason,
    Receipt,
    Recommendations,
    ScoreTerm,
    UndoReceipt,
)
from tests.support.dashboards import shop


@dataclass(frozen=True)
class Before:
    """What a user had rated and hidden before an event on the item."""

    item_id: str
    rated: dict[str, float]
    hidden: list[str]


@dataclass
class Visitors:
    """Feedback by user. Each change gives another list, as a fold-in would."""

    rated: dict[str, dict[str, float]] = field(default_factory=dict)
    hidden: dict[str, list[str]] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    befores: dict[str, "Before"] = field(default_factory=dict)  # by event id
    newest: dict[tuple[str, str], str] = field(default_factory=dict)  # event by user and item
    registered: dict[str, str] = field(default_factory=dict)  # tokens by user id
    erased: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)  # users of the shop by visitors' ids
    rates: bool = True  # whether the shop has ratings, else kinds of events
    acted: list[tuple[str, str, str]] = field(default_factory=list)  # user, item, kind
    sent: dict[str, list[KindEvent]] = field(default_factory=dict)  # by user, oldest first
    may_answer: Event = field(default_factory=Event)  # lists and searches wait until it is set

    def __post_init__(self) -> None:
        self.may_answer.set()

    def register(self, user_id: str, token: str) -> NewUser:
        self.registered[user_id] = token
        return NewUser(user_id=user_id, token=token)

    def rate(self, user_id: str, item_id: str, rating: float, key: str = "") -> Receipt:
        receipt = self._receipt("rate", user_id, item_id, key)
        self.rated.setdefault(user_id, {})[item_id] = rating
        self._show(user_id, item_id)
        return receipt

    def unrate(self, user_id: str, item_id: str, key: str = "") -> Receipt:
        receipt = self._receipt("unrate", user_id, item_id, key)
        self.rated.setdefault(user_id, {}).pop(item_id, None)
        self._show(user_id, item_id)
        return receipt

    def hide(self, user_id: str, item_id: str, key: str = "") -> Receipt:
        receipt = self._receipt("not_interested", user_id, item_id, key)
        self.hidden.setdefault(user_id, []).append(item_id)
        return receipt

    def events(self, sent: Sequence[Mapping[str, Any]]) -> EventResults:
        """Accept each event, unless its kind is unknown."""
        results = tuple(self._event(NewEvent.model_validate(event)) for event in sent)
        n_refused = sum(result.status == "refused" for result in results)
        return EventResults(
            n_accepted=len(sent) - n_refused, n_repeated=0, n_refused=n_refused, results=results
        )

    def _event(self, event: NewEvent) -> EventResult:
        if event.kind not in shop.KINDS:
            texts = dict.fromkeys(("title", "detail", "next_step"), "Unknown kind.")
            return EventResult(status="refused", code="unknown-kind", **texts)
        key = event.event_id or ""
        receipt = self._receipt("rate", event.user_id, event.item_id, key)  # the kind is not sent
        self.acted.append((event.user_id, event.item_id, event.kind))
        sent = event.model_dump(include={"kind", "item_id"}) | {"value": event.value or 1}
        sent |= {
            "event_id": receipt.event_id,
            "occurred_at": event.occurred_at or receipt.occurred_at,
        }
        user_id = self.aliases.get(event.user_id, event.user_id)
        self.sent.setdefault(user_id, []).append(KindEvent.model_validate(sent))
        return EventResult(
            status="accepted", event_id=receipt.event_id, occurred_at=receipt.occurred_at
        )

    def events_of(self, user_id: str, kinds: Sequence[str]) -> KindEvents:
        """Return the user's events of these kinds, newest first."""
        events = [event for event in reversed(self.sent.get(user_id, ())) if event.kind in kinds]
        return KindEvents(user_id=user_id, items=tuple(events))

    def undo(self, user_id: str, event_id: str) -> UndoReceipt | None:
        """Restore what the event replaced; None if it is not the newest one of its item."""
        before = self.befores.get(event_id)
        sent = self.sent.get(user_id, [])
        self.sent[user_id] = [event for event in sent if event.event_id != event_id]
        is_of_kind = len(self.sent[user_id]) < len(sent)  # which can be undone at any time
        if before is None or not (
            is_of_kind or self.newest.get((user_id, before.item_id)) in {event_id, "undone"}
        ):
            return None
        item_id, self.newest[user_id, before.item_id] = before.item_id, "undone"
        self.rated[user_id], self.hidden[user_id] = dict(before.rated), list(before.hidden)
        rating, hidden = before.rated.get(item_id), item_id in before.hidden
        return UndoReceipt(
            event_id="f" * 32,
            undoes=event_id,
            user_id=user_id,
            item_id=item_id,
            status="accepted",
            occurred_at=shop.NOW,
            current=FeedbackState(rating=rating, hidden="not_interested" if hidden else None),
        )

    def _show(self, user_id: str, item_id: str) -> None:
        if item_id in self.hidden.get(user_id, ()):
            self.hidden[user_id].remove(item_id)

    def export(self, user_id: str) -> Export:
        rows = [{"item_id": item_id, "hidden": "hide"} for item_id in self.hidden.get(user_id, [])]
        return Export(user_id=user_id, exported_at=shop.NOW, tables={"feedback": tuple(rows)})

    def erase(self, user_id: str) -> Erasure:
        self.erased |= {user_id} if user_id.startswith("n-") else set()
        n = len(self.rated.pop(user_id, {})) + len(self.hidden.pop(user_id, []))
        return Erasure(user_id=user_id, n_events=n, requested_at=shop.NOW)

    def recommendations(self, user_id: str | None, limit: int) -> Recommendations:
        self.may_answer.wait(20)
        batch = shop.recommendations(user_id or "", 100)
        ratings = self.rated.get(user_id or "", {})
        excluded = {*ratings, *self.hidden.get(user_id or "", ())}
        items = [_item(item.item_id) for item in batch.items if item.item_id not in excluded]
        if ratings:
            Random(f"{user_id} {sorted(ratings)}").shuffle(items)  # noqa: S311 # invented
        listed = shop.listed(items[:limit])
        if ratings:
            liked = _item(next(iter(ratings)))
            words = f"because you rated {liked.title} 5 stars"
            reason = Reason(kind="because_you_rated", text=words, item_id=liked.item_id)
            listed = tuple(item.model_copy(update={"reason": reason}) for item in listed)
        live = {"kind": "live", "n_new_ratings": len(ratings)} if ratings else {}
        return batch.model_copy(update={"user_id": user_id, "items": listed} | live)

    def ratings(self, user_id: str, limit: int, offset: int = 0) -> RatingsPage:
        user = shop.user(user_id)
        new = [
            RatedItem(**_item(item_id).model_dump(), rating=rating, rated_at=shop.NOW)
            for item_id, rating in reversed(self.rated.get(user_id, {}).items())
        ]
        new_ids = {item.item_id for item in new}
        old = [item for item in (user.rated if user else ()) if item.item_id not in new_ids]
        return RatingsPage(
            user_id=user_id,
            items=tuple((new + old)[offset : offset + limit]),
            hidden=tuple(_item(item_id) for item_id in self.hidden.get(user_id, ())),
            total=len(new) + len(old),
            limit=limit,
            offset=offset,
        )

    def explanation(self, user_id: str, item_id: str) -> Explanation:
        terms = tuple(
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
            text="you hid it" if hidden else "#3 on your list",
            rank=None if hidden else 3,
            score=sum(term.value for term in terms),
            terms=terms,
        )

    def _receipt(self, kind: str, user_id: str, item_id: str, key: str) -> Receipt:
        event = {
            "event_id": f"{len(self.receipts):032x}",
            "kind": kind,
            "user_id": user_id,
            "item_id": item_id,
            "status": "accepted",
            "occurred_at": shop.NOW + timedelta(seconds=len(self.receipts)),
        }
        receipt = self.receipts.setdefault(
            key or str(len(self.receipts)), Receipt.model_validate(event)
        )
        rated, hidden = dict(self.rated.get(user_id, {})), list(self.hidden.get(user_id, ()))
        self.befores.setdefault(receipt.event_id, Before(item_id, rated, hidden))
        self.newest[user_id, item_id] = receipt.event_id
        return receipt


def _item(item_id: str) -> Item:
    item = shop.item(item_id)
    assert item
    return item
