"""A user's newest events: where each came from, and how far it has come."""

import streamlit as st

from dashboards import score_terms, ui
from dashboards.console import components
from dashboards.console.badges import Badge
from dashboards.text import NO_VALUE, esc, moment
from serving.schemas import About, UserEvent, UserInspection

PER_PAGE = 15
_KINDS = {
    "rate": "Rated", "unrate": "Removed rating", "hide": "Hid", "not_interested": "Not interested",
    "undo": "Undid an event",
}  # fmt: skip
_STATES = {
    "pending": Badge("running", "In the outbox"),
    "in_lake": Badge("warning", "In the lake"),
    "in_release": Badge("ok", "In the release"),
}


def show(user: UserInspection, about: About) -> None:
    """Show the events, newest first, some on a page."""
    ui.heading("Events", f":gray[newest {len(user.events):,}]" if user.events else "")
    if not user.events:
        st.caption("No event of this user is known.")
        return
    n_pages = -(-len(user.events) // PER_PAGE)
    key = f"events_{user.user_id}"
    number = min(int(st.session_state.get(key) or 1), n_pages)
    shown = user.events[(number - 1) * PER_PAGE : number * PER_PAGE]
    components.table([_row(event, about) for event in shown], "Events with time, kind and state")
    if n_pages > 1:
        st.pagination(n_pages, key=key)
    st.caption(
        "In the outbox: not collected yet. In the lake: collected. In the release: the live model "
        "was trained on this rating. Other events never get this state. File: not sent through "
        "the API, or deleted from Postgres since."
    )


def value_text(event: UserEvent, about: About) -> str:
    """Return a rating in words, and any other value as a number: a quantity is on no scale."""
    if event.value is None:
        return NO_VALUE
    is_rating = event.kind == "rate"
    return score_terms.rating_text(event.value, about) if is_rating else f"{event.value:g}"


def _row(event: UserEvent, about: About) -> dict[str, str]:
    origin = (
        f"API, {event.sent_by}" if event.sent_by else {"api": "API", "file": "File"}[event.origin]
    )
    state = Badge("idle", "Undone") if event.is_undone else _STATES[event.state]
    return {
        "When": moment(event.occurred_at),
        "What": _KINDS.get(event.kind, event.kind),
        "Title": esc(event.title or event.item_id),
        "Value": esc(value_text(event, about)),
        "From": esc(origin),
        "State": state.markdown,
    }
