"""The expected state of a shop, in plain Python: computed from a list of events each time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from serving.placements.defaults import DEFAULTS
from serving.schemas import (
    ListKind,
    ListStatus,
    NewEvent,
    PlacementVersion,
    Receipt,
    SlateRules,
    UndoReceipt,
)
from serving.schemas.rules import CAP_WINDOW
from serving.users.feedback import Event
from tests.support.serving.stand_in import (
    CATEGORY,
    COLD,
    DELIVERED,
    HIDES,
    KNOWN,
    OLD,
    START,
    Fit,
    Rated,
    Scores,
    by_pair,
    folded,
    rating_of,
)

# Filters of slate rules: the category of the items that meet each, and whether only available ones
KEPT = {
    "category == 'film'": ("film", False),
    "not category in ('film') and available": ("opera", True),
}


@dataclass(frozen=True)
class AcceptedEvent:
    """An accepted event, its receipt, and its number in the order of transactions."""

    event: Event
    receipt: Receipt
    turn: int


@dataclass(frozen=True)
class AcceptedUndo:
    """The receipt of an undo, and its number in the order of transactions."""

    receipt: UndoReceipt
    turn: int


@dataclass(frozen=True)
class AcceptedAct:
    """An accepted event of the manifest's kinds, and its number in the order of transactions."""

    event: NewEvent
    event_id: str
    turn: int


@dataclass
class Release:
    """A fit that was published."""

    release_id: int
    fit: Fit
    retired: bool = False


class ExpectedList(NamedTuple):
    """The list that a user must get."""

    kind: ListKind
    n_new_ratings: int
    scores: Scores  # in the order of the list


PLACEMENT = "home"


