"""The editor of a query: its text, the example questions, and the button that runs it.

The text is in the address too, so that a question can be shared. An address never runs a query: it
may come from anybody, and the reader decides.
"""

from dataclasses import dataclass

import streamlit as st

from dashboards.console import components
from warehouse.sql.questions import QUESTIONS

SQL, ROWS, QUESTION = "explore_sql", "explore_rows", "explore_question"
MAX_CHARACTERS = 20_000
MAX_IN_ADDRESS = 4_000  # characters; servers bound the length of addresses
ROW_LIMITS = (100, 1_000, 10_000)
SECONDS, MEMORY_MB = 30, 1024
_PARAMETER, _LAST, _SHARED = "sql", "explore_last_address", "explore_shared"
_BY_TITLE = {question.title: question.sql for question in QUESTIONS}


@dataclass(frozen=True)
class QueryRequest:
    """A query that the operator runs, and the maximum number of its rows."""

    sql: str
    n_rows: int


def show() -> QueryRequest | None:
    """Show the editor; return the query if Run was pressed."""
    _read_address()
    st.selectbox(
        "Example questions",
        list(_BY_TITLE),
        index=None,
        key=QUESTION,
        placeholder="Choose a question, or write a query below",
        on_change=_take_question,
    )
    st.text_area(
        "SQL of DuckDB",
        key=SQL,
        help="The dialect is DuckDB's. For one row per element of a list, write "
        "`from silver.items, unnest(categories) as t(category)`.",
        height=220,
        max_chars=MAX_CHARACTERS,
        placeholder="select kind, count(*) from silver.events group by kind",
        persist_state="session",
    )
    if st.session_state.get(_SHARED) and st.session_state.get(SQL) == st.session_state[_SHARED]:
        st.caption(":material/link: This query came with the link. Read it, then press Run.")
    with components.row():
        pressed = st.button(
            "Run", key="explore_run", type="primary", icon=":material/play_arrow:",
            shortcut="Ctrl+Enter",
        )  # fmt: skip
        n_rows = st.selectbox(
            "Rows", ROW_LIMITS, index=1, key=ROWS, format_func=lambda n: f"At most {n:,} rows",
            label_visibility="collapsed", width=190, persist_state="session",
        )  # fmt: skip
        st.caption(f"Stops after {SECONDS} s, or beyond {MEMORY_MB // 1024} GB of memory.")
    text = str(st.session_state.get(SQL) or "").strip()
    if not pressed:
        return None
    if not text:
        st.warning("Write a query, or choose a question.", icon=":material/edit:")
        return None
    _write_address(text)
    return QueryRequest(text, int(n_rows or ROW_LIMITS[0]))


def insert(name: str) -> None:
    """Write a table's name at the end of the query, or a query that shows it into an empty one."""
    text = str(st.session_state.get(SQL) or "")
    is_untouched = not text.strip() or text == st.session_state.get("explore_begun")
    if is_untouched:
        text = st.session_state["explore_begun"] = f"select *\nfrom {name}\nlimit 100"
        st.session_state[SQL] = text
    else:
        st.session_state[SQL] = f"{text.rstrip()} {name}"


def text() -> str:
    """Return the query in the editor."""
    return str(st.session_state.get(SQL) or "").strip()


def _take_question() -> None:
    title = st.session_state.get(QUESTION)
    if title in _BY_TITLE:
        st.session_state[SQL] = _BY_TITLE[title]


def _read_address() -> None:
    """Take the query of the address if a link or the browser's history has changed it."""
    given = st.query_params.get(_PARAMETER)
    if given == st.session_state.get(_LAST):
        return
    st.session_state[_LAST] = given
    if given is not None and given.strip() != text():
        st.session_state[SQL] = st.session_state[_SHARED] = given[:MAX_CHARACTERS]


def _write_address(query: str) -> None:
    """Write the query into the address; a long one is left out."""
    if len(query) <= MAX_IN_ADDRESS:
        if st.query_params.get(_PARAMETER) != query:
            st.query_params[_PARAMETER] = query
    else:
        st.query_params.pop(_PARAMETER, None)
    st.session_state[_LAST] = st.query_params.get(_PARAMETER)
    st.session_state[_SHARED] = None
