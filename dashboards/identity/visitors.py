"""The visitor of this session: their own user, and the user as whom an operator acts.

Nothing here depends on the address: a link cannot make a visitor another user.
"""

from collections.abc import Callable

import streamlit as st

from dashboards.identity.browsers import Browsers, Record
from dashboards.identity.signing import COOKIE, Signer, new_browser
from dashboards.server.connections import CONNECTION
from dashboards.settings import NotSetUpError, visitor_settings

BROWSERS = Browsers()  # of this process
DOWNLOADS_PER_HOUR = 10  # of the visitor's data: Streamlit keeps each file for some time
# Keys of the session's state: the id of a browser that keeps no cookie, the cookie's id and the one
# that replaced it at a sign-in in this session, and the ticket for the cookie of the new one.
_BROWSER, _RENEWED, _TICKET = "browser", "renewed_browser", "cookie_ticket"


def browser() -> str:
    """Return the id of the session's browser. Without a valid cookie it is an id of this session.

    Raises:
        NotSetUpError: the app has no secret for cookies.
    """
    browser_id = _signer().browser(_cookie())
    old_id, new_id = st.session_state.get(_RENEWED, (None, None))
    if new_id is not None and browser_id in {old_id, new_id}:  # another cookie: another browser
        browser_id = new_id
    if browser_id is None:
        browser_id = str(st.session_state.setdefault(_BROWSER, new_browser()))
    return BROWSERS.current(str(browser_id))


def sign_in(account: object, *, is_operator: bool, ask: Callable[[], bool], record: Record) -> None:
    """Remember that an Airflow user signed in with this browser, whose id is new from now on.

    Another browser with the old id is not signed in. The session uses the new id at once, the
    browser once it has redeemed `ticket`. For the arguments see `Browsers.sign_in`.
    """
    connection = st.context.headers.get(CONNECTION)
    new_id, st.session_state[_TICKET] = BROWSERS.renew(browser(), connection)
    st.session_state[_RENEWED] = (_signer().browser(_cookie()), new_id)
    BROWSERS.sign_in(new_id, account, is_operator=is_operator, ask=ask, record=record)


def ticket() -> str | None:
    """Return the ticket with which the browser gets the cookie of its new id, while it has none."""
    issued = st.session_state.get(_TICKET)
    return issued if issued is not None and BROWSERS.is_issued(issued) else None


def redeemed(ticket: str, cookie: str | None) -> str | None:
    """Return the new cookie for a ticket and the cookie that the browser has; None if refused."""
    browser_id = browser_of(cookie)
    new_id = None if browser_id is None else BROWSERS.redeem(ticket, browser_id)
    return None if new_id is None else _signer().cookie(new_id)


def browser_of(cookie: str | None, *, connection: str | None = None) -> str | None:
    """Return the id of the browser that sends this cookie; None if the cookie is not valid.

    `connection`: the name of its WebSocket, which may have got a new id.
    """
    renewed_id = BROWSERS.renewed(connection)
    if renewed_id is not None:
        return BROWSERS.current(renewed_id)
    try:
        browser_id = _signer().browser(cookie)
    except NotSetUpError:
        return None
    return None if browser_id is None else BROWSERS.current(browser_id)


def renewed(cookie: str | None) -> str | None:
    """Return the cookie to set with a page; None if the browser's cookie stays as it is.

    It is also None if the app has no secret. Then the page shows that as an error.
    """
    try:
        signer = _signer()
    except NotSetUpError:
        return None
    browser_id = signer.browser(cookie)
    if browser_id is None or cookie is None:
        return signer.cookie(new_browser())
    current = BROWSERS.current(browser_id)
    return signer.cookie(current) if current != browser_id or signer.is_old(cookie) else None


def user(dataset: str) -> str:
    """Return the id of the user as whom the visitor acts: their own, or an operator's choice.

    An operator acts as another user only once the audit has an entry about it. If none can be
    written, they act as themselves from then on.

    Raises:
        NotSetUpError: see `browser`.
    """
    chosen = viewed_user()
    if chosen is None:
        return own_user(dataset)
    if BROWSERS.is_view_recorded(browser(), dataset):
        return chosen
    view_as(None)
    return own_user(dataset)


def own_user(dataset: str) -> str:
    """Return the id of the visitor's own user. They need not exist yet."""
    return _signer().user_id(browser(), dataset)


def may_act_as(user_id: str, dataset: str) -> bool:
    """Return whether the user is the visitor's own, or an operator is signed in."""
    return user_id == own_user(dataset) or is_operator()


def token(dataset: str) -> str:
    """Return the token of the visitor's own user."""
    return _signer().token(browser(), dataset)


def leave() -> None:
    """Make the visitor a new user, in every tab of their browser."""
    BROWSERS.leave(browser())


def may_act(n: int = 1) -> bool:
    """Count `n` actions of the visitor; return False if the limit of this hour was reached."""
    return BROWSERS.may_act(browser(), visitor_settings().actions_per_hour, n=n)


def is_operator() -> bool:
    """Return whether an operator is signed in: an account with the role Op or Admin."""
    return BROWSERS.has_operator(browser())


def viewed_user() -> str | None:
    """Return the user as whom an operator acts; None for others."""
    return BROWSERS.viewed_user(browser())


def view_as(user_id: str | None) -> None:
    """Act as this user from now on, in every tab; None: as oneself. For operators only."""
    if is_operator():
        BROWSERS.view_as(browser(), user_id)


def _cookie() -> str | None:
    """Return the cookie with which the browser opened its connection."""
    return st.context.cookies.get(COOKIE)


def _signer() -> Signer:
    return Signer(visitor_settings().secret.get_secret_value())
