"""What the last ingest did: the files it landed, and what became of each row."""

from collections.abc import Sequence

import streamlit as st

from airflow_api.answers import Run
from dashboards import ui
from dashboards.console import badges, components, lake_data, last_runs, runs, sources
from dashboards.console.acts import reason
from dashboards.console.acts.client import acting_as
from dashboards.console.badges import Badge
from dashboards.console.data import reading
from dashboards.console.data.landed import LandedFile, of_last_run
from dashboards.console.signing_in import fragments
from dashboards.console.sources import Account
from dashboards.text import NO_VALUE, esc, moment, plural
from warehouse.reconciliation import Reconciliation

SHOWN_FILES = 12
WATCH_SECONDS = 5
_BALANCED = Badge("ok", "Balances")
_PENDING = Badge("running", "Pending")
_UNBALANCED = Badge("error", "Rows missing")


def show(account: Account, dataset: str, files: Sequence[LandedFile]) -> None:
    """Show the last run of the ingest, and the files of the last run that landed any."""
    newest = last_runs.newest(account, f"{dataset}__ingest")
    ui.heading("Last ingest", badges.of_state(newest[0].state).markdown if newest else "")
    st.markdown(_sentence(newest[0] if newest else None, files))
    if files:
        rows = [_row(file) for file in of_last_run(files)[:SHOWN_FILES]]
        components.table(rows, "Files of the last ingest with the outcome of their rows")
    if waiting := [file.name for file in files if file.outcome is None]:
        st.caption(f"{plural('file', len(waiting))} pending: {esc(', '.join(waiting[:5]))}.")
    st.caption(_feedback(lake_data.feedback(dataset).reconciliation))


def start_button(account: Account, dataset: str) -> None:
    """Show a button with a form that starts an ingest; it is disabled while one is running."""
    if last_runs.is_active(account, f"{dataset}__ingest"):
        st.button(
            "Start ingest", "start_ingest_disabled", icon=":material/sync:", disabled=True,
            help="An ingest is running",
        )  # fmt: skip
        return
    question = "Land new files, and refine their rows?"
    if why := reason.popover("Start ingest", "start_ingest", "sync", question, act="Start"):
        with acting_as(account, dataset, sources.refresh_runs) as client:
            client.start_ingest(reason=why)
        st.rerun()


def watch(account: Account, dataset: str) -> None:
    """While an ingest is running, show the page again once it has ended."""
    dag_id = f"{dataset}__ingest"
    if not last_runs.is_active(account, dag_id):
        return

    @fragments.fragment(run_every=WATCH_SECONDS)
    def check() -> None:
        if not last_runs.is_active(account, dag_id):
            reading.clear()
            st.rerun()

    check()


def _sentence(run: Run | None, files: Sequence[LandedFile]) -> str:
    if run is None and not files:
        return "No ingest has run. It lands the files of the source, and checks their rows."
    landed = of_last_run(files) if files else []
    by = runs.link(files[0].run_key) or esc(files[0].run) if files else ""
    text = f"Files were last landed {moment(files[0].landed_at)} by {by}." if files else ""
    text = text or "No file has been landed yet."
    is_other = run is not None and all(x.run != f"{run.dag_id}/{run.run_id}" for x in landed)
    if run is not None and run.state == "success" and is_other:
        ran = runs.link(f"{run.dag_id}/{run.run_id}") or esc(run.run_id)
        return f"The last run, {ran}, found no new file. {text}"
    return text


def _row(file: LandedFile) -> dict[str, str]:
    outcome = file.outcome
    badge = _PENDING if outcome is None else _BALANCED if file.balances else _UNBALANCED
    counts = {
        "Accepted": outcome and outcome.n_accepted,
        "Duplicates": outcome and outcome.n_duplicates,
        "Quarantined": outcome and outcome.n_quarantined,
        "Dropped": outcome and outcome.n_dropped + outcome.n_erased,
    }
    return {
        "File": f"{esc(file.name)} :gray[{file.target}]",
        "Rows": f"{file.n_rows:,}",
        **{name: NO_VALUE if n is None else f"{n:,}" for name, n in counts.items()},
        "": badge.markdown,
    }


def _feedback(counts: Reconciliation) -> str:
    """Return what became of the events of the product's API, as a sentence."""
    if not counts.n_outbox and not counts.n_bronze:
        return "Dropped rows are those that the manifest leaves out, and those of erased users."
    state = "all accounted for" if counts.balances else "**events are missing or duplicated**"
    return (
        f"Through the API: {plural('event', counts.n_bronze)} in the lake, "
        f"{counts.n_accepted:,} accepted, {plural('duplicate', counts.n_duplicates)}, "
        f"{counts.n_quarantined:,} quarantined, {counts.n_waiting:,} pending; {state}. "
        "Dropped rows are those that the manifest leaves out, and those of erased users."
    )
