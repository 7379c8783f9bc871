"""What an operator has typed on a page, kept over a sign-in.

Streamlit forgets the value of a widget that is not drawn, as those of the page are not while the
sign-in form is shown.
"""

from datetime import date, datetime, time

import streamlit as st

from dashboards import pages

_KEPT = "typed_before_sign_in"
_VALUES = (str, int, float, date, datetime, time, list, tuple)  # those of buttons are bool
Kept = tuple[str | None, dict[str, object]]


def keep() -> None:
    """Keep the values of this page's widgets with a key, apart from buttons and switches."""
    values = {
        str(key): value
        for key, value in st.session_state.items()
        if isinstance(value, _VALUES)
        and not isinstance(value, bool)
        and key not in pages.IN_EVERY_ADDRESS  # drawn before the page
    }
    st.session_state[_KEPT] = (st.context.url, values)


def are_kept() -> bool:
    """Return whether values are kept."""
    return _KEPT in st.session_state


def restore() -> None:
    """Let the widgets have the kept values again, if the page is still the same one."""
    kept: Kept | None = st.session_state.pop(_KEPT, None)
    if kept is None or kept[0] != st.context.url:
        return
    for key, value in kept[1].items():
        if st.session_state.get(key, value) == value:
            st.session_state[key] = value  # also where it is equal: the browser has lost it


def drop() -> None:
    """Forget the kept values."""
    st.session_state.pop(_KEPT, None)
