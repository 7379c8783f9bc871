"""The audit as a table with filters, newest first."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import streamlit as st

from dashboards import pages, ui
from dashboards.console import components, runs
from dashboards.console.activity import client
from dashboards.console.activity.client import Chosen
from dashboards.console.badges import Badge
from dashboards.console.sources import Account
from dashboards.text import esc, moment, plural
from serving.schemas import Action, AuditEntry

LABELS: dict[Action, str] = {
    "publish": "Published",
    "activate": "Made live",
    "roll_back": "Rolled back",
    "pause": "Paused publishing",
    "resume": "Resumed publishing",
    "change_rules": "Changed rules",
    "create_key": "Created key",
    "revoke_key": "Revoked key",
    "erase": "Erased user",
    "inspect_user": "Looked at user",
    "start_ingest": "Started ingest",
    "start_retrain": "Started retrain",
    "stop_retrain": "Stopped retrain",
    "approve": "Approved retrain",
    "reject": "Rejected retrain",
    "release_rows": "Released rows",
    "reject_rows": "Rejected rows",
    "upload": "Uploaded file",
    "start_maintenance": "Started maintenance",
    "start_backtest": "Started backtest",
    "change_placement": "Changed placement",
}
NOUNS: dict[Action, str] = {  # first word of a target that the label has said
    "pause": "publishing",
    "resume": "publishing",
    "change_rules": "rules",
    "create_key": "key",
    "revoke_key": "key",
    "upload": "file",
    "start_backtest": "backtest",
    "change_placement": "placement",
    "start_ingest": "ingest",
    "start_retrain": "retrain",
    "stop_retrain": "retrain",
    "approve": "retrain",
    "reject": "retrain",
    "start_maintenance": "maintain",
    "erase": "user",
    "inspect_user": "user",
}
THROUGH = {
    "inspector": "in the Inspector",
    "view as": "saw the product as this user",
    "placement preview": "in a preview of a placement",
}
OF_RUNS = {
    "start_ingest",
    "start_maintenance",
    "start_retrain",
    "stop_retrain",
    "approve",
    "reject",
}
PERIODS: dict[str, timedelta | None] = {
    "Last 24 hours": timedelta(days=1),
    "Last 7 days": timedelta(days=7),
    "Last 30 days": timedelta(days=30),
    "All": None,
}
MAX_TEXT_LENGTH = 200
DIGEST_LENGTH = len("user ") + 12
_ANY = "Any"


def show(account: Account, dataset: str) -> None:
    """Show the filters and the entries that match."""
    chosen = _filters()
    page_number = int(st.session_state.get("activity_page") or 1)
    page = client.entries(account, dataset, chosen, page=page_number)
    n_pages = max(-(-page.total // client.PAGE_LENGTH), 1)
    if page_number > n_pages:  # the filter has fewer pages
        st.session_state["activity_page"] = 1
        st.rerun()
    ui.heading("Activity", f":gray[{plural('act', page.total)}]")
    if not page.entries:
        st.caption("No acts match. Publications and acts of operators are listed here.")
        return
    components.table([_row(entry) for entry in page.entries], "Acts with time, actor and reason")
    if n_pages > 1:
        st.pagination(n_pages, key="activity_page")
    with components.row(gap="small"):
        st.caption("Users are named by digests of their ids.", width="content")
        st.page_link(
            pages.inspector(),
            label=":gray[:small[Look up a user by id]]",
            icon=":material/troubleshoot:",
            query_params=pages.address(),
        )


def _filters() -> Chosen:
    """Show the filters, which are in the address, and return what they choose."""
    columns = st.columns([3, 2, 2, 2])
    text = columns[0].text_input(
        "Search",
        key="text",
        max_chars=MAX_TEXT_LENGTH,
        placeholder="Who, what or why",
        icon=":material/search:",
        bind="query-params",
    )
    actions: list[Action | None] = [None, *get_args(Action)]
    action = columns[1].selectbox(
        "What",
        actions,
        key="action",
        format_func=lambda action: LABELS[action] if action else _ANY,
        bind="query-params",
    )
    actor = columns[2].text_input(
        "Who",
        key="actor",
        max_chars=MAX_TEXT_LENGTH,
        placeholder="Exact name",
        bind="query-params",
    )
    period = columns[3].selectbox("When", list(PERIODS), index=3, key="period", bind="query-params")
    length = PERIODS[period]
    # whole minutes, so that the answer can be cached
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    return Chosen(
        action=action,
        actor=(actor or "").strip() or None,
        text=(text or "").strip() or None,
        since=now - length if length else None,
    )


def _row(entry: AuditEntry) -> dict[str, str]:
    badge = Badge("ok", "Done")
    if entry.outcome == "refused":
        badge = Badge("error", f"Refused: {(entry.problem or '').replace('-', ' ')}")
    return {
        "When": moment(entry.acted_at),
        "Who": runs.actor(entry.actor),
        "What": _act(entry),
        "Why": esc(entry.reason),
        "Outcome": badge.markdown,
    }


def _act(entry: AuditEntry) -> str:
    label = LABELS[entry.action]
    what = _what(entry).removeprefix(NOUNS.get(entry.action, "")).strip()
    return f"{label} :gray[{esc(what)}]" if what else label


def _what(entry: AuditEntry) -> str:
    before, after = entry.before or {}, entry.after or {}
    if "live_release" in after and before.get("live_release") != after["live_release"]:
        return f"{entry.target} instead of {before.get('live_release') or 'none'}"
    if "version" in after:
        versions = f"version {before.get('version', 0)} to {after['version']}"
        return f"{entry.target}: {versions}" if entry.action == "change_placement" else versions
    if "scopes" in after:
        replaced = ", in place of an earlier key" if "scopes" in before else ""
        return f"{entry.target}: {', '.join(after['scopes'])}{replaced}"
    if "through" in after:  # the target is a digest
        return f"{entry.target[:DIGEST_LENGTH]}…, {THROUGH.get(after['through'], '')}"
    if "n_events" in after:
        return f"{entry.target[:DIGEST_LENGTH]}…, {plural('event', after['n_events'])}"
    return runs.time_of(entry.target) if entry.action in OF_RUNS else entry.target
