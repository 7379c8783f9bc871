"""The head of the page: whether everything is well, what is not, and what to do about it."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import streamlit as st

from dashboards import pages, ui
from dashboards.console import components, lake_data, sources
from dashboards.console.badges import Badge, Status
from dashboards.console.overview import facts
from dashboards.console.sources import Account
from dashboards.text import esc, plural, with_code
from monitoring import status
from monitoring.facts import DAG_KINDS
from monitoring.levels import NOTHING_TO_DO, Level, Line, Target, worst
from monitoring.limits import Limits
from warehouse import datasets

_PAGES: dict[Target | None, Callable[[], st.Page]] = {
    "data": pages.data,
    "retrains": pages.retrains,
    "models": pages.models,
    "releases": pages.releases,
    "maintenance": pages.maintenance,
}
N_COLUMNS = 3
_STATUSES: dict[Level, Status] = {"ok": "ok", "warning": "warning", "error": "error"}


def lines(account: Account, dataset: str) -> tuple[Line, ...]:
    """Return the status of the data set now.

    Raises:
        NotSetUpError: the lake's address is missing.
    """
    limits = Limits.of(datasets.load_named(dataset), lake_data.settings())
    return status.lines(facts.gather(account, dataset), limits, now=datetime.now(UTC))


def show(shown: Sequence[Line], dataset: str) -> None:
    """Show what needs attention first, each with its next step; then what is well."""
    attention = sorted(
        (line for line in shown if not line.is_ok), key=lambda line: line.level != "error"
    )
    well = [line for line in shown if line.is_ok]
    ui.heading("Status", _summary(tuple(shown)).markdown)
    for line in attention:
        _attention(line, dataset)
    if not well:
        return
    size = math.ceil(len(well) / N_COLUMNS)
    with st.grid(N_COLUMNS, min_column_width=250, gap="small"):
        for start in range(0, len(well), size):
            # one element per column: the browser needs a while for each
            st.markdown("\n\n".join(map(_well, well[start : start + size])))


def badge(line: Line) -> Badge:
    """Return the badge of a line: its colour, and its state in a word."""
    return Badge(_STATUSES[line.level], line.word)


def _well(line: Line) -> str:
    subject = f"{badge(line).markdown} **{esc(line.subject)}**"
    return f"{subject}  \n:small[:gray[{with_code(_fact(line))}]]"


def _fact(line: Line) -> str:
    """Return the detail of a line that is well, with its next step if there is one."""
    return line.detail if line.next_step == NOTHING_TO_DO else f"{line.detail} {line.next_step}"


def _summary(shown: tuple[Line, ...]) -> Badge:
    n_attention = sum(not line.is_ok for line in shown)
    if not n_attention:
        return Badge("ok", "All is well")
    verb = "needs" if n_attention == 1 else "need"
    return Badge(_STATUSES[worst(shown)], f"{plural('thing', n_attention)} {verb} attention")


def _attention(line: Line, dataset: str) -> None:
    with components.row(horizontal_alignment="distribute"):
        st.markdown(
            f"{badge(line).markdown} **{esc(line.subject)}** {with_code(line.detail)}  \n"
            f":gray[Next: {with_code(line.next_step)}]",
            width="stretch",
        )
        _link(line, dataset)


def _link(line: Line, dataset: str) -> None:
    """Show the way to the page where an operator acts on the line, if it is another one."""
    if line.link_to in _PAGES:
        page = _PAGES[line.link_to]()
        st.page_link(page, label=page.title, query_params=pages.address())
    elif line.link_to in DAG_KINDS:
        address, icon = sources.airflow_page(f"{dataset}__{line.link_to}"), ":material/open_in_new:"
        st.link_button("Airflow", address, type="tertiary", icon=icon)
