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


@dataclass(frozen=True)
class SignIn:
    """A signed-in Airflow user. `operator` is the console's own record of them."""

    operator: object
    is_operator: bool  # whether they have the role Op or Admin
    until: float  # seconds, by the clock of `Browsers`


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


class Browsers:
    """Browsers by id; those that were used least recently are dropped. Thread-safe.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = RLock()
        self._browsers: OrderedDict[str, Browser] = OrderedDict()

    def current(self, browser: str) -> str:
        """Return the newest id of the browser that has, or had, this id."""
        with self._lock:
            while (record := self._browsers.get(browser)) and record.moved_to:
                browser = record.moved_to
            return browser

    def leave(self, browser: str) -> str:
        """Give a browser a new id, which nothing connects with the old one's user; return it.

        The sign-in of an operator and the count of actions move with it.
        """
        with self._lock:
            old, new_id = self._record(browser), new_browser()
            self._browsers[new_id] = Browser(sign_in=old.sign_in, actions=old.actions)
            old.moved_to, old.sign_in, old.viewed_user = new_id, None, None
            return new_id

    def sign_in(self, browser: str, operator: object, *, is_operator: bool) -> None:
        """Remember that an Airflow user signed in, for some hours."""
        with self._lock:
            until = self._clock() + SIGN_IN_SECONDS
            self._record(browser).sign_in = SignIn(operator, is_operator, until)

    def sign_out(self, browser: str) -> None:
        """End the sign-in in every tab of the browser."""
        with self._lock:
            record = self._record(browser)
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
            self._record(browser).viewed_user = user_id

    def viewed_user(self, browser: str) -> str | None:
        """Return the user as whom an operator acts; None if no operator is signed in."""
        with self._lock:
            sign_in = self.signed_in(browser)
            if sign_in is None or not sign_in.is_operator:
                return None
            return self._browsers[browser].viewed_user

    def may_act(self, browser: str, limit: int) -> bool:
        """Count one action, unless there were `limit` in the last hour; 0: no limit."""
        with self._lock:
            now, actions = self._clock(), self._record(browser).actions
            while actions and actions[0] <= now - HOUR:
                actions.popleft()
            if limit and len(actions) >= limit:
                return False
            actions.append(now)
            return True

    def _record(self, browser: str) -> Browser:
        """Return what is remembered of the browser, as that of the one used most recently."""
        record = self._browsers.setdefault(browser, Browser())
        self._browsers.move_to_end(browser)
        while len(self._browsers) > MAX_BROWSERS:
            self._browsers.popitem(last=False)
        return record
