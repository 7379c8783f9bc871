"""Versions of what operators compose: who made one, and what to do if another was activated."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from dashboards.console.components import button
from dashboards.text import esc, moment
from serving.schemas import PlacementVersion, RulesVersion

Version = TypeVar("Version", PlacementVersion, RulesVersion)


def author(version: PlacementVersion | RulesVersion) -> str:
    """Return a version's author, time and reason, as Markdown."""
    when = f", {moment(version.created_at)}" if version.created_at else ""
    return f"{esc(version.actor or 'Unknown')}{when}: {esc(version.reason)}"


def conflict(
    key: str,
    active: Version,
    made_by: str,
    *,
    discard: Callable[[Version], None],
    keep: Callable[[int], None],
) -> None:
    """Offer to discard or to keep a draft, as another version was activated meanwhile.

    `made_by` is Markdown. The keys of the buttons begin with `key`.
    """
    with st.container(border=True, gap="small"):
        st.markdown(
            f":orange[:material/sync_problem:] **Version {active.version} was activated while you "
            f"were editing** ({made_by}).  \n"
            "Your draft is unchanged and not active. Discard it, or keep it to replace version "
            f"{active.version}."
        )
        with st.container(horizontal=True, gap="small"):
            button("Discard my draft", f"{key}_discard", "sync", discard, active)
            button("Keep my draft", f"{key}_keep", "", keep, active.version, type="tertiary")
