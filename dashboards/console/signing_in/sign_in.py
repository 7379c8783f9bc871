"""Sign-in with Airflow accounts, of operators and viewers. The app stores no password.

A sign-in is kept in the server's memory for the browser, which gets a new id and cookie: another
browser to which the old one is known is not signed in. It ends when the account signs out, after
4 hours, or when the app restarts. Tabs that were open before it show it once they are reloaded.
"""

import logging
from contextlib import suppress

import streamlit as st

from airflow_api.client import (
    AirflowError,
    AirflowUnavailableError,
    NotAllowedError,
    SignInRefusedError,
    TooManyAttemptsError,
)
from dashboards import brand, pages
from dashboards.console import sources
from dashboards.console.acts.client import as_account
from dashboards.console.signing_in import new_cookie, typed_values
from dashboards.console.signing_in.attempts import Attempts
from dashboards.console.sources import Account
from dashboards.identity import visitors
from dashboards.settings import NotSetUpError
from dashboards.text import esc
from edge.networks import network_of
from serving.errors import ApiError

log = logging.getLogger(__name__)

_CAUSES: dict[type[AirflowError], str] = {  # subclasses before their base
    AirflowUnavailableError: "Airflow is not responding. Run `lantern status` for details.",
    TooManyAttemptsError: "Too many attempts. Wait a minute and sign in again.",
    NotAllowedError: "This account may not see Lantern's DAGs. Ask an administrator of Airflow for "
    "a role.",
    AirflowError: "Airflow refused the sign-in. `lantern logs airflow-api` has the reason.",
}
_ENDED = "sign_in_ended"
_PASSWORD = "sent_password"  # noqa: S105 # key of what was typed, during one run
ATTEMPTS = Attempts()  # of this process; no cache of Streamlit, which can be emptied


def account() -> Account:
    """Return the signed-in account; if there is none, show the sign-in form and end the page."""
    signed_in = current()
    if signed_in is None:
        _form()
        pages.end()
    new_cookie.request()
    typed_values.restore()
    return signed_in


def current() -> Account | None:
    """Return the signed-in account, or None."""
    sign_in = visitors.BROWSERS.signed_in(visitors.browser())
    if sign_in is None or not isinstance(sign_in.account, Account):
        return None
    return sign_in.account


def sign_out() -> None:
    """Sign the account out in every tab of this browser, and revoke their token."""
    signed_in = current()
    visitors.BROWSERS.sign_out(visitors.browser())
    typed_values.drop()
    if signed_in is not None:
        with suppress(AirflowError):  # the token ends by itself
            signed_in.airflow.sign_out()


def end() -> None:
    """Sign the account out because Airflow rejects their token, and show the form again.

    What they have typed on the page is kept until they have signed in again.
    """
    sign_out()
    typed_values.keep()
    st.session_state[_ENDED] = True
    st.rerun()


def menu(signed_in: Account) -> None:
    """Show the account's name, and a button to sign out."""
    with st.popover(esc(signed_in.name), icon=":material/account_circle:", key="account"):
        st.caption("Signed in with Airflow")
        st.button("Sign out", key="sign_out", icon=":material/logout:", on_click=sign_out)


def _form() -> None:
    place = st.empty()  # cleared before the page is shown: it would draw the page into the form
    with place.container(horizontal_alignment="center"), st.container(width=380, gap="small"):
        st.space("medium")
        with st.container(horizontal_alignment="center"):
            st.image(brand.ICON, width=56, alt="Lantern's logo")
            st.title("Console", anchor=False, width="content")
        if st.session_state.pop(_ENDED, False):
            kept = " What you typed is kept." if typed_values.are_kept() else ""
            st.info(
                f"You have been signed out. Please sign in again.{kept}", icon=":material/schedule:"
            )
        with st.form("sign_in"):
            name = st.text_input("Username", key="username", max_chars=200, autocomplete="username")
            password = st.text_input(
                "Password",
                type="password",
                key="password",
                max_chars=500,
                autocomplete="current-password",
            )
            submitted = st.form_submit_button(
                "Sign in", type="primary", key="send_sign_in", width="stretch",
                on_click=_take_password,
            )  # fmt: skip
        is_signed_in = False
        if submitted:
            with st.spinner("Signing in…"):
                password = st.session_state.pop(_PASSWORD, password)
                is_signed_in = _submit(name or "", password or "")
        st.caption("Use your Airflow account. `lantern up` printed where `admin`'s password is.")
    if is_signed_in:
        place.empty()
        st.rerun()


def _take_password() -> None:
    """Empty the field of the password, and leave the name."""
    st.session_state[_PASSWORD] = st.session_state.get("password")
    st.session_state["password"] = ""


def _submit(name: str, password: str) -> bool:
    """Return whether the operator is signed in; if not, show why."""
    if not name.strip() or not password:
        st.warning("Enter a username and a password.", icon=":material/edit:")
        return False
    name, address = name.strip(), network_of(st.context.ip_address or "")
    if seconds := ATTEMPTS.begin(name, address):
        wait = f"Too many attempts have failed. Try again in {seconds} s."
        st.error(wait, icon=":material/lock_clock:")
        return False
    refusal = _sign_in(name, password, address)
    if refusal is not None:
        message, icon = refusal
        st.error(message, icon=f":material/{icon}:")
    return refusal is None


def _sign_in(name: str, password: str, address: str) -> tuple[str, str] | None:
    """Sign in; return why that failed, with an icon's name, or None."""
    try:
        signed_in = sources.sign_in(name, password)
        is_operator = signed_in.airflow.user().is_operator
    except SignInRefusedError:
        return "Wrong username or password.", "lock"
    except (AirflowError, NotSetUpError) as error:
        ATTEMPTS.withdraw(name, address)
        return _without_answer(error)
    ATTEMPTS.succeeded(name, address)
    visitors.sign_in(
        signed_in,
        is_operator=is_operator,
        ask=lambda: _is_still_operator(signed_in),
        record=lambda dataset, user_id: _record_view(signed_in, dataset, user_id),
    )
    return None


def _without_answer(error: AirflowError | NotSetUpError) -> tuple[str, str]:
    """Return why an attempt ended without an answer about the password, with an icon's name."""
    if isinstance(error, NotSetUpError):
        return f"Airflow is not configured: {esc(str(error))}.", "cloud_off"
    icon = "lock" if isinstance(error, NotAllowedError) else "cloud_off"
    return next(text for kind, text in _CAUSES.items() if isinstance(error, kind)), icon


def _is_still_operator(signed_in: Account) -> bool:
    """Return whether Airflow still calls them an operator; they remain one while it is down."""
    try:
        return signed_in.airflow.user().is_operator
    except AirflowUnavailableError:
        return True
    except AirflowError:
        return False


def _record_view(signed_in: Account, dataset: str, user_id: str) -> bool:
    """Record in the audit that an operator acts as a user; return whether it succeeded."""
    try:
        with as_account(signed_in, dataset) as api:
            api.record_view(user_id)
    except (ApiError, AirflowError, NotSetUpError) as error:
        log.warning("view not recorded error=%s", error)
        return False
    return True
