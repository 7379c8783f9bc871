"""What somebody chose for the whole demo: the data set, and the person he looks at.

Both stand in the address as well, so that a reload, a bookmark and the way back keep them.
"""

from collections.abc import Container, Sequence

import streamlit as st

from dashboards import product_api
from dashboards.text import esc, plural
from serving.schemas import About, User

NEW_VISITOR = "new-visitor"
NEW_USER_PREFIX = "n-"  # the API's ids of those who started begin so
_ADDRESS = "seen-in-the-address"
MAX_ID_LENGTH = 200
LIST_LENGTH = 20  # items of a list that are shown


def dataset() -> str:
    """Return the data set that the page is about."""
    chosen = st.session_state.get("dataset")
    return str(chosen) if chosen else product_api.datasets()[0]


def dataset_picker(titles: dict[str, str]) -> None:
    """Let somebody choose the data set, where there is more than one."""
    if len(titles) < 2:  # noqa: PLR2004 # a choice
        return
    _follow("dataset", titles)
    st.selectbox(
        "Data set",
        list(titles),
        format_func=lambda name: titles.get(name, name),
        key="dataset",
        persist_state="session",
    )
    _keep("dataset", next(iter(titles)))


def user_picker(known: Sequence[User], about: About) -> str:
    """Let somebody pick a person or type an id; return the id."""
    options = {each.user_id: _label(each, about) for each in known}
    options[NEW_VISITOR] = "Somebody new"
    first = next(iter(options))
    _follow("user")
    # The widget of another page is another one: it shows what holds, not the first of the options.
    st.session_state["user"] = chosen_user() or first
    # What is not among the options would come back from the browser as its label.
    options.setdefault(st.session_state["user"], f"Person {st.session_state['user']}")
    chosen = st.selectbox(
        "Person",
        list(options),
        format_func=lambda user_id: options.get(user_id, f"Person {user_id}"),
        key="user",
        persist_state="session",
        accept_new_options=True,
        placeholder="Pick a person or type an id",
        label_visibility="collapsed",
        width=300,
    )
    _keep("user", first)
    return (chosen or NEW_VISITOR).strip()[:MAX_ID_LENGTH] or NEW_VISITOR


def chosen_user() -> str | None:
    """Return the person who was picked on another page or is named in the address, if any."""
    chosen = st.session_state.get("user") or st.query_params.get("user")
    return str(chosen)[:MAX_ID_LENGTH] if chosen else None


def user_in_words(user_id: str) -> str:
    """Return the person in words, as Markdown."""
    return "somebody new" if user_id == NEW_VISITOR else f"person {esc(user_id)}"


def _follow(name: str, known: Container[str] | None = None) -> None:
    """Choose what the address asks for, if a link or the way back led to another one."""
    asked = st.query_params.get(name)
    news = asked != _seen().get(name) or name not in st.session_state
    if asked and news and (known is None or asked in known):
        st.session_state[name] = asked[:MAX_ID_LENGTH]


def _keep(name: str, first: str) -> None:
    """Write what is chosen into the address; not the first, which nobody chose."""
    chosen = st.session_state.get(name)
    if chosen and chosen != (st.query_params.get(name) or first):
        st.query_params[name] = chosen
    _seen()[name] = st.query_params.get(name)


def _seen() -> dict[str, str | None]:
    found: dict[str, str | None] = st.session_state.setdefault(_ADDRESS, {})
    return found


def _label(person: User, about: About) -> str:
    return f"Person {person.user_id} · {plural(about.item_noun, person.n_rated)} rated"