@dataclass
class ExpectedShop:
    """The shop as it must be."""

    accepted: list[AcceptedEvent] = field(default_factory=list)  # undone ones included
    undos: list[AcceptedUndo] = field(default_factory=list)
    acts: list[AcceptedAct] = field(default_factory=list)
    newest: dict[tuple[str, str], str] = field(default_factory=dict)  # that can be undone
    erased: set[str] = field(default_factory=set)
    in_lake: list[str] = field(default_factory=list)  # ids of events
    releases: list[Release] = field(default_factory=list)
    live_id: int | None = None
    is_paused: bool = False
    moves: list[tuple[str, int, int | None]] = field(default_factory=list)
    rules: SlateRules = field(default_factory=SlateRules)
    version: int = 0
    missing: set[str] = field(default_factory=set)  # unavailable items
    titles: dict[str, str] = field(default_factory=dict)  # that the product changed
    removed: set[str] = field(default_factory=set)  # items
    attributes: dict[str, Mapping[str, str]] = field(default_factory=dict)  # by user
    described: dict[str, int] = field(default_factory=dict)  # turns of these, by user
    described_in_lake: set[tuple[str, int]] = field(default_factory=set)  # users with turns
    changes: list[int] = field(default_factory=list)  # of items: their turns
    n_changes_in_lake: int = 0
    placement: PlacementVersion = DEFAULTS[PLACEMENT]
    turns: "count[int]" = field(default_factory=count)

    @property
    def live(self) -> Release:
        """The live release."""
        [live] = [release for release in self.releases if release.release_id == self.live_id]
        return live

    @property
    def barred(self) -> set[str]:
        """Items that no list may have."""
        missing = self.missing if self.rules.only_available else set()
        kept = {*CATEGORY}
        if self.rules.keep_if is not None:
            category, is_available = KEPT[self.rules.keep_if]
            kept = {item for item in CATEGORY if CATEGORY[item] == category}
            kept -= self.missing if is_available else set()
        return {*self.rules.hide} | self.removed | missing | (CATEGORY.keys() - kept)

    @property
    def undone(self) -> set[str]:
        """Ids of the events that were undone."""
        return {undo.receipt.undoes for undo in self.undos}

    @property
    def counted(self) -> list[AcceptedEvent]:
        """The accepted events that were not undone."""
        return [event for event in self.accepted if event.receipt.event_id not in self.undone]

    def sent_before(self, turn: int | None) -> set[str]:
        """Return the ids of the events and undos of transactions before this one; None: of all."""
        sent: list[AcceptedEvent | AcceptedUndo] = [*self.accepted, *self.undos]
        ids = {x.receipt.event_id: x.turn for x in sent}
        ids |= {act.event_id: act.turn for act in self.acts}
        return {event_id for event_id, at in ids.items() if turn is None or at < turn}

    def acted(self, user: str) -> set[str]:
        """Return the items with events of the manifest's kinds, which no release has learned."""
        return {act.event.item_id for act in self.acts if act.event.user_id == user}

    def bought(self, user: str) -> set[str]:
        """Return the items that a user bought, which lists leave out."""
        return {
            act.event.item_id
            for act in self.acts
            if act.event.user_id == user and act.event.kind == "purchase"
        }

    def n_changes_before(self, turn: int | None) -> int:
        """Return the number of changes of items before this transaction; None: of all."""
        return sum(turn is None or change < turn for change in self.changes)

    def described_before(self, turn: int | None) -> set[tuple[str, int]]:
        """Return the users whose last change of attributes was before this one; None: all."""
        return {(user, at) for user, at in self.described.items() if turn is None or at < turn}

    def title(self, item: str) -> str:
        """Return the title of an item: that of the files until the product changes it."""
        return self.titles.get(item, f"Title {item}")

    def state(self, user: str, item: str) -> tuple[float | None, str | None]:
        """Return the user's rating of the item, and how they hid it."""
        events = [event.event for event in self.counted]
        of_pair = [event for event in events if (event.user_id, event.item_id) == (user, item)]
        return self.ratings(user).get(item), hides(of_pair) if of_pair else None

    def add(self, accepted: AcceptedEvent) -> None:
        """Add an event, in the order of transactions."""
        event = accepted.event
        self.newest[event.user_id, event.item_id] = accepted.receipt.event_id
        self.accepted.append(accepted)
        self.accepted.sort(key=lambda accepted: accepted.turn)

    def go_live(self, action: str, release_id: int) -> None:
        """Activate a release, which ends a pause of publishing."""
        self.moves.append((action, release_id, self.live_id))
        self.live_id, self.is_paused = release_id, False

    def retire(self, keep: int) -> None:
        """Retire all but the newest releases and the live one."""
        kept = [release for release in self.releases if not release.retired]
        for release in kept[:-keep]:
            release.retired = release.release_id != self.live_id

    def older(self) -> int | None:
        """Return the release that a rollback would activate."""
        kept = [release.release_id for release in self.releases if not release.retired]
        return max((i for i in kept if i < (self.live_id or 0)), default=None)

    def erase(self, user: str) -> int:
        """Erase a user, and return the number of their events."""
        self.erased.add(user)
        n_before = len(self.accepted) + len(self.undos) + len(self.acts)
        self.accepted = [accepted for accepted in self.accepted if accepted.event.user_id != user]
        self.undos = [undo for undo in self.undos if undo.receipt.user_id != user]
        self.acts = [act for act in self.acts if act.event.user_id != user]
        self.attributes.pop(user, None)
        self.described.pop(user, None)
        return n_before - len(self.accepted) - len(self.undos) - len(self.acts)

    def profile(self, user: str) -> Rated | None:
        """Return the ratings of a user that the live release knows."""
        profile = self.live.fit.profiles.get(user)
        if profile is None or user in self.erased:
            return None
        return {item: rating for item, (rating, _) in profile.items()}

    def events_of(self, user: str) -> dict[str, list[Event]]:
        """Return a user's events by item: those of the files, then those of the API."""
        before = () if user in self.erased else DELIVERED
        events = [*before, *(accepted.event for accepted in self.counted)]
        events = [event for event in events if event.user_id == user]
        return {item: of_item for (_, item), of_item in by_pair(events).items()}

    def ratings(self, user: str) -> Rated:
        """Return the user's current ratings."""
        ratings = {item: rating_of(events)[0] for item, events in self.events_of(user).items()}
        return {item: rating for item, rating in ratings.items() if rating is not None}

    def hidden(self, user: str) -> set[str]:
        """Return the items that the user hid."""
        events = [accepted.event for accepted in self.counted if accepted.event.user_id == user]
        return {item for (_, item), of_item in by_pair(events).items() if hides(of_item)}

    def shown(self, user: str, limit: int) -> ExpectedList:
        """Return the list that a user must get."""
        fit, profile, rated = self.live.fit, self.profile(user), self.ratings(user)
        before = profile or {}
        rated_anew = {i for i in before.keys() | rated.keys() if before.get(i) != rated.get(i)}
        n_new_ratings = len(rated_anew | self.acted(user))
        kind: ListKind = "batch"
        scores = fit.lists.get(user) if profile is not None and not n_new_ratings else None
        if scores is None:
            scores = folded(fit, rated, known=profile is not None)
            kind = "fallback" if scores is None else "live"
        out = rated.keys() | self.bought(user) | self.hidden(user) | self.barred
        if scores is None:
            scores = fit.of_segment if self.segment(user) == OLD else fit.popularity
        left = sorted((i for i in scores if i not in out), key=lambda i: -scores[i])
        listed = self._arranged(left, out, limit)
        return ExpectedList(kind, n_new_ratings, {item: scores.get(item, 0) for item in listed})

    def segment(self, user: str) -> str:
        """Return the user's segment, from the attributes that the product sent."""
        names, of_user = ("sex", "age"), self.attributes.get(user, {})
        return ",".join(f"{n}={of_user[n]}" for n in names) if {*names} <= of_user.keys() else ""

    def status(self, user: str, item: str) -> ListStatus:
        """Return the status of an item for a user."""
        if item not in KNOWN + COLD or item in self.removed:
            return "unknown"
        if item in self.hidden(user):
            return "hidden"
        if item in self.ratings(user):
            return "rated"
        if item in self.bought(user):
            return "acted"
        if item in self.barred:
            return "ruled_out"
        unlisted: ListStatus = "below" if item in KNOWN else "cold"
        return "listed" if item in self.shown(user, 100).scores else unlisted

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
    """Return how the newest of a pair's events hides the item, if it does; ties go to the last."""
    newest = max(reversed(events), key=lambda event: event.occurred_at or START)
    return newest.kind if newest.kind in HIDES else None


def feedback(
    accepted: Sequence[AcceptedEvent],
) -> Mapping[tuple[str, str], tuple[float | None, str | None]]:
    """Return the current rating and hide by user and item."""
    pairs = by_pair([event.event for event in accepted])
    return {pair: (rating_of(events)[0], hides(events)) for pair, events in pairs.items()}
