"""The active rules, the activation of a previewed draft, and the history of versions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import streamlit as st

from dashboards import ui
from dashboards.console.acts import versions
from dashboards.console.badges import Badge
from dashboards.console.components import button, row
from dashboards.console.rules import client, descriptions, draft, editor, undo
from dashboards.console.rules.draft import PreviewedRules
from dashboards.console.sources import Account
from serving.errors import NoWindowListsError, RequestRefusedError, RulesChangedError
from serving.schemas import RulesPreview, RulesVersion, SlateRules

MAX_REASON_LENGTH = 200
_ACTIVATED = "rules_activated"


def confirmation() -> None:
    """Confirm an activation once, on the page that follows it."""
    if version := st.session_state.pop(_ACTIVATED, None):
        st.toast(f"Version {version} is active", icon=":material/check:")


def active_rules(dataset: str, active: RulesVersion) -> None:
    """Show the active rules with their author and reason."""
    ui.heading("Active rules", f":violet-badge[Version {active.version}]" if active.version else "")
    title_of = partial(editor.title_of, dataset)
    st.markdown("  \n".join(descriptions.sentences(active.rules, title_of)))
    st.caption(versions.author(active) if active.version else "No rules have been activated yet.")


def conflict(active: RulesVersion) -> None:
    """If other rules were activated meanwhile, offer to discard or to keep the draft."""
    if draft.version() != active.version:
        by = versions.author(active)
        versions.conflict("draft", active, by, discard=draft.restart, keep=draft.rebase)


def preview_button(account: Account, dataset: str, rules: SlateRules | None) -> None:
    """Show the button, and preview the rules when it is pressed."""
    if rules is None:
        st.warning("Two pins have the same rank.", icon=":material/rule:")
    is_pressed = st.button(
        "Preview", "preview_rules", type="primary", icon=":material/experiment:", disabled=not rules
    )
    if is_pressed and rules:
        with st.spinner("Applying the rules to sample lists…"):
            try:
                draft.keep_preview(PreviewedRules(rules, _preview(account, dataset, rules)))
            except RequestRefusedError as error:
                st.warning(editor.refusal(error), icon=":material/rule:")


def form(account: Account, dataset: str, rules: SlateRules | None, active: RulesVersion) -> None:
    """Ask for a reason and activate the rules. Disabled until exactly these were previewed."""
    obstacle = _obstacle(rules, active)
    with st.form("activate_rules", border=False, enter_to_submit=False):
        reason = st.text_input(
            "Reason",
            key="rules_reason",
            max_chars=MAX_REASON_LENGTH,
            placeholder="Shown in the history with your name",
        )
        submitted = st.form_submit_button(
            "Activate", key="send_rules", icon=":material/gavel:", disabled=bool(obstacle)
        )
    if obstacle:
        st.caption(obstacle)
    if submitted and rules is not None:
        _activate(account, dataset, rules, (reason or "").strip())


def history(account: Account, dataset: str, kept: Sequence[RulesVersion]) -> None:
    """Show the versions with author and reason.

    The active one can be undone, an older one be loaded into the editor.
    """
    ui.heading("History")
    if not kept:
        st.caption("Every activated version will be listed here with its author and reason.")
        return
    for index, version in enumerate(kept):
        with _version_row(version, is_active=not index):
            if index:
                _load_button(version)
            elif undone := undo.button(account, dataset, kept):
                st.session_state[_ACTIVATED] = undone
                st.rerun()
    if kept[-1].version == 1:  # else older versions are not listed
        with _version_row(undo.NO_RULES, is_active=False):
            _load_button(undo.NO_RULES)


@contextmanager
def _version_row(version: RulesVersion, *, is_active: bool) -> Iterator[None]:
    with row(horizontal_alignment="distribute"):
        with st.container(width="content", gap=None):
            badge = f" {Badge('ok', 'Active').markdown}" if is_active else ""
            summary = descriptions.summary(version.rules)
            st.markdown(f"**Version {version.version}** · {summary}{badge}")
            if version.version:
                st.caption(versions.author(version))
            else:
                st.caption("Before the first version")
        yield


def _load_button(version: RulesVersion) -> None:
    key, tooltip = f"load_{version.version}", "Nothing changes until you activate it"
    button("Load into editor", key, "history", draft.fill, version.rules, help=tooltip)


def _preview(account: Account, dataset: str, rules: SlateRules) -> RulesPreview | None:
    try:
        return client.preview(account, dataset, rules)
    except NoWindowListsError:
        return None


def _obstacle(rules: SlateRules | None, active: RulesVersion) -> str | None:
    """Return the reason why the draft cannot be activated; None if it can."""
    if draft.version() != active.version:
        return "Other rules are active now. Keep or discard your draft above."
    if rules is None:
        return "Give each pin a rank of its own."
    if draft.is_same(rules, active.rules):
        return "No changes yet."
    if draft.previewed(rules) is None:
        return "Preview these rules before you activate them."
    return None


def _activate(account: Account, dataset: str, rules: SlateRules, reason: str) -> None:
    if not reason:
        st.warning("Enter a reason.", icon=":material/edit:")
        return
    try:
        new = client.activate(account, dataset, rules, instead_of=draft.version(), reason=reason)
    except RulesChangedError:
        st.rerun()  # loads the active version, which `conflict` shows
    except RequestRefusedError as error:
        st.warning(editor.refusal(error), icon=":material/rule:")
        return
    draft.rebase(new.version)
    st.session_state[_ACTIVATED] = new.version
    st.session_state.pop("rules_reason", None)
    st.rerun()
