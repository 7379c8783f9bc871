"""What a page shows when it can't show what it is for. No page shows a stack trace."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboards import pages, product_api, ui
from dashboards.answer_cache import CachedAnswer
from dashboards.product_api import NotSetUpError
from dashboards.text import age, esc, plural
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
def error_boundary() -> Iterator[None]:
    """Run the part of a page that asks for data; an error ends the page with words instead."""
    try:
        yield
    except NoReleaseError:
        _nothing_released()
    except KeyRefusedError as error:
        _refused("The key of this app was refused", "`lantern up` makes it a new one.", error)
    except UnknownDatasetError as error:
        _refused("This data set is not served", "`lantern status` lists those that are.", error)
    except NotSetUpError as error:
        _refused("This app is not set up yet", "`lantern up` gives it an address and a key.", error)
    except ApiUnavailableError as error:
        _unavailable(error)
    except RequestRefusedError as error:
        _refused("This can't be asked", "Mind the length and the signs of what you typed.", error)
    except ApiError as error:
        _refused("The answer could not be read", "App and API may be of two versions.", error)


def stale_banner(*shown: CachedAnswer[Any] | None) -> None:
    """Say how old the page is, if any of its answers is an old one."""
    old = [answer.at for answer in shown if answer is not None and answer.stale]
    if old:
        st.warning(
            f"The recommendation service does not answer. What you see is {age(min(old))} old.",
            icon=":material/cloud_off:",
        )


def footer(about: About) -> None:
    """Show whose data this is, and where operators go."""
    st.space("small")
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
    ):
        st.caption(f"{esc(about.title)} · {plural(about.item_noun, about.n_items)}. "
                   f"{esc(about.licence)} Covers are drawn, not real.")  # fmt: skip
        st.page_link(pages.overview(), label=":gray[For operators]", query_params=pages.address())


def _nothing_released() -> None:
    ui.empty_state(
        "Nothing is released yet",
        "Lists appear here once the first retrain has published them. "
        "The console shows how far it is.",
    )
    with st.container(horizontal_alignment="center"):
        st.page_link(pages.overview(), label="Open the console", icon=":material/dashboard:")
    _again()


def _unavailable(error: Exception) -> None:
    log.warning("api is away error=%s", error)
    now = f"{datetime.now(UTC):%H:%M:%S} UTC"
    ui.empty_state(
        "The recommendation service does not answer",
        f"Nothing is lost. Tried at {now}. `lantern status` tells which part is down.",
    )
    _again()


def _refused(title: str, next_step: str, error: Exception) -> None:
    log.error("page stopped title=%r error=%s", title, error)
    ui.empty_state(title, next_step)
    _again()


def _again() -> None:
    with st.container(horizontal_alignment="center"):
        st.button(
            "Try again", key="again", icon=":material/refresh:", on_click=product_api.clear_answers
        )
    st.stop()
