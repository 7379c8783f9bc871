"""Errors, the age of old data and the footer of each page. No page shows a stack trace."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboards import pages, ui
from dashboards.answers import CachedAnswer
from dashboards.settings import NotSetUpError
from dashboards.text import age, esc, plural, with_code
from serving.errors import (
    ApiError,
    ApiUnavailableError,
    KeyRefusedError,
    NoReleaseError,
    RequestRefusedError,
    UnknownDatasetError,
)
from serving.schemas import About

log = logging.getLogger(__name__)


@contextmanager
def error_boundary(*, in_console: bool = False) -> Iterator[None]:
    """Run the part of a page that fetches data; an error ends the page with an explanation."""
    try:
        yield
    except NoReleaseError:
        _no_release(in_console=in_console)
    except KeyRefusedError as error:
        _stop("The API rejected this app's key", "Run `lantern up` to create a new key.", error)
    except UnknownDatasetError as error:
        next_step = "`lantern datasets list` lists the installed ones."
        _stop("This data set is not available", next_step, error)
    except NotSetUpError as error:
        _stop("This app is not set up yet", "Run `lantern up` to set it up.", error)
    except ApiUnavailableError as error:
        next_step = (
            f"What you did before is saved. Last attempt: {datetime.now(UTC):%H:%M:%S} UTC.  \n"
            "Operators: `lantern status` shows which process is down."
        )
        _stop("The recommendation service is not responding", next_step, error)
    except RequestRefusedError as error:
        _stop("This request is not valid", "Try a shorter or simpler text.", error)
    except ApiError as error:
        _stop("The API sent an unexpected answer", "Its version may differ from the app's.", error)


def stale_banner(*answers: CachedAnswer[Any] | None) -> None:
    """Show how old the page's oldest answer is, if any is stale."""
    times = [answer.at for answer in answers if answer is not None and answer.stale]
    if times:
        st.warning(
            "The recommendation service is not responding. "
            f"This page shows data from {age(min(times))} ago.",
            icon=":material/cloud_off:",
        )


def footer(about: About) -> None:
    """Show the data set's licence and the way to the console."""
    st.space("small")
    with ui.spread_row():
        st.caption(
            f"{esc(about.title)} · {plural(about.item_noun, about.n_items)}. "
            f"{with_code(about.licence)} Cover art is generated."
        )
        st.page_link(pages.overview(), label=":gray[For operators]", query_params=pages.address())


def _no_release(*, in_console: bool) -> None:
    if in_console:
        text, label = "This page needs a release. The overview shows the progress.", "Overview"
    else:
        text = "Lists appear here once the first model is released. The console shows the progress."
        label = "Open the console"
    ui.empty_state("No recommendations yet", text)
    with st.container(horizontal_alignment="center"):
        st.page_link(pages.overview(), label=label, icon=":material/dashboard:")
    _try_again()


def _stop(title: str, next_step: str, error: Exception) -> None:
    level = logging.WARNING if isinstance(error, ApiUnavailableError) else logging.ERROR
    log.log(level, "page stopped title=%r error=%s", title, error)
    ui.empty_state(title, next_step)
    _try_again()


def _try_again() -> None:
    with st.container(horizontal_alignment="center"):
        st.button("Try again", key="again", icon=":material/refresh:", on_click=st.cache_data.clear)
    pages.end()
