"""Parts of pages that are drawn again by themselves show nothing after a sign-out."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.console.signing_in import sign_in
from tests.support.dashboards.console_pages import signed_in

CONSOLE = Path(sign_in.__file__).parents[1]


def script() -> None:
    """A page that another tab signs out of after the page has looked at the account."""
    import streamlit as st

    from dashboards.console.signing_in import fragments, sign_in
    from dashboards.identity import visitors

    @fragments.fragment()
    def show() -> None:
        st.markdown("a verdict")

    if sign_in.current() is None:
        st.markdown("the form")
        st.stop()
    if st.session_state.get("leaves"):
        visitors.BROWSERS.sign_out(visitors.browser())
    show()


@pytest.mark.usefixtures("airflow")
def test_a_fragment_is_drawn_until_its_account_is_signed_out() -> None:
    app = signed_in(AppTest.from_function(script)).run()
    assert [shown.value for shown in app.markdown] == ["a verdict"]

    app.session_state["leaves"] = True
    app.run()

    assert not app.exception
    assert [shown.value for shown in app.markdown] == ["the form"]


def test_all_fragments_of_the_console_end_with_the_sign_in() -> None:
    with_their_own_check = {"fragments.py", "menu.py"}
    plain = {path.name for path in CONSOLE.rglob("*.py") if "@st.fragment" in path.read_text()}

    assert plain == with_their_own_check
