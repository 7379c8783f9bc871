"""The form that starts a backtest, and the progress of the one that is active."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Run
from dashboards.console import sources
from dashboards.console.acts.reason import MAX_REASON_LENGTH
from dashboards.console.backtest import client, reading
from dashboards.console.backtest.months import earlier, months_between
from dashboards.console.inline_errors import inline_errors
from dashboards.console.signing_in import fragments
from dashboards.console.sources import Account
from dashboards.text import plural
from warehouse.tables.vocabulary import (
    BACKTEST_PERIODS,
    MAX_BACKTEST_AGES,
    MAX_BACKTEST_CUTS,
    BacktestPeriod,
)

USUAL_CUTS = 6
AGES, USUAL_AGES = (1, 2, 3, 4, 6, 8, 12, 24), (1, 2, 3, 6)
WATCH_SECONDS = 10
_STARTED, _N_STARTED = "backtest_started", "n_started_backtests"


def button(account: Account, dataset: str, period: BacktestPeriod, active: Sequence[Run]) -> None:
    """Show the button with its form, and start a backtest when the form is submitted."""
    if st.session_state.pop(_STARTED, False):
        st.toast("Backtest started", icon=":material/play_arrow:")
    # another key is another element: after a start the form is closed and empty
    key = f"start_backtest_{st.session_state.get(_N_STARTED, 0)}"
    note = "A backtest is active" if active else None
    with (
        st.popover(
            "Start backtest",
            type="primary",
            icon=":material/play_arrow:",
            key=key,
            disabled=bool(active),
            help=note,
        ),
        inline_errors(),
    ):
        if not active:
            _form(account, dataset, period)


def watch(account: Account, dataset: str) -> None:
    """Show how many cuts of the active backtest are left, and the page again when one has ended."""
    active = client.active_runs(account, dataset)
    if not active:
        return

    @fragments.fragment(run_every=WATCH_SECONDS)
    def progress() -> None:
        with inline_errors():
            left = client.active_runs(account, dataset)
            if len(left) != len(active):
                reading.figures.clear()
                st.rerun()
        address = sources.airflow_page(f"{dataset}__backtest")
        st.info(
            f"A backtest is active: {plural('cut', len(active))} to evaluate, one at a time. "
            f"[Open in Airflow]({address})",
            icon=":material/progress_activity:",
        )

    progress()


def _form(account: Account, dataset: str, period: BacktestPeriod) -> None:
    with st.form("backtest", border=False):
        months = _months(dataset)
        left, right = st.columns(2)
        first = left.selectbox(
            "First month",
            months,
            index=max(0, len(months) - USUAL_CUTS),
            key="backtest_first",
            format_func=lambda month: f"{month:%b %Y}",
            help=f"A cut is the start of each {period} of this range: models are trained on the "
            "events before it.",
        )
        last = right.selectbox(
            "Last month",
            months,
            index=len(months) - 1,
            key="backtest_last",
            format_func=lambda month: f"{month:%b %Y}",
        )
        unit = st.segmented_control(
            "Evaluate on the",
            list(BACKTEST_PERIODS),
            default=period,
            required=True,
            key="backtest_period",
            format_func=lambda period: f"{period} after the cut",
        )
        ages = st.pills(
            "Ages of older models",
            AGES,
            default=USUAL_AGES,
            selection_mode="multi",
            key="backtest_ages",
            help="In months or weeks, as chosen above. Each age takes one more fit per cut.",
        )
        st.caption(
            "One cut is evaluated at a time. A retrain and a backtest wait for each other's Spark "
            "jobs. Nothing is published. The DAG is unpaused, and from then on evaluates each new "
            f"{period} as well."
        )
        reason = st.text_input(
            "Reason",
            key="backtest_reason",
            max_chars=MAX_REASON_LENGTH,
            placeholder="Kept in the activity log with your name",
        )
        submitted = st.form_submit_button("Start", type="primary", key="send_backtest")
    if not submitted:
        return
    if not (reason or "").strip():
        st.warning("Enter a reason.", icon=":material/edit:")
        return
    if first > last:
        st.warning("The first month is after the last one.", icon=":material/edit:")
        return
    if len(ages) > MAX_BACKTEST_AGES:
        st.warning(f"Choose at most {MAX_BACKTEST_AGES} ages.", icon=":material/edit:")
        return
    cuts = (first.date(), last.date())
    client.start(account, dataset, cuts, period=unit or period, ages=ages, reason=reason.strip())
    st.session_state[_STARTED] = True
    st.session_state[_N_STARTED] = st.session_state.get(_N_STARTED, 0) + 1
    st.rerun()


def _months(dataset: str) -> list[datetime]:
    """Return the months that can be evaluated, oldest first; the last year if it is unknown."""
    first, last = reading.event_months(dataset) or (None, datetime.now(UTC))
    last = last.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    oldest = earlier(last, MAX_BACKTEST_CUTS - 1)
    if first is None:
        return months_between(earlier(last, 12), last)
    return months_between(max(earlier(first, -1), oldest), last) or [last]
