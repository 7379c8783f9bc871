"""The picker of a retrain, and the results of all retrains over time."""

import json
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime

import altair as alt
import pandas as pd
import streamlit as st

from airflow_api.answers import Question
from dashboards import ui
from dashboards.console import badges, charts, components, evidence, roles, runs
from dashboards.console.badges import Badge
from dashboards.console.retrain_rows import Retrain
from dashboards.text import NO_VALUE, esc
from serving.schemas import Comparison

MAX_ROWS = 8
MAX_CHARTED = 30
_PICKED = "shown_retrain"


def picker(retrains: Sequence[Retrain]) -> Retrain:
    """Return the retrain that the account picks: first that of `?retrain=`, else the newest."""
    by_id = {retrain.retrain_id: retrain for retrain in retrains}
    components.take_linked(_PICKED, "retrain", by_id, default=None)
    picked = st.selectbox(
        "Retrain",
        list(by_id),
        format_func=lambda retrain_id: label(by_id[retrain_id]),
        key=_PICKED,
        label_visibility="collapsed",
        filter_mode="contains",
    )
    newest = retrains[0].retrain_id
    shown = picked or newest
    # without a name a link follows the newest retrain; the address of a comparison names both
    components.write_address("retrain", shown, "" if "with" in st.query_params else newest)
    return by_id[shown]


def label(retrain: Retrain) -> str:
    """Return a retrain's label in the picker, by which the browser identifies the option.

    It is unique and does not change during the run.
    """
    at = _requested_at(retrain).astimezone(UTC)
    return " · ".join(filter(None, [f"{at.day} {at:%b %H:%M:%S} UTC", retrain.reason]))


def show(
    retrains: Sequence[Retrain],
    questions: Mapping[str, Question],
    running: Container[str],
    stopped: Container[str],
) -> None:
    """Show the recipes' NDCG@10 over the retrains, and how each retrain ended.

    `running` and `stopped` are ids of runs.
    """
    ui.heading("Retrains over time")
    rows = trend(retrains[:MAX_CHARTED])
    if len(set(rows["retrain_id"])) > 1:
        st.altair_chart(_chart(rows), height=200, alt="NDCG@10 of each retrain's recipes over time")
    table = [
        {
            "Requested (UTC)": runs.short_time(_requested_at(retrain)),
            "Verdict": outcome(retrain, questions.get(retrain.run_id), running, stopped).markdown,
            "Trials": str(retrain.search.n_trials) if retrain.search else NO_VALUE,
            "Challenger's NDCG@10": _challenger(retrain),
        }
        for retrain in retrains[:MAX_ROWS]
    ]
    components.table(table, "The last retrains: verdict, trials and the challenger's NDCG@10")


def outcome(
    retrain: Retrain,
    question: Question | None = None,
    running: Container[str] = (),
    stopped: Container[str] = (),
) -> Badge:
    """Return the badge of a retrain's outcome, or of its state while it runs."""
    is_active = retrain.run_id in running
    if question and (badge := badges.of_question(question, is_active=is_active)):
        return badge
    if is_active:
        return badges.of_state("running")
    if retrain.run_id in stopped:
        return badges.STOPPED
    if retrain.verdict is None:
        return Badge("idle", "No verdict")
    return badges.of_verdict(retrain.verdict.verdict)


def trend(retrains: Sequence[Retrain]) -> pd.DataFrame:
    """Return the best NDCG@10 per retrain and role, oldest retrain first.

    The row of popularity has the best popularity recipe whatever its role, so that the line only
    changes with the data.
    """
    rows = [
        {
            "retrain_id": retrain.retrain_id,
            "at": f"{runs.short_time(_requested_at(retrain))} UTC",
            "role": roles.LABELS[role],
            "line": role,
            "recipe": best.recipe,
            "value": best.value,
        }
        for retrain in reversed(retrains)
        for role in roles.CHARTED
        if (best := _best(evidence.comparisons(retrain.verdict), role))
    ]
    return pd.DataFrame(rows, columns=["retrain_id", "at", "role", "line", "recipe", "value"])


def _requested_at(retrain: Retrain) -> datetime:
    return runs.requested_at(retrain.run_id) or retrain.nominated_at


def _best(compared: Sequence[Comparison], role: str) -> Comparison | None:
    if role == "popularity":
        return evidence.best_popularity(compared)
    return evidence.best(compared, role)


def _chart(rows: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    times = dict(zip(rows["retrain_id"], rows["at"].str.removesuffix(" UTC"), strict=True))
    labels = f"{json.dumps(times)}[datum.value]"
    axis = charts.axis(labelExpr=labels, labelAngle=0, labelOverlap=True, grid=False)
    scale, title = alt.Scale(padding=0.3), "Retrain (UTC)"
    x = alt.X("retrain_id:N", sort=None, title=title, scale=scale, axis=axis)
    tooltip = [alt.Tooltip("at:N", title="Retrain"), alt.Tooltip("recipe:N", title="Recipe")]
    return charts.role_lines(rows, x, tooltip)


def _challenger(retrain: Retrain) -> str:
    challenger = evidence.best(evidence.comparisons(retrain.verdict), "challenger")
    if challenger is None:
        return NO_VALUE
    return f"{challenger.value:.4f} :gray[{esc(challenger.recipe)}]"
