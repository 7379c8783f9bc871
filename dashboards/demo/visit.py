"""The visit of a page: what the user did since it was opened, and the message about it.

The visit ends when another page, data set or user is shown, or the browser tab is closed.
"""

from dataclasses import dataclass

import streamlit as st

from dashboards import choices
from serving.schemas import Item

# Keys of the session's state.
_MESSAGE, _TOAST, _TOUCHED, _VISIT, _RERUN_PAGE = (
    "message", "toast", "touched", "visit", "rerun_page",
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """An event that a user sent: what an undo needs, also if another user is shown by then."""

    dataset: str
    user_id: str
    item: Item
    event_id: str


@dataclass(frozen=True)
class Removal:
    """A removal of pieces of an item from the basket: what puts them back."""

    item: Item
    kind: str
    n: int


@dataclass(frozen=True)
class Message:
    """What the last action did, as Markdown, and what can be undone: acts, or a removal."""

    text: str
    acts: tuple[Act, ...] = ()
    removal: Removal | None = None


def open_page(name: str) -> bool:
    """Begin a visit if another page, data set or user was shown before; return whether it began."""
    visit = (name, choices.dataset(), choices.user())
    begins = st.session_state.get(_VISIT) != visit
    if begins:
        st.session_state[_VISIT] = visit
        st.session_state[_TOUCHED] = {}
        for key in (_MESSAGE, _TOAST):
            st.session_state.pop(key, None)
    return begins


def continue_as(user_id: str) -> None:
    """Continue the visit as another user, and draw the whole page again: its header shows them."""
    page, *_ = st.session_state.get(_VISIT, ("",))
    st.session_state[_VISIT] = (page, choices.dataset(), user_id)
    redraw()


def redraw() -> None:
    """Draw the whole page again, with the menu, not only the fragment of the last action."""
    st.session_state[_RERUN_PAGE] = True


def acts() -> dict[str, Act | None]:
    """Return the last act of the visit by item id; None if it was undone."""
    acts: dict[str, Act | None] = st.session_state.setdefault(_TOUCHED, {})
    return acts


def report(message: Message, toast: tuple[str, str] | None = None) -> None:
    """Store a message, and a toast: its text and icon."""
    st.session_state[_MESSAGE] = message
    st.session_state[_TOAST] = toast


def message() -> Message | None:
    """Return the message about the last action of the visit."""
    last: Message | None = st.session_state.get(_MESSAGE)
    return last


def show_toast() -> None:
    """Rerun the page if the last action changed the user, then show the action's toast once."""
    if st.session_state.pop(_RERUN_PAGE, False):
        st.rerun()
    if toast := st.session_state.pop(_TOAST, None):
        text, icon = toast
        st.toast(text, icon=icon)
