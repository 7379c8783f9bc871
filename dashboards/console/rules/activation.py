"""Letting rules hold: which do now, by a reason and after a preview alone, and going back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import streamlit as st

from dashboards import ui
from dashboards.console import pieces, sign_in
from dashboards.console.data import Operator
from dashboards.console.rules import client, descriptions, draft, editor
from dashboards.text import esc, moment
from serving.errors import (
    KeyRefusedError,
    NoWindowListsError,
    OperatorsNotConfiguredError,
    RulesChangedError,
    ScopeMissingError,
)
from serving.schemas import RulesVersion, SlateRules

LONGEST_REASON = 200
_MADE = "rules_made"


@contextmanager
def told() -> Iterator[None]:
    """Say in words what keeps somebody from the rules."""
    with pieces.told():
        try:
            yield
        except ScopeMissingError:
            st.info(
                "Rules change what everybody is shown, so operators alone see and make them. Your "
                "role in Airflow lets you look at the console's other pages; an administrator of "
                "Airflow gives roles.",
                icon=":material/visibility:",
            )
        except KeyRefusedError:
            sign_in.end()
        except OperatorsNotConfiguredError:
            st.warning(
                "The API does not know where Airflow is, so it takes nobody for an operator. Set "
                "`API_AIRFLOW_URL` and start the API again.",
                icon=":material/link_off:",
            )


def news() -> None:
    """Say once that new rules hold."""
    if made := st.session_state.pop(_MADE, None):
        st.toast(f"Version {made} holds from the next list on", icon=":material/check:")


def holds(dataset: str, now: RulesVersion) -> None:
    """Show the rules that hold: who made them, when and why."""
    ui.heading("What holds now", f":violet-badge[Version {now.version}]" if now.version else "")
    titled = partial(editor.title_of, dataset)
    st.markdown("  \n".join(descriptions.sentences(now.rules, titled)))
    st.caption(by_whom(now) if now.version else "Nobody has made any rules yet.")


def by_whom(made: RulesVersion) -> str:
    """Return who made a version, when and why, as Markdown."""
    when = f", {moment(made.made_at)}" if made.made_at else ""
    return f"{esc(made.actor or 'Somebody')}{when}: {esc(made.reason)}"


def moved(now: RulesVersion) -> bool:
    """Say so, and what to do, if other rules hold than when the draft was begun."""
    if draft.version() == now.version:
        return False
    with st.container(border=True, gap="small"):
        st.markdown(
            f":orange[:material/sync_problem:] **Somebody was faster.** While you worked, version "
            f"{now.version} came to hold ({by_whom(now)}).  \n"
            "Your draft is untouched, and nothing of it holds. Begin again with what holds now, or "
            "keep your draft: it would then replace that version too."
        )
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Begin with what holds",
                key="draft_take_theirs",
                icon=":material/sync:",
                on_click=draft.begin_again,
                args=(now,),
            )
            st.button(
                "Keep my draft",
                key="draft_keep_mine",
                type="tertiary",
                on_click=draft.stand_on,
                args=(now.version,),
            )
    return True


def preview_button(who: Operator, dataset: str, asked: SlateRules | str) -> None:
    """Show the button, and try the rules when it is pressed."""
    if isinstance(asked, str):
        st.warning(asked, icon=":material/rule:")
    pressed = st.button(
        "Preview",
        key="preview_rules",
        type="primary",
        icon=":material/experiment:",
        disabled=isinstance(asked, str),
    )
    if not pressed or isinstance(asked, str):
        return
    with st.spinner("Arranging everybody's list…"):
        try:
            found = client.preview(who, dataset, asked)
        except NoWindowListsError:
            draft.remember(draft.Tried(asked, None))
        else:
            draft.remember(draft.Tried(asked, found))


def form(who: Operator, dataset: str, asked: SlateRules | str, now: RulesVersion) -> None:
    """Ask for a reason and let the rules hold, once exactly these were previewed."""
    ready = draft.tried(asked) is not None
    news_in_it = isinstance(asked, SlateRules) and not draft.same(asked, now.rules)
    with st.form("hold_rules", border=False):
        reason = st.text_input(
            "Reason",
            key="rules_reason",
            max_chars=LONGEST_REASON,
            placeholder="Why? It stands in the history beside your name.",
        )
        sent = st.form_submit_button(
            "Let these rules hold",
            key="send_rules",
            icon=":material/gavel:",
            disabled=not (ready and news_in_it and draft.version() == now.version),
        )
    if draft.version() != now.version:
        st.caption("Other rules hold by now. Choose above what becomes of your draft.")
    elif not news_in_it:
        st.caption("The editor has what holds now: there is nothing to change.")
    elif not ready:
        st.caption("Preview exactly these rules first; then they can hold.")
    if sent and isinstance(asked, SlateRules):
        _replace(who, dataset, asked, (reason or "").strip())


def history(versions: Sequence[RulesVersion]) -> None:
    """Show who made which rules and why, with a way back to each."""
    ui.heading("History")
    if not versions:
        st.caption("Each version stands here, with the name of who made it and his reason.")
    for nth, made in enumerate(versions):
        with st.container(
            horizontal=True,
            vertical_alignment="center",
            horizontal_alignment="distribute",
            gap="small",
        ):
            with st.container(width="content", gap=None):
                badge = " :green-badge[:material/check: Holds]" if nth == 0 else ""
                st.markdown(f"**Version {made.version}** · {descriptions.short(made.rules)}{badge}")
                st.caption(by_whom(made))
            if nth:
                st.button(
                    "Bring back",
                    key=f"bring_back_{made.version}",
                    icon=":material/history:",
                    help="Put these rules into the editor. Nothing changes until you let them hold",
                    on_click=draft.fill,
                    args=(made.rules,),
                )


def _replace(who: Operator, dataset: str, asked: SlateRules, reason: str) -> None:
    if not reason:
        st.warning("Say in a few words why. Whoever reads the history will ask.",
                   icon=":material/edit:")  # fmt: skip
        return
    try:
        made = client.replace(who, dataset, asked, instead_of=draft.version(), reason=reason)
    except RulesChangedError:
        st.rerun()  # the version that holds is read anew, and `moved` tells of it
    draft.stand_on(made.version)
    st.session_state[_MADE] = made.version
    st.session_state.pop("rules_reason", None)
    st.rerun()
