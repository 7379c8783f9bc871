"""What somebody chose for the whole demo: the data set, and the person he looks at."""

import streamlit as st

from dashboards.demo import data
from dashboards.text import esc, plural
from serving.schemas import About, Person

STRANGER = "somebody-new"
LONGEST_ID = 200
LISTED = 20  # items of a list that are shown
RATED = 1000  # ratings of a person that pages know of


def dataset() -> str:
    """Return the data set that the page is about."""
    chosen = st.session_state.get("dataset")
    return str(chosen) if chosen else data.datasets()[0]


def dataset_switch(titles: dict[str, str]) -> None:
    """Let somebody choose the data set, where there is more than one."""
    if len(titles) < 2:  # noqa: PLR2004 # a choice
        return
    asked = st.query_params.get("dataset")
    if "dataset" not in st.session_state and asked in titles:
        st.session_state["dataset"] = asked
    st.selectbox(
        "Data set",
        list(titles),
        format_func=lambda name: titles.get(name, name),
        key="dataset",
        persist_state="session",
    )


def person(known: list[Person], about: About) -> str:
    """Let somebody pick a person or type an id; return the id."""
    options = {each.user_id: _label(each, about) for each in known}
    options[STRANGER] = "Somebody new"
    asked = st.query_params.get("person")
    if "person" not in st.session_state and asked:
        st.session_state["person"] = asked[:LONGEST_ID]
    if chosen := chosen_person():
        # What is not among the options would come back from the browser as its label.
        options.setdefault(chosen, f"Person {chosen}")
    chosen = st.selectbox(
        "Person",
        list(options),
        format_func=lambda user_id: options.get(user_id, f"Person {user_id}"),
        key="person",
        persist_state="session",
        accept_new_options=True,
        placeholder="Pick a person or type an id",
        label_visibility="collapsed",
        width=300,
    )
    return (chosen or STRANGER).strip()[:LONGEST_ID] or STRANGER


def chosen_person() -> str | None:
    """Return the person who was picked on another page or is named in the address, if any."""
    chosen = st.session_state.get("person") or st.query_params.get("person")
    return str(chosen)[:LONGEST_ID] if chosen else None


def who(user_id: str) -> str:
    """Return the person in words, as Markdown."""
    return "somebody new" if user_id == STRANGER else f"person {esc(user_id)}"


def _label(person: Person, about: About) -> str:
    return f"Person {person.user_id} · {plural(about.item_noun, person.n_rated)} rated"
