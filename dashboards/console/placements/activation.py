"""Activation of a draft, and the history of a placement with the way back to each version."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console.acts import reason
from dashboards.console.badges import Badge
from dashboards.console.components import button, row
from dashboards.console.placements import client, draft
from dashboards.console.sources import Account
from dashboards.text import esc, moment, plural
from serving.errors import PlacementChangedError, RequestRefusedError
from serving.schemas import PlacementVersion

_DONE = "placement_activated"


def confirmation() -> None:
    """Confirm an activation once, on the page that follows it."""
    if text := st.session_state.pop(_DONE, None):
        st.toast(text, icon=":material/check:")


def conflict(active: PlacementVersion) -> None:
    """If another version was activated meanwhile, offer to discard or to keep the draft."""
    if draft.version() == active.version:
        return
    with st.container(border=True, gap="small"):
        st.markdown(
            f":orange[:material/sync_problem:] **Version {active.version} was activated while you "
            f"were editing** ({author(active)}).  \n"
            "Your draft is unchanged and not active. Discard it, or keep it to replace version "
            f"{active.version}."
        )
        with st.container(horizontal=True, gap="small"):
            button("Discard my draft", "placement_discard", "sync", draft.restart, active)
            button(
                "Keep my draft", "placement_keep", "", draft.rebase, active.version,
                type="tertiary",
            )  # fmt: skip


def form(account: Account, dataset: str, active: PlacementVersion) -> None:
    """Ask for a reason and activate the draft."""
    obstacle = _obstacle(active)
    if obstacle:
        st.button(
            "Activate", key="activate_draft", icon=":material/gavel:", disabled=True,
            help=obstacle,
        )  # fmt: skip
        st.caption(esc(obstacle))
        return
    key = f"placement_{active.name}_{active.version}"
    question = f"The shelves are answered from the next request for *{esc(active.name)}* on."
    if why := reason.form(key, question, "Activate", "gavel"):
        _replace(account, dataset, active, why)


def history(account: Account, dataset: str, versions: Sequence[PlacementVersion]) -> None:
    """Show the versions with author and reason; an earlier one can be activated."""
    ui.heading("History")
    if not versions:
        st.caption("Every activated version will be listed here with its author and reason.")
    for index, version in enumerate(versions):
        with row(horizontal_alignment="distribute"):
            with st.container(width="content", gap=None):
                badge = "" if index else f" {Badge('ok', 'Active').markdown}"
                st.markdown(f"**Version {version.version}** · {summary(version)}{badge}")
                st.caption(author(version))
            if index:
                _way_back(account, dataset, version, versions[0].version)


def summary(version: PlacementVersion) -> str:
    """Return the number of shelves, and their titles, as Markdown."""
    titles = ", ".join(esc(shelf.title) for shelf in version.shelves)
    return f"{plural('shelf', len(version.shelves))}: {titles}"


def author(version: PlacementVersion) -> str:
    """Return a version's author, time and reason, as Markdown."""
    if not version.version:
        return "Built in"
    when = f", {moment(version.created_at)}" if version.created_at else ""
    return f"{esc(version.actor or 'Unknown')}{when}: {esc(version.reason)}"


def _obstacle(active: PlacementVersion) -> str | None:
    """Return the reason why the draft cannot be activated; None if it can."""
    if draft.version() != active.version:
        return "Another version is active now. Keep or discard your draft above."
    if problem := draft.problem():
        return problem
    if draft.shelves() == active.shelves:
        return "No changes yet."
    return None


def _replace(account: Account, dataset: str, active: PlacementVersion, why: str) -> None:
    try:
        new = client.replace(
            account, dataset, active.name, draft.shelves(), instead_of=draft.version(), reason=why
        )
    except PlacementChangedError:
        st.rerun()  # loads the active version, which `conflict` shows
    except RequestRefusedError as error:
        st.warning(esc(str(error)), icon=":material/rule:")
        return
    _finish(new)


def _way_back(account: Account, dataset: str, version: PlacementVersion, active: int) -> None:
    number = version.version
    question = f"Show the shelves of version {number} again? They become a new version."
    key = f"placement_back_{version.name}_{number}_{active}"
    why = reason.popover("Activate again", key, "history", question)
    if why is None:
        return
    try:
        new = client.activate(account, dataset, version.name, number, instead_of=active, reason=why)
    except PlacementChangedError:
        st.rerun()  # loads the active version
    except RequestRefusedError as error:
        st.warning(esc(str(error)), icon=":material/rule:")
        return
    _finish(new)


def _finish(new: PlacementVersion) -> None:
    draft.discard()
    st.session_state[_DONE] = f"Version {new.version} of {esc(new.name)} is active"
    st.rerun()
