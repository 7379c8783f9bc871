"""What console pages are made of: badges, a card's own trouble, tables of states."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import pandas as pd
import streamlit as st

from airflow_api.client import (
    AirflowError,
    AirflowUnavailableError,
    NotAllowedError,
    SignInRefusedError,
)
from dashboards.console import sign_in
from dashboards.console.evidence import Tone
from dashboards.product_api import NotSetUpError
from dashboards.text import esc
from serving.errors import ApiError
from warehouse.errors import WarehouseError

log = logging.getLogger(__name__)

_BADGES: dict[Tone, str] = {
    "ok": ":green-badge[:material/check: {}]",
    "warn": ":orange-badge[:material/warning: {}]",
    "bad": ":red-badge[:material/close: {}]",
    "run": ":violet-badge[:material/progress_activity: {}]",
    "idle": ":gray-badge[:material/schedule: {}]",
}
ICONS: dict[Tone, str] = {
    "ok": ":green[:material/check_circle:]",
    "warn": ":orange[:material/skip_next:]",
    "bad": ":red[:material/cancel:]",
    "run": ":violet[:material/progress_activity:]",
    "idle": ":gray[:material/schedule:]",
}
_STATES: dict[str | None, tuple[Tone, str]] = {
    "success": ("ok", "Done"),
    "failed": ("bad", "Failed"),
    "upstream_failed": ("bad", "Not run"),
    "skipped": ("warn", "Skipped"),
    "running": ("run", "Running"),
    "restarting": ("run", "Restarting"),
    "up_for_retry": ("warn", "Will retry"),
    "awaiting_input": ("warn", "Waits for an answer"),
}


def badge(tone: Tone, words: str) -> str:
    """Return a badge as Markdown. `words` are made literal."""
    return _BADGES[tone].format(esc(words))


def state(name: str | None) -> tuple[Tone, str]:
    """Return Airflow's state of a run or a task in a tone and a word."""
    return _STATES.get(name, ("idle", "Waiting"))


def table(rows: Sequence[dict[str, str]], alt: str) -> None:
    """Show rows whose cells are Markdown."""
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt=alt)


@contextmanager
def card(*, height: Literal["content", "stretch"] = "content") -> Iterator[None]:
    """Frame a part of the page. Its own trouble is told inside; the other parts still show."""
    with st.container(border=True, height=height), told():
        yield


@contextmanager
def told() -> Iterator[None]:
    """Say in words what kept this part from its data; end the session where it is over."""
    try:
        yield
    except SignInRefusedError:
        sign_in.end()
    except NotAllowedError:
        _trouble("Your role in Airflow does not allow this.")
    except AirflowUnavailableError as error:
        _trouble("Airflow does not answer. `lantern status` tells which part is down.", error)
    except AirflowError as error:
        _trouble("Airflow does not know this yet, or refused it.", error)
    except ApiError as error:
        _trouble("The recommendation service does not answer this.", error)
    except WarehouseError as error:
        _trouble("The lake can't be read.", error)
    except NotSetUpError as error:
        _trouble(f"Not set up: {esc(str(error))}.", error)


def _trouble(words: str, error: Exception | None = None) -> None:
    if error is not None:
        log.warning("part of a page is missing error=%s", error)
    st.warning(words, icon=":material/cloud_off:")
