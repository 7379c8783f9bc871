"""Who is at the console. Operators are Airflow's users; this app keeps no password and no file.

A session lives in the memory of the server for as long as the browser's tab is open.
"""

import streamlit as st

from airflow_api.client import AirflowError, SignInRefusedError
from dashboards import brand
from dashboards.console import data
from dashboards.console.data import Operator
from dashboards.product_api import NotSetUpError
from dashboards.text import esc

_WHO, _ENDED = "operator", "session_ended"


def operator() -> Operator:
    """Return who signed in; ask him to, and end the page, if nobody did."""
    found = st.session_state.get(_WHO)
    if not isinstance(found, Operator):
        _ask()
        st.stop()
    return found


def sign_out() -> None:
    """Forget who signed in."""
    st.session_state.pop(_WHO, None)


def end() -> None:
    """Sign out somebody whose token Airflow no longer takes, and ask him to sign in again."""
    sign_out()
    st.session_state[_ENDED] = True
    st.rerun()


def menu(who: Operator) -> None:
    """Show who signed in, and the way out."""
    with st.popover(esc(who.name), icon=":material/account_circle:", key="account"):
        st.caption("Signed in with Airflow")
        st.button("Sign out", key="sign_out", icon=":material/logout:", on_click=sign_out)


def _ask() -> None:
    with st.container(horizontal_alignment="center"), st.container(width=380, gap="small"):
        st.space("medium")
        with st.container(horizontal_alignment="center"):
            st.image(brand.ICON, width=56, alt="Lantern's sign")
            st.title("Console", anchor=False, width="content")
        if st.session_state.pop(_ENDED, False):
            st.info("Your session has ended. Sign in again.", icon=":material/schedule:")
        with st.form("sign_in", clear_on_submit=True):
            name = st.text_input("User", key="username", max_chars=200, autocomplete="username")
            password = st.text_input(
                "Password",
                type="password",
                key="password",
                max_chars=500,
                autocomplete="current-password",
            )
            sent = st.form_submit_button(
                "Sign in", type="primary", key="send_sign_in", width="stretch"
            )
        if sent:
            _try(name or "", password or "")
        st.caption("Operators are Airflow's users. `lantern up` printed the first one's password.")


def _try(name: str, password: str) -> None:
    if not name.strip() or not password:
        st.warning("Type a user and a password.", icon=":material/edit:")
        return
    try:
        st.session_state[_WHO] = data.sign_in(name.strip(), password)
    except SignInRefusedError:
        st.error("User or password is wrong.", icon=":material/lock:")
        return
    except (AirflowError, NotSetUpError):
        st.error("Airflow does not answer, or takes no more attempts for now. `lantern status` "
                 "tells more.", icon=":material/cloud_off:")  # fmt: skip
        return
    st.rerun()
