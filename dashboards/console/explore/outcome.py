"""Runs a query in its own process, and keeps its outcome for the next runs of the page.

A click anywhere while a query runs ends it: Streamlit then ends the run of the page, and with it
the process. Every query is logged with the account's name, whatever becomes of it.
"""

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore

import streamlit as st

from dashboards.console import lake_data
from dashboards.console.explore.editor import (
    MAX_CHARACTERS,
    MEMORY_MB,
    SECONDS,
    QueryRequest,
)
from dashboards.console.sources import Account
from warehouse.errors import QueryRefusedError
from warehouse.sql import isolated
from warehouse.sql.engine import Limits
from warehouse.sql.isolated import Result

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)  # who queried what is kept, whatever else the app logs

AT_ONCE = 2  # queries of all accounts
SLOTS = BoundedSemaphore(AT_ONCE)  # the queries that this process may run at once
WAIT_SECONDS = 20.0  # a query waits at most so long for another one to end
STEP_SECONDS = 0.25
LOGGED_CHARACTERS = 2_000  # of a query, or of the reason why it was refused
_KEY, _STOPPED = "explore_outcome", "explore_stopped"


@dataclass(frozen=True)
class Outcome:
    """What became of a query: its rows, or the reason why there are none."""

    dataset: str
    sql: str
    result: Result | None = None
    reason: str = ""


def last(dataset: str) -> Outcome | None:
    """Return the outcome of the last query on the data set in this tab, if there is one."""
    outcome = st.session_state.get(_KEY)
    return outcome if isinstance(outcome, Outcome) and outcome.dataset == dataset else None


def was_stopped() -> bool:
    """Return, once, whether the operator ended the last query."""
    return bool(st.session_state.pop(_STOPPED, False))


def run(account: Account, dataset: str, request: QueryRequest) -> None:
    """Run a query and keep its outcome. Its progress is shown, with a button that ends it."""
    if len(request.sql) > MAX_CHARACTERS:  # of a text that the page put into the editor
        reason = f"the query has more than {MAX_CHARACTERS:,} characters"
        outcome = Outcome(dataset, request.sql[:MAX_CHARACTERS], reason=reason)
        st.session_state[_KEY], st.session_state[_STOPPED] = outcome, False
        return
    root = lake_data.of(dataset).root
    limits = Limits(SECONDS, MEMORY_MB, request.n_rows)
    log.info("query by=%r dataset=%s sql=%s", account.name, dataset, _logged(request.sql))
    st.session_state[_KEY], st.session_state[_STOPPED] = None, True
    progress = st.empty()
    with progress.container(horizontal=True, vertical_alignment="center", key="explore_progress"):
        line = st.empty()
        st.button("Stop", key="explore_stop", icon=":material/stop:")
    try:
        with _slot(line), isolated.started(root, request.sql, limits) as running:
            result = _followed(running, line)
        outcome = Outcome(dataset, request.sql, result)
        log.info(
            "query done by=%r rows=%d seconds=%.1f",
            account.name, result.table.num_rows, result.seconds,
        )  # fmt: skip
    except QueryRefusedError as error:
        outcome = Outcome(dataset, request.sql, reason=str(error))
        log.info("query refused by=%r reason=%r", account.name, str(error)[:LOGGED_CHARACTERS])
    st.session_state[_KEY], st.session_state[_STOPPED] = outcome, False
    progress.empty()


def _logged(sql: str) -> str:
    """Return the query as the log has it: of a long one the beginning, and a digest of all."""
    if len(sql) <= LOGGED_CHARACTERS:
        return repr(sql)
    digest = hashlib.sha256(sql.encode()).hexdigest()
    return f"{sql[:LOGGED_CHARACTERS]!r} characters={len(sql)} sha256={digest}"


def _followed(running: isolated.Running, line: st.delta_generator.DeltaGenerator) -> Result:
    """Wait for the result. Each step shows the time, and so notices a click on the page."""
    begun = time.monotonic()
    while (result := running.result(STEP_SECONDS)) is None:
        line.caption(f":material/progress_activity: Running, {time.monotonic() - begun:.0f} s")
    return result


@contextmanager
def _slot(line: st.delta_generator.DeltaGenerator) -> Iterator[None]:
    """Wait until less than `AT_ONCE` queries run, and count as one of them."""
    begun = time.monotonic()
    while not SLOTS.acquire(timeout=STEP_SECONDS):
        if time.monotonic() - begun > WAIT_SECONDS:
            raise QueryRefusedError("other queries are running. Try again in a moment")
        line.caption(":material/hourglass_empty: Waiting for other queries to end")
    try:
        yield
    finally:
        SLOTS.release()
