"""The menu of operators, with the number of approvals that wait, in the tab's title too."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import streamlit as st

from airflow_api.client import AirflowError
from dashboards import menus, pages
from dashboards.console import sources
from dashboards.console.signing_in import sign_in
from dashboards.console.sources import Account
from dashboards.settings import NotSetUpError

SECONDS = 10  # between two looks at the questions; they are cached for all tabs of an operator


def show(sections: Mapping[str, Sequence[st.Page]], current: st.Page) -> None:
    """Show links to the pages, by section, and name the tab after the current page."""
    account = None
    with suppress(NotSetUpError):  # the page reports it
        account = sign_in.current()

    @st.fragment(run_every=SECONDS if account else None)
    def links() -> None:
        if account and sign_in.current() is None:  # signed out in another tab
            st.rerun()
        n_waiting = _n_waiting(account)
        st.set_page_config(page_title=tab_title(current.title, n_waiting))
        label = f"Retrains ({n_waiting})" if n_waiting else "Retrains"
        for title, shown in sections.items():
            menus.section(title, shown, {pages.retrains().url_path: label})

    links()


def _n_waiting(account: Account | None) -> int:
    with suppress(AirflowError):  # the page reports it
        return len(sources.waiting(account)) if account else 0
    return 0


def tab_title(title: str, n_waiting: int) -> str:
    """Return the title of a browser's tab: "(1) Retrains · Lantern"."""
    count = f"({n_waiting}) " if n_waiting else ""
    return f"{count}{title} · Lantern"
