"""Activation of a draft, and the history of a placement with the way back to each version."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from dashboards import ui
from dashboards.console.acts import reason, versions
from dashboards.console.badges import Badge
from dashboards.console.components import row
from dashboards.console.placements import client, draft, editor
from dashboards.console.sources import Account
from dashboards.text import esc, plural
from serving.errors import PlacementChangedError, RequestRefusedError
from serving.schemas import PlacementVersion

_DONE = "placement_activated"


def confirmation() -> None:
    """Confirm an activation once, on the page that follows it."""
    if text := st.session_state.pop(_DONE, None):
        st.toast(text, icon=":material/check:")


def conflict(active: PlacementVersion) -> None:
    """If another version was activated meanwhile, offer to discard or to keep the draft."""
    if draft.version() != active.version:
        by = author(active)
        versions.conflict("placement", active, by, discard=draft.restart, keep=draft.rebase)


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
    question = f"Requests for *{esc(active.name)}* get these shelves from then on."
    if why := reason.form(key, question, "Activate", "gavel"):
        seen = draft.version()
        replace = partial(client.replace, account, dataset, active.name, draft.shelves())
        _change(partial(replace, instead_of=seen, reason=why))


def history(account: Account, dataset: str, kept: Sequence[PlacementVersion]) -> None:
    """Show the versions with author and reason; an earlier one can be activated."""
    ui.heading("History")
    if not kept:
        st.caption("Every activated version will be listed here with its author and reason.")
    for index, version in enumerate(kept):
        with row(horizontal_alignment="distribute"):
            with st.container(width="content", gap=None):
                badge = "" if index else f" {Badge('ok', 'Active').markdown}"
                st.markdown(f"**Version {version.version}** · {summary(version)}{badge}")
                st.caption(author(version))
            if index:
                _way_back(account, dataset, version, kept[0].version)


def summary(version: PlacementVersion) -> str:
    """Return the number of shelves, and their titles, as Markdown."""
    titles = ", ".join(esc(shelf.title) for shelf in version.shelves)
    return f"{plural('shelf', len(version.shelves))}: {titles}"


def author(version: PlacementVersion) -> str:
    """Return a version's author, time and reason, as Markdown."""
    return versions.author(version) if version.version else "Built in"


def _obstacle(active: PlacementVersion) -> str | None:
    """Return the reason why the draft cannot be activated; None if it can."""
    if draft.version() != active.version:
        return "Another version is active now. Keep or discard your draft above."
    if problem := draft.problem():
        return problem
    if draft.shelves() == active.shelves:
        return "No changes yet."
    return None


def _way_back(account: Account, dataset: str, version: PlacementVersion, active: int) -> None:
    number = version.version
    question = f"Show the shelves of version {number} again? They become a new version."
    key = f"placement_back_{version.name}_{number}_{active}"
    if why := reason.popover("Activate again", key, "history", question):
        activate = partial(client.activate, account, dataset, version.name, number)
        _change(partial(activate, instead_of=active, reason=why))


def _change(make: Callable[[], PlacementVersion]) -> None:
    """Make a change, and confirm it on the next run, which shows what is active then."""
    try:
        new = make()
    except PlacementChangedError:
        st.rerun()  # loads the active version, which `conflict` shows
    except RequestRefusedError as error:
        st.warning(editor.refusal(error), icon=":material/rule:")
        return
    draft.discard()
    st.session_state[_DONE] = f"Version {new.version} of {esc(new.name)} is active"
    st.rerun()
