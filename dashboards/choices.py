"""The choices that apply to all pages: the data set, and for operators the user.

The data set is also in the address, so that a reload, a bookmark and the browser's history keep it.
The user never is.
"""

from collections.abc import Container, Sequence

import streamlit as st

from dashboards import product_api
from dashboards.identity import visitors
from dashboards.text import plural
from serving.schemas import About, User
from serving.schemas.base import MAX_ID_LENGTH

YOURSELF = ""  # the option of operators who act as no other user
_ADDRESS, _VIEW_AS, _NOT_RECORDED = "last-address", "view-as", "view-not-recorded"
_ICON = ":material/cloud_off:"


def dataset() -> str:
    """Return the chosen data set, by default the first one."""
    chosen = st.session_state.get("dataset")
    return str(chosen) if chosen else product_api.datasets()[0]


def dataset_picker(titles: dict[str, str], *, has_label: bool = True) -> None:
    """Show the choice of data set if there are several, with a label that can be seen or not."""
    if titles and dataset() not in titles:
        st.session_state["dataset"] = next(iter(titles))
    if len(titles) < 2:  # noqa: PLR2004 # a choice
        return
    _read_address("dataset", titles)
    st.selectbox(
        "Data set",
        list(titles),
        format_func=lambda name: titles.get(name, name),
        key="dataset",
        persist_state="session",
        label_visibility="visible" if has_label else "collapsed",
    )
    _write_address("dataset", next(iter(titles)))


def user(of_dataset: str | None = None) -> str:
    """Return the id of the visitor's user; of the one as whom an operator acts, if they chose.

    `of_dataset`: by default the chosen data set.
    """
    chosen, acts_as = visitors.viewed_user(), visitors.user(of_dataset or dataset())
    if chosen is not None and acts_as != chosen:
        st.session_state[_NOT_RECORDED] = True
    return acts_as


def view_as_picker(users: Sequence[User], about: About) -> None:
    """Let an operator choose the user as whom they act; ids that are not listed can be typed."""
    user()  # the choice ends here if the audit cannot record it
    if st.session_state.pop(_NOT_RECORDED, False):
        st.toast("The activity log is not available, so you cannot view as a user", icon=_ICON)
    labels = {YOURSELF: "Yourself"} | {user.user_id: _label(user, about) for user in users}
    chosen = st.session_state[_VIEW_AS] = visitors.viewed_user() or YOURSELF
    # The browser sends the label, not the id, of a value that is not among the options.
    labels.setdefault(chosen, f"User {chosen}")
    st.selectbox(
        "View as",
        list(labels),
        format_func=lambda user_id: labels.get(user_id, f"User {user_id}"),
        key=_VIEW_AS,
        on_change=_view_as,
        accept_new_options=True,
        placeholder="Pick a user or type an id",
        width=300,
    )


def _view_as() -> None:
    chosen = str(st.session_state[_VIEW_AS] or YOURSELF)
    visitors.view_as(None if chosen == YOURSELF else chosen[:MAX_ID_LENGTH])


def _label(user: User, about: About) -> str:
    return f"User {user.user_id} · {n_known(user, about)}"


def n_known(user: User, about: About) -> str:
    """Return how many items the release has of a user: "5 films rated", "events on 5 books"."""
    items = plural(about.item_noun, user.n_rated)
    return f"{items} rated" if about.has_ratings else f"events on {items}"


def _read_address(name: str, options: Container[str]) -> None:
    """Choose the value in the address if a link or the browser's history has changed it."""
    value = st.query_params.get(name)
    changed = value != _last_address().get(name) or name not in st.session_state
    if changed and value in options:
        st.session_state[name] = value


def _write_address(name: str, default: str) -> None:
    """Write the choice into the address, unless it is the default."""
    chosen = st.session_state.get(name)
    if chosen and chosen != (st.query_params.get(name) or default):
        st.query_params[name] = chosen
    _last_address()[name] = st.query_params.get(name)


def _last_address() -> dict[str, str | None]:
    last: dict[str, str | None] = st.session_state.setdefault(_ADDRESS, {})
    return last
