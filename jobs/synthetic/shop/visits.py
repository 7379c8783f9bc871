"""What a user of the shop does: their sessions, with views, carts and purchases."""

from dataclasses import dataclass

import numpy as np

from jobs.synthetic.shop.demand import STRAY_SHARE, TOGETHER, Desire, desire
from jobs.synthetic.shop.world import DAY_S, START, WEEK_S, WEEKS, Flags, Floats, Ints, Shop

KINDS = ("view", "cart", "purchase")
_VIEWS_PER_SESSION = 5
_LONGEST_SESSION = 40  # views
_ACTIVE_WEEKS = 16  # mean time from a user's first session to the last
_FIRST_HOUR, _LAST_HOUR = 7, 22  # of a session's start, so that none crosses midnight
_LONGEST_LOOK = 110.0  # seconds between two views
_CHECKOUT_SECONDS = 90
_TWICE_SHARE = 0.12  # share of the purchases with a quantity of 2


@dataclass(frozen=True, slots=True)
class Events:
    """Events of one user. `kind` is an index into `KINDS`; `session` numbers the sessions."""

    item: Ints
    kind: Ints
    seconds: Ints  # since 1970
    session: Ints
    quantity: Ints


@dataclass(frozen=True, slots=True)
class _Visitor:
    """A user on their way through the shop. `bought` has the items that they bought so far."""

    shop: Shop
    user: int
    rng: np.random.Generator
    wants: Desire
    bought: set[int]

    def session(self, number: int, n_views: int, start: int) -> Events:
        """Return the events of one session.

        A view may be followed by a cart at once, and the basket by a purchase at the end. Then
        complements of what is bought may be put into the basket, without a view, and bought too.
        """
        week = start // WEEK_S
        items = self._viewed(n_views, week)
        looks = 8 + self.rng.exponential(40, size=n_views)
        at = start + np.cumsum(np.minimum(looks, _LONGEST_LOOK)).astype(np.int64)
        in_cart = self._may_buy(items, week) & self._happens(self.wants.cart[items])
        ordered = in_cart & self._happens(self.wants.checkout[items])
        self.bought.update(items[ordered].tolist())
        added = self._complements(items[ordered], week)
        self.bought.update(added.tolist())
        n_carts, n_ordered = int(in_cart.sum()) + len(added), int(ordered.sum()) + len(added)
        kind = np.repeat(np.arange(len(KINDS)), (n_views, n_carts, n_ordered))
        quantity = np.ones(len(kind), np.int64)
        quantity[kind == len(KINDS) - 1] += self.rng.random(n_ordered) < _TWICE_SHARE
        checkout = np.full(n_ordered, at[-1] + _CHECKOUT_SECONDS)
        added_at = np.full(len(added), at[-1] + _CHECKOUT_SECONDS // 2)
        return Events(
            item=np.concatenate((items, items[in_cart], added, items[ordered], added)),
            kind=kind,
            seconds=np.concatenate((at, at[in_cart] + 4, added_at, checkout))
            + int(START.timestamp()),
            session=np.full(len(kind), number),
            quantity=quantity,
        )

    def _complements(self, ordered: Ints, week: int) -> Ints:
        """Return the items that are ordered because they go with what is ordered."""
        if not len(ordered):
            return ordered
        others = self.shop.item_complement[ordered]
        joins = (others >= 0) & (self.rng.random(len(ordered)) < TOGETHER)
        joins &= self.shop.in_stock[week, others]
        return np.array([i for i in others[joins].tolist() if i not in self.bought], np.int64)

    def _viewed(self, n: int, week: int) -> Ints:
        """Return the items of a session's views: it is about a department, but for some strays."""
        interests = self.shop.user_interests[self.user]
        department = int(self.rng.choice(len(interests), p=interests))
        draws, strays = self.rng.random(n), self.rng.random(n) < STRAY_SHARE
        items = self._drawn(self.shop.items_of[department], draws, week)
        if strays.any():
            items[strays] = self._drawn(self.shop.all_items, draws[strays], week)
        return items

    def _drawn(self, among: Ints, draws: Floats, week: int) -> Ints:
        """Return items by their pull and the week's popularity. `draws` are from 0 to 1."""
        until = np.cumsum(self.shop.popularity[week, among] * self.wants.pull[among])
        drawn: Ints = among[np.searchsorted(until, draws * until[-1], side="right")]
        return drawn

    def _may_buy(self, items: Ints, week: int) -> Flags:
        """Return which of the views may lead to a purchase: the first of an item in stock."""
        seen, is_new = set(self.bought), []
        for item in items.tolist():
            is_new.append(item not in seen)
            seen.add(item)
        free: Flags = self.shop.in_stock[week, items] & is_new
        return free

    def _happens(self, probability: Floats) -> Flags:
        happens: Flags = self.rng.random(len(probability)) < probability
        return happens


def events_of(shop: Shop, user: int) -> Events:
    """Return a user's events, oldest first. They depend on the shop and the user only."""
    rng = np.random.default_rng([shop.seed, user])
    visitor = _Visitor(shop, user, rng, desire(shop, user), set())
    sizes = _session_sizes(rng, int(shop.n_views[user]))
    starts = _session_starts(rng, len(sizes))
    pairs = zip(sizes.tolist(), starts.tolist(), strict=True)
    sessions = [visitor.session(number, size, start) for number, (size, start) in enumerate(pairs)]
    order = np.argsort(np.concatenate([one.seconds for one in sessions]), kind="stable")
    return Events(
        *(
            np.concatenate([getattr(session, column) for session in sessions])[order]
            for column in Events.__slots__
        )
    )


def _session_sizes(rng: np.random.Generator, n_views: int) -> Ints:
    """Return the number of views of each session; the sum is `n_views`."""
    draws = np.minimum(rng.geometric(1 / _VIEWS_PER_SESSION, size=n_views), _LONGEST_SESSION)
    ends = np.cumsum(draws)
    n = int(np.searchsorted(ends, n_views)) + 1
    sizes: Ints = draws[:n].astype(np.int64)
    sizes[-1] -= ends[n - 1] - n_views
    return sizes


def _session_starts(rng: np.random.Generator, n: int) -> Ints:
    """Return when sessions start, in order, in seconds since the shop's first Monday.

    Each is on a day between the user's arrival and departure, most often in the evening. Two
    sessions of a day may overlap, as in two tabs of a browser.
    """
    n_days = 7 * WEEKS
    arrival = rng.random() ** 1.3 * 0.95 * n_days
    stay = min(n_days - arrival, 3 + rng.exponential(7 * _ACTIVE_WEEKS))
    days = np.floor(arrival + rng.random(n) * stay)
    hours = _FIRST_HOUR + (_LAST_HOUR - _FIRST_HOUR) * rng.beta(3, 1.6, size=n)
    seconds: Ints = np.sort(days * DAY_S + hours * 3600).astype(np.int64)
    return seconds
