"""The quarantine: the checks that rows fail, how often over time, samples, and decisions."""

import json
from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.console import charts, components
from dashboards.console.badges import Badge
from dashboards.console.data import by_check, checks, client, deciding, reading
from dashboards.console.data.by_check import CheckRows
from dashboards.console.data.reading import Quarantined
from dashboards.console.sources import Account
from dashboards.text import NO_VALUE, esc, plural
from warehouse.quarantine import Sample

MAX_SENT = 160  # characters of a row that are shown
_PICKED = "shown_check"
_TIMES = ("rated_at", "occurred_at")


def show(account: Account, dataset: str) -> None:
    """Show the checks with rows in quarantine, and the one that the account picks."""
    rejected = reading.quarantined(dataset)
    decisions = client.in_force(account, dataset)
    n_open = by_check.n_open(rejected.groups, rejected.landings, decisions)
    components.confirmation(deciding.DONE)
    ui.heading("Quarantine", _badge(n_open, rejected).markdown)
    rows = by_check.by_check(rejected.groups, rejected.landings, decisions)
    if not rows:
        st.caption(
            "Rows that fail a data quality check are kept here. No model is trained on them."
        )
        return
    components.table([_row(each, rejected) for each in rows], "Checks with the rows that fail them")
    st.caption("A row that fails several checks is counted for each of them.")
    picked = _picker(rows)
    check = checks.of(picked.check)
    st.markdown(f"**{check.problem}** {check.advice}")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        landing_ids = tuple(sorted(picked.by_landing))
        samples = reading.samples(
            dataset, rejected.version, picked.target, picked.check, landing_ids
        )
        components.table(
            [_sample(each, check.column) for each in samples], "Samples with file, line and value"
        )
    with right:
        _over_time(picked, rejected)
    deciding.buttons(account, dataset, picked, rejected)
    deciding.history(account, dataset)


def shares(rows: CheckRows, rejected: Quarantined) -> pd.DataFrame:
    """Return the share of rows that fail the check by day of landing, oldest first."""
    days = by_check.share_by_day(rows, rejected.landings.values())
    return pd.DataFrame(
        [
            {"day": f"{day:%d %b %Y}", "share": n / max(n_rows, 1), "failed": n, "rows": n_rows}
            for day, n, n_rows in days
        ],
        columns=["day", "share", "failed", "rows"],
    )


def _badge(n_open: int, rejected: Quarantined) -> Badge:
    if n_open:
        return Badge("warning", f"{plural('row', n_open)} to decide on")
    n_rows = sum(group.n_rows for group in rejected.groups)
    return Badge("ok", f"{plural('row', n_rows)}, all decided" if n_rows else "Empty")


def _row(rows: CheckRows, rejected: Quarantined) -> dict[str, str]:
    landed = sum(x.n_rows for x in rejected.landings.values() if x.target == rows.target)
    released = rows.by_state["released"]
    return {
        "Check": f"{esc(checks.label(rows.check))} :gray[{rows.target}]",
        "Rows": f"{rows.n_rows:,}",
        "Share": f"{rows.n_rows / max(landed, 1):.2%}",
        "To decide": f"**{rows.by_state['open']:,}**" if rows.by_state["open"] else "0",
        "Rejected": f"{rows.by_state['rejected']:,}",
        "Released": f"{released:,} :gray[with the next ingest]" if released else "0",
        "Can be released": "Yes" if checks.is_releasable(rows.check) else "No",
    }


def _picker(rows: Sequence[CheckRows]) -> CheckRows:
    """Return the check that the account picks: first that of `?check=`, else the first."""
    by_key = {each.key: each for each in rows}
    components.take_linked(_PICKED, "check", by_key, default=None)
    picked = st.selectbox(
        "Check",
        list(by_key),
        key=_PICKED,
        format_func=lambda key: f"{checks.label(by_key[key].check)} ({by_key[key].target})",
    )
    key = picked or rows[0].key
    components.write_address("check", key, rows[0].key)
    return by_key[key]


def _sample(sample: Sample, column: str) -> dict[str, str]:
    value = _value(sample.sent, column)
    short = sample.sent if len(sample.sent) <= MAX_SENT else f"{sample.sent[:MAX_SENT]}…"
    return {
        "Where": f"{esc(sample.source_file)}:{sample.source_line}",
        "Value": NO_VALUE if value is None else f"**{esc(value)}**",
        "Row as sent": f":small[{esc(short)}]",
    }


def _value(sent: str, column: str) -> str | None:
    """Return the value that the check is about; None if it is not one value, or is empty."""
    try:
        row = json.loads(sent)
    except ValueError:
        return None
    names = _TIMES if column == "time" else (column,)
    values = [row[name] for name in names if isinstance(row, dict) and row.get(name) is not None]
    return str(values[0])[:MAX_SENT] if values else None


def _over_time(rows: CheckRows, rejected: Quarantined) -> None:
    by_day = shares(rows, rejected)
    if len(by_day) < 2:  # noqa: PLR2004 # a course needs two days
        st.caption("From the second day on, the share of such rows is charted by day of landing.")
        return
    chart = (
        alt.Chart(by_day)
        .mark_bar(color=ui.theme_colour("orange"))
        .encode(
            x=alt.X("day:N", sort=None, title=None, axis=charts.axis(labelAngle=0)),
            y=alt.Y("share:Q", title="Share of rows", axis=charts.axis(format=".1%", tickCount=4)),
            tooltip=[
                alt.Tooltip("day:N", title="Landed"),
                alt.Tooltip("failed:Q", title="Rows that fail", format=","),
                alt.Tooltip("rows:Q", title="All rows", format=","),
                alt.Tooltip("share:Q", title="Share", format=".2%"),
            ],
        )
    )
    st.altair_chart(chart, height=180, alt="Share of rows that fail the check, by day of landing")
