"""What must hold of the shop, in plain Python: events in a list, looked at anew each time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from serving.schemas import ListKind, ListStatus, Receipt, SlateRules
from serving.schemas.rules import CAP_WINDOW
from serving.users.feedback import Event
from tests.support.serving.stand_in import (
    CATEGORY,
    COLD,
    DELIVERED,
    HIDES,
    KNOWN,
    START,
    Fit,
    Rated,
    Scores,
    by_pair,
    folded,
    rating_of,
)


@dataclass(frozen=True)
class Told:
    """An event that was accepted, its receipt, and its place in the order of transactions."""

    event: Event
    receipt: Receipt
    turn: int


@dataclass
class Release:
    """A fit that was published."""

    release_id: int
    fit: Fit
    retired: bool = False


class Shown(NamedTuple):
    """What a person's list has to be."""

    kind: ListKind
    n_new_ratings: int
    scores: Scores  # in the order of the list


@dataclass
class Plain:
    """The shop as it must be."""

    told: list[Told] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)
    in_lake: list[str] = field(default_factory=list)  # ids of events
    releases: list[Release] = field(default_factory=list)
    live_id: int | None = None
    is_paused: bool = False
    moves: list[tuple[str, int, int | None]] = field(default_factory=list)
    rules: SlateRules = field(default_factory=SlateRules)
    version: int = 0
    missing: set[str] = field(default_factory=set)  # out of stock
    turns: "count[int]" = field(default_factory=count)

    @property
    def live(self) -> Release:
        """What people see."""
        [found] = [each for each in self.releases if each.release_id == self.live_id]
        return found

    @property
    def barred(self) -> set[str]:
        """What no list may show."""
        return {*self.rules.hide} | (self.missing if self.rules.only_available else set())

    def go_live(self, action: str, release_id: int) -> None:
        """Move the pointer; a pin ends with that."""
        self.moves.append((action, release_id, self.live_id))
        self.live_id, self.is_paused = release_id, False

    def retire(self, keep: int) -> None:
        """Let all but the newest go, and the live one."""
        kept = [each for each in self.releases if not each.retired]
        for each in kept[:-keep]:
            each.retired = each.release_id != self.live_id

    def older(self) -> int | None:
        """Return what a roll back would go to."""
        kept = [each.release_id for each in self.releases if not each.retired]
        return max((i for i in kept if i < (self.live_id or 0)), default=None)

    def forget(self, user: str) -> int:
        """Let somebody go for good, and return how many events go with him."""
        self.forgotten.add(user)
        n_before = len(self.told)
        self.told = [one for one in self.told if one.event.user_id != user]
        return n_before - len(self.told)

    def profile(self, user: str) -> Rated | None:
        """Return what the live release knows of somebody's ratings."""
        his = self.live.fit.profiles.get(user)
        if his is None or user in self.forgotten:
            return None
        return {item: rating for item, (rating, _) in his.items()}

    def events_of(self, user: str) -> dict[str, list[Event]]:
        """Return what a person said by item: what came in files, then what he told the API."""
        before = () if user in self.forgotten else DELIVERED
        events = [*before, *(one.event for one in self.told)]
        events = [event for event in events if event.user_id == user]
        return {item: found for (_, item), found in by_pair(events).items()}

    def ratings(self, user: str) -> Rated:
        """Return what somebody rated, as it holds now."""
        found = {item: rating_of(told)[0] for item, told in self.events_of(user).items()}
        return {item: rating for item, rating in found.items() if rating is not None}

    def hidden(self, user: str) -> set[str]:
        """Return what somebody wants to see no more."""
        events = [one.event for one in self.told if one.event.user_id == user]
        return {item for (_, item), told in by_pair(events).items() if hides(told)}

    def shown(self, user: str, limit: int) -> Shown:
        """Return the list that somebody must get."""
        fit, known, rated = self.live.fit, self.profile(user), self.ratings(user)
        before = known or {}
        n_new_ratings = sum(before.get(i) != rated.get(i) for i in before.keys() | rated.keys())
        kind: ListKind = "batch"
        scores = fit.lists.get(user) if known is not None and not n_new_ratings else None
        if scores is None:
            scores = folded(fit, rated, known=known is not None)
            kind = "fallback" if scores is None else "live"
        scores = scores or fit.popularity
        out = rated.keys() | self.hidden(user) | self.barred
        left = sorted((i for i in scores if i not in out), key=lambda i: -scores[i])
        listed = self._arranged(left, out, limit)
        return Shown(kind, n_new_ratings, {item: scores.get(item, 0) for item in listed})

    def status(self, user: str, item: str) -> ListStatus:
        """Return how an item stands to somebody."""
        if item not in KNOWN + COLD:
            return "unknown"
        if item in self.hidden(user):
            return "hidden"
        if item in self.ratings(user):
            return "rated"
        if item in self.barred:
            return "ruled_out"
        if item in self.shown(user, 100).scores:
            return "listed"
        return "below" if item in KNOWN else "cold"

    def _arranged(self, left: Sequence[str], out: set[str], limit: int) -> list[str]:
        pins = {pin.rank: pin.item_id for pin in self.rules.pin if pin.item_id not in out}
        free = [item for item in left if item not in pins.values()]
        listed: list[str] = []
        while len(listed) < limit and (free or pins):
            rank = len(listed) + 1
            if rank in pins or not free:
                listed.append(pins.pop(rank if rank in pins else min(pins)))
            else:
                listed.append(next((i for i in free if self._fits(i, listed)), free[0]))
                free.remove(listed[-1])
        return listed

    def _fits(self, item: str, listed: Sequence[str]) -> bool:
        most = self.rules.most_per_category
        near = [CATEGORY[other] for other in listed[-(CAP_WINDOW - 1) :]]
        return most is None or near.count(CATEGORY[item]) < most


def hides(events: Sequence[Event]) -> str | None:
    """Return how the newest of a pair's events hides the item, if it does; of ties the last."""
    newest = max(reversed(events), key=lambda event: event.occurred_at or START)
    return newest.kind if newest.kind in HIDES else None


def feedback(told: Sequence[Told]) -> Mapping[tuple[str, str], tuple[float | None, str | None]]:
    """Return the rating and the hide that hold, by person and item."""
    pairs = by_pair([one.event for one in told])
    return {pair: (rating_of(events)[0], hides(events)) for pair, events in pairs.items()}
