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
    """A signed-in Airflow user. `operator` belongs to the console."""

    operator: object
    is_operator: bool  # whether they have the role Op or Admin
    until: float


@dataclass
class Browser:
    """One browser. `moved_to`: its new id, after its user deleted their data."""

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
        """Return the present id of a browser."""
        with self._lock:
            while (known := self._browsers.get(browser)) and known.moved_to:
                browser = known.moved_to
            return browser

    def leave(self, browser: str) -> str:
        """Give a browser a new id, which nothing connects with the old one's user; return it.

        The sign-in of an operator and the count of actions move with it.
        """
        with self._lock:
            old, browser = self._of(browser), new_browser()
            self._browsers[browser] = Browser(None, old.sign_in, None, old.actions)
            old.moved_to, old.sign_in, old.viewed_user = browser, None, None
            return browser

    def sign_in(self, browser: str, operator: object, *, is_operator: bool) -> None:
        """Remember that an Airflow user signed in, for some hours."""
        with self._lock:
            until = self._clock() + SIGN_IN_SECONDS
            self._of(browser).sign_in = SignIn(operator, is_operator, until)

    def sign_out(self, browser: str) -> None:
        """End the sign-in in every tab of the browser."""
        with self._lock:
            known = self._of(browser)
            known.sign_in = known.viewed_user = None

    def signed_in(self, browser: str) -> SignIn | None:
        """Return the browser's sign-in, if it has not ended."""
        with self._lock:
            known = self._browsers.get(browser)
            if known is None or known.sign_in is None:
                return None
            if known.sign_in.until < self._clock():
                self.sign_out(browser)
            return known.sign_in

    def view_as(self, browser: str, user_id: str | None) -> None:
        """Let an operator act as this user from now on; None: as themselves."""
        with self._lock:
            self._of(browser).viewed_user = user_id

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
            now, actions = self._clock(), self._of(browser).actions
            while actions and actions[0] <= now - HOUR:
                actions.popleft()
            if limit and len(actions) >= limit:
                return False
            actions.append(now)
            return True

    def _of(self, browser: str) -> Browser:
        known = self._browsers.setdefault(browser, Browser())
        self._browsers.move_to_end(browser)
        while len(self._browsers) > MAX_BROWSERS:
            self._browsers.popitem(last=False)
        return known
