"""What the app remembers about browsers while it runs: sign-ins, limits, and new identities.

It is lost at a restart: operators sign in again, and limits start anew.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock

from dashboards.identity.signing import new_browser

MAX_BROWSERS = 20_000
SIGN_IN_SECONDS = 4 * 3600  # as long as a token of Airflow
HOUR = 3600
TICKET_SECONDS = 60
ROLE_SECONDS = 300  # after them, Airflow is asked again whether a user is still an operator


Record = Callable[[str, str], bool]  # takes a data set and a user; returns whether it succeeded


@dataclass
class SignIn:
    """A signed-in Airflow user.

    `account` is the console's own record of them. `is_operator` is whether they had the role Op or
    Admin when `ask` was last called. `record` writes to a data set's audit that they act as a user;
    `recorded` has the time of the last entry by data set and user. Times are seconds, by the clock
    of `Browsers`.
    """

    account: object
    is_operator: bool
    ask: Callable[[], bool]
    record: Record
    ask_at: float
    until: float
    recorded: dict[tuple[str, str], float] = field(default_factory=dict)


@dataclass
class Browser:
    """What is remembered of one browser.

    `moved_to` is its new id, after its user deleted their data. `viewed_user` is the user as whom a
    signed-in operator acts.
    """

    moved_to: str | None = None
    sign_in: SignIn | None = None
    viewed_user: str | None = None
    actions: deque[float] = field(default_factory=deque)  # times, oldest first
    downloads: deque[float] = field(default_factory=deque)  # as well


@dataclass(frozen=True)
class _Ticket:
    """Lets a browser change its cookie from the old id to the new one, until a time."""

    old_id: str
    new_id: str
    until: float


class Browsers:
    """Browsers by id; those that were used least recently are dropped. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = RLock()
        self._browsers: OrderedDict[str, Browser] = OrderedDict()
        self._tickets: OrderedDict[str, _Ticket] = OrderedDict()
        self._connections: OrderedDict[str, str] = OrderedDict()  # the new id of each

    def current(self, browser: str) -> str:
        """Return the newest id of the browser that has, or had, this id."""
        with self._lock:
            while (record := self._browsers.get(browser)) and record.moved_to:
                browser = record.moved_to
            return browser

    def leave(self, browser: str) -> str:
        """Give a browser a new id, which nothing connects with the old one's user; return it.

        The sign-in of an operator and the counts of actions and downloads move with it.
        """
        with self._lock:
            old, new_id = self._remembered(browser), new_browser()
            self._browsers[new_id] = _with_counts(old, sign_in=old.sign_in)
            old.moved_to, old.sign_in, old.viewed_user = new_id, None, None
            return new_id

    def renew(self, browser: str, connection: str | None = None) -> tuple[str, str]:
        """Give a browser a new id before a sign-in; return it, and a ticket for its cookie.

        Unlike after `leave`, nothing leads from the old id to the new one: another browser may have
        the old one too, if its cookie was planted. Only the WebSocket with the name `connection`
        has it at once.
        """
        with self._lock:
            new_id, ticket = new_browser(), new_browser()
            self._browsers[new_id] = _with_counts(self._remembered(browser))
            self._tickets[ticket] = _Ticket(browser, new_id, self._clock() + TICKET_SECONDS)
            if connection is not None:
                self._connections[connection] = new_id
            for kept in (self._tickets, self._connections):
                while len(kept) > MAX_BROWSERS:
                    kept.popitem(last=False)
            return new_id, ticket

    def renewed(self, connection: str | None) -> str | None:
        """Return the id that a WebSocket got since its handshake, or None."""
        with self._lock:
            return None if connection is None else self._connections.get(connection)

    def redeem(self, ticket: str, browser: str) -> str | None:
        """Return the new id of the browser that has the ticket and its old id, once."""
        with self._lock:
            issued = self._tickets.get(ticket)
            if issued is None or issued.until < self._clock() or issued.old_id != browser:
                return None
            return self._tickets.pop(ticket).new_id

    def is_issued(self, ticket: str) -> bool:
        """Return whether the ticket can still be redeemed."""
        with self._lock:
            issued = self._tickets.get(ticket)
            return issued is not None and self._clock() < issued.until

    def sign_in(
        self,
        browser: str,
        account: object,
        *,
        is_operator: bool,
        ask: Callable[[], bool] = lambda: True,
        record: Record = lambda _dataset, _user_id: True,
    ) -> None:
        """Remember that an Airflow user signed in, for some hours.

        `ask` returns whether an operator is still one. `record` is called before they act as a
        user.
        """
        with self._lock:
            now = self._clock()
            self._remembered(browser).sign_in = SignIn(
                account,
                is_operator,
                ask,
                record,
                ask_at=now + ROLE_SECONDS,
                until=now + SIGN_IN_SECONDS,
            )

    def sign_out(self, browser: str) -> None:
        """End the sign-in in every tab of the browser."""
        with self._lock:
            record = self._remembered(browser)
            record.sign_in = record.viewed_user = None

    def signed_in(self, browser: str) -> SignIn | None:
        """Return the browser's sign-in, if it has not ended."""
        with self._lock:
            record = self._browsers.get(browser)
            if record is None or record.sign_in is None:
                return None
            if record.sign_in.until < self._clock():
                self.sign_out(browser)
            return record.sign_in

    def view_as(self, browser: str, user_id: str | None) -> None:
        """Let an operator act as this user from now on; None: as themselves."""
        with self._lock:
            self._remembered(browser).viewed_user = user_id

    def has_operator(self, browser: str) -> bool:
        """Return whether an operator is signed in, who still was one some minutes ago."""
        sign_in = self.signed_in(browser)
        if sign_in is None or not sign_in.is_operator:
            return False
        if sign_in.ask_at < self._clock():
            sign_in.ask_at = self._clock() + ROLE_SECONDS
            sign_in.is_operator = sign_in.ask()  # without the lock: it may take seconds
        return sign_in.is_operator

    def viewed_user(self, browser: str) -> str | None:
        """Return the user as whom an operator acts; None if no operator is signed in."""
        if not self.has_operator(browser):
            return None
        with self._lock:
            record = self._browsers.get(browser)
            return None if record is None else record.viewed_user

    def is_view_recorded(self, browser: str, dataset: str) -> bool:
        """Return whether the audit says that the operator acts as their chosen user.

        An entry counts for an hour; then, and for another data set, a new one is written.
        """
        sign_in, user_id = self.signed_in(browser), self.viewed_user(browser)
        if sign_in is None or user_id is None:
            return False
        at = sign_in.recorded.get((dataset, user_id))
        if at is not None and self._clock() < at + HOUR:
            return True
        if not sign_in.record(dataset, user_id):  # without the lock: it may take seconds
            return False
        sign_in.recorded[dataset, user_id] = self._clock()
        return True

    def may_act(self, browser: str, limit: int, *, n: int = 1) -> bool:
        """Count `n` actions, unless there were `limit` in the last hour; 0: no limit."""
        with self._lock:
            return self._may(self._remembered(browser).actions, limit, n)

    def may_download(self, browser: str, limit: int) -> bool:
        """Count one download of the user's data; see `may_act`."""
        with self._lock:
            return self._may(self._remembered(browser).downloads, limit, 1)

    def _may(self, times: deque[float], limit: int, n: int) -> bool:
        now = self._clock()
        while times and times[0] <= now - HOUR:
            times.popleft()
        if limit and len(times) >= limit:
            return False
        times.extend([now] * n)
        return True

    def _remembered(self, browser: str) -> Browser:
        """Return what is remembered of the browser, as that of the one used most recently."""
        record = self._browsers.setdefault(browser, Browser())
        self._browsers.move_to_end(browser)
        while len(self._browsers) > MAX_BROWSERS:
            self._browsers.popitem(last=False)
        return record


def _with_counts(old: Browser, sign_in: SignIn | None = None) -> Browser:
    """Return a new browser that has reached as much of its limits as the old one."""
    return Browser(sign_in=sign_in, actions=old.actions, downloads=old.downloads)
