"""The live release, and the acts on it: roll back, pause and resume publishing."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboards import ui
from dashboards.console.acts import reason
from dashboards.console.badges import Badge
from dashboards.console.components import confirmation, row
from dashboards.console.releases import client, comparison
from dashboards.console.signing_in import fragments
from dashboards.console.sources import Account
from dashboards.text import age, esc, moment
from serving.operator_client import OperatorClient
from serving.schemas import LiveState, PastRelease

WATCH_SECONDS = 5
_DONE = "release_act"


def show(account: Account, dataset: str, releases: Sequence[PastRelease]) -> None:
    """Show the live release with its acts, and confirm the act that led here."""
    live = next((release for release in releases if release.live), None)
    confirmation(_DONE)
    if live is None:
        ui.heading("Live release", Badge("idle", "None").markdown)
        st.caption("No release is live.")
        return
    ui.heading(f"Release {live.release_id}", _badge(live).markdown)
    since = live.live_since or live.ready_at
    st.markdown(
        f"{esc(live.recipe)} · live since {moment(since)} ({age(since)}) · "
        f"{live.n_users:,} users, {live.n_items:,} items"
    )
    if live.publishing_paused_by:
        st.caption(
            f"{esc(live.publishing_paused_by)} paused publishing: retrains are evaluated but not "
            "published."
        )
    with row():
        _roll_back(account, dataset, live, releases)
        if live.publishing_paused_by:
            _resume(account, dataset)
        else:
            _pause(account, dataset, live)


def perform(
    account: Account,
    dataset: str,
    act: Callable[[OperatorClient], LiveState],
    message: Callable[[LiveState], str],
) -> None:
    """Perform an act, and show the page again with a message about it."""
    state = client.act(account, dataset, act)
    st.session_state[_DONE] = message(state)
    comparison.forget()
    st.rerun()


def went_live(state: LiveState) -> str:
    """Return the message after another release went live."""
    text = f"Release {state.live_release} is live."
    if state.publishing_paused_by:
        text += " Retrains are not published until publishing is resumed."
    return text


def watch(account: Account, dataset: str, shown: Sequence[PastRelease]) -> None:
    """Show the page again when another release goes live, or publishing is paused or resumed."""
    before = _state(shown)

    @fragments.fragment(run_every=WATCH_SECONDS)
    def check() -> None:
        if _state(client.history(account, dataset)) != before:
            st.rerun()

    check()


def _state(releases: Sequence[PastRelease]) -> list[tuple[int, bool, str | None]]:
    return [(each.release_id, each.live, each.publishing_paused_by) for each in releases]


def _badge(live: PastRelease) -> Badge:
    if live.publishing_paused_by:
        return Badge("warning", "Live, publishing paused")
    return Badge("ok", "Live")


def _roll_back(
    account: Account, dataset: str, live: PastRelease, releases: Sequence[PastRelease]
) -> None:
    older = [each for each in releases if each.kept and each.release_id < live.release_id]
    if not older:
        st.button(
            "Roll back", "roll_back_disabled", icon=":material/undo:", disabled=True,
            help="No older release is kept",
        )  # fmt: skip
        return
    target = older[0]
    question = (
        f"Serve release {target.release_id} ({esc(target.recipe)}) from now on, and pause "
        "publishing until an operator resumes it?"
    )
    if why := reason.popover("Roll back", f"roll_back_{live.release_id}", "undo", question):
        perform(
            account,
            dataset,
            lambda api: api.roll_back(instead_of=live.release_id, reason=why),
            went_live,
        )


def _pause(account: Account, dataset: str, live: PastRelease) -> None:
    key = f"pause_{live.release_id}"
    question = (
        f"Keep release {live.release_id} until an operator resumes publishing? Retrains are "
        "still evaluated."
    )
    if why := reason.popover("Pause publishing", key, "pause_circle", question):
        perform(
            account,
            dataset,
            lambda api: api.pause_publishing(reason=why),
            lambda _: "Publishing is paused.",
        )


def _resume(account: Account, dataset: str) -> None:
    question = "Let the next retrain publish again?"
    if why := reason.popover("Resume publishing", "resume", "play_circle", question):
        perform(
            account,
            dataset,
            lambda api: api.resume_publishing(reason=why),
            lambda _: "Publishing is resumed. The next retrain may publish.",
        )
