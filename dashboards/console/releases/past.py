"""The newest releases: who or what made each, when it was live, its verdict and figures."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboards import pages, ui
from dashboards.console import badges, components, evidence, runs
from dashboards.console.acts import reason
from dashboards.console.badges import Badge
from dashboards.console.components import row
from dashboards.console.releases import live as live_release
from dashboards.console.sources import Account
from dashboards.text import NO_VALUE, esc, moment, plural, with_minus
from serving.schemas import Activation, PastRelease, Verdict

ACTIONS = {
    "publish": "published",
    "activate": "made live",
    "roll_back": "rolled back to",
    "pause": "publishing paused",
    "resume": "publishing resumed",
}
_STATES = {
    "live": Badge("ok", "Live"),
    "kept": Badge("idle", "Kept"),
    "deleted": Badge("idle", "Deleted"),
}


def show(
    account: Account, dataset: str, releases: Sequence[PastRelease], verdicts: Sequence[Verdict]
) -> None:
    """Show the releases, newest first, each with its acts and a button that makes it live."""
    ui.heading("Newest releases", f":gray[{plural('release', len(releases))}]")
    by_retrain = {verdict.retrain_id: verdict for verdict in verdicts}
    live = next((release for release in releases if release.live), None)
    for release in releases:
        with row(horizontal_alignment="distribute", key=f"release_{release.release_id}"):
            with st.container(width="content", gap=None):
                _describe(release, by_retrain)
            if release.kept and not release.live:
                _activate_button(account, dataset, release, live)


def figures(recipe: str, verdict: Verdict | None) -> str:
    """Return a released recipe's NDCG@10 and its lead over the best popularity recipe, as text."""
    compared = evidence.comparisons(verdict)
    released, popularity = evidence.of_recipe(compared, recipe), evidence.best_popularity(compared)
    if released is None:
        return f"NDCG@10 {NO_VALUE}"
    text = f"NDCG@10 {released.value:.3f}"
    if popularity is None or popularity == released:
        return text
    lead = with_minus(f"{released.value - popularity.value:+.3f}")
    return f"{text} ({lead} vs. popularity)"


def _describe(release: PastRelease, by_retrain: Mapping[str, Verdict]) -> None:
    state = _STATES["live" if release.live else "kept" if release.kept else "deleted"]
    verdict = badges.VERDICTS.get(release.verdict)
    st.markdown(
        f"**Release {release.release_id}** · {esc(release.recipe)} {state.markdown}"
        + (f" {verdict.markdown}" if verdict else "")
    )
    st.caption(
        f"{_period(release)} · {release.n_users:,} users · "
        f"{figures(release.recipe, by_retrain.get(release.retrain_id))}"
    )
    if release.activations:
        st.caption("  \n".join(map(_sentence, release.activations[:3])))
    with row(gap="small"):
        st.page_link(
            pages.models(),
            label=":gray[:small[Evidence]]",
            icon=":material/fact_check:",
            query_params=pages.address() | {"retrain": release.retrain_id},
        )
        if release.kept:
            components.lineage_link(release.release_id)


def _period(release: PastRelease) -> str:
    if release.live:
        return f"live since {moment(release.live_since or release.ready_at)}"
    if release.live_until is None:
        return f"ready {moment(release.ready_at)}"
    return f"live until {moment(release.live_until)}"


def _sentence(act: Activation) -> str:
    why = f": {esc(act.reason)}" if act.reason else ""
    return f"{moment(act.acted_at)} {ACTIONS[act.action]} by {runs.actor(act.actor)}{why}"


def _activate_button(
    account: Account, dataset: str, release: PastRelease, live: PastRelease | None
) -> None:
    question = f"Serve release {release.release_id} ({esc(release.recipe)}) from now on?"
    if live is not None and live.publishing_paused_by:
        question += " This also resumes publishing."
    release_id, live_id = release.release_id, live.release_id if live else None
    key = f"activate_{release_id}_instead_of_{live_id}"
    if why := reason.popover("Make live", key, "publish", question):
        live_release.perform(
            account,
            dataset,
            lambda api: api.activate(release_id, instead_of=live_id, reason=why),
            live_release.went_live,
        )
