"""One user: who they are, how their list came about, and with which release and rules."""

import re

import streamlit as st

from dashboards import pages, ui
from dashboards.console import components
from dashboards.console.badges import Badge
from dashboards.text import age, esc, moment, plural
from serving.schemas import (
    About,
    ErasureState,
    InspectedRelease,
    ListKind,
    RulesVersion,
    UserInspection,
    UserStatus,
)

# A part of a segment's name, and a character in it that a backslash precedes
_PART, _ESCAPE = re.compile(r"(?:\\.|[^\\,])+"), re.compile(r"\\(.)")
_STATUSES: dict[UserStatus, Badge] = {
    "known": Badge("ok", "In the live release"),
    "new": Badge("idle", "Newer than the live release"),
    "unknown": Badge("warning", "Unknown"),
    "erased": Badge("error", "Erased"),
}
KINDS: dict[ListKind, tuple[str, str]] = {
    "batch": (
        "Precomputed",
        "From the live release; slate rules or a new segment may have changed it",
    ),
    "live": (
        "Computed online",
        "Computed with the live model from ratings and events that are newer than the release",
    ),
    "fallback": ("Fallback", "Popular items: the model knows nothing about this user"),
}


def show(user: UserInspection, about: About) -> None:
    """Show a user's profile, the kind of their list, its release and its rules."""
    ui.heading(f"User {esc(user.user_id)}", _STATUSES[user.status].markdown)
    if user.erasure is not None:
        _erasure(user.erasure)
        return
    if user.status == "unknown":
        st.caption(
            "There is no trace of this id: no rating, no event, no token. The list below is what a "
            "new user gets."
        )
    profile = [
        f"Segment: {esc(segment_text(user.segment))}" if user.segment else "",
        f"created through the API {moment(user.registered_at)}" if user.registered_at else "",
    ]
    if text := " · ".join(filter(None, profile)):
        st.markdown(text)
    with st.grid(4, min_column_width=150):
        if user.kind is not None:
            kind, meaning = KINDS[user.kind]
            components.metric("List", kind, help=meaning)
        known = "rated" if about.has_ratings else "with events"
        components.metric(
            f"{plural(about.item_noun).capitalize()} {known}", f"{user.n_rated:,}",
            help="What the live release has learned",
        )  # fmt: skip
        components.metric(
            "Newer ratings", f"{user.n_new_ratings:,}",
            help="Added, changed or removed since the live release",
        )  # fmt: skip
        components.metric(
            "Events sent", f"{user.n_sent:,}",
            help="Events sent through the API in the last weeks, which Postgres still has",
        )  # fmt: skip
    if user.release is not None and user.rules is not None:
        origin(user.release, user.rules)


def segment_text(segment: str) -> str:
    """Return a segment in words: "sex F, age 1" for "sex=F,age=1"."""
    parts = (_ESCAPE.sub(r"\1", part) for part in _PART.findall(segment))
    return ", ".join(part.strip().replace("=", " ", 1) for part in parts)


def origin(release: InspectedRelease, rules: RulesVersion) -> None:
    """Show which release and which version of the rules an answer comes from."""
    with components.row(gap="small"):
        st.caption(f"{release_text(release)}  \n{rules_text(rules)}", width="content")
        st.page_link(
            pages.models(),
            label=":gray[:small[Evidence]]",
            icon=":material/fact_check:",
            query_params=pages.address() | {"retrain": release.retrain_id},
        )
        components.lineage_link(release.release_id)


def release_text(release: InspectedRelease) -> str:
    """Return a release with the time when it was ready, as Markdown."""
    ready, live = moment(release.ready_at), age(release.live_since)
    name = f"Release {release.release_id} · {esc(release.recipe)}"
    return f"{name} · ready {ready} · live for {live}"


def rules_text(rules: RulesVersion) -> str:
    """Return the version of the rules with its author, as Markdown."""
    if rules.rules.is_plain:
        return f"Rules version {rules.version}: no rules" if rules.version else "No rules"
    when = f", {moment(rules.created_at)}" if rules.created_at else ""
    return f"Rules version {rules.version} by {esc(rules.actor or 'unknown')}{when}"


def _erasure(erasure: ErasureState) -> None:
    lake = (
        f"deleted from the lake {moment(erasure.erased_at)}"
        if erasure.erased_at
        else "the lake follows within a day"
    )
    st.markdown(
        f"This user was erased {moment(erasure.requested_at)}, requested by "
        f"{esc(erasure.requested_by)}; {lake}. Nothing about them can be shown, and the id accepts "
        "no events."
    )
