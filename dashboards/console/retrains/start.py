"""The form that starts a retrain: made from the DAG's own fields, with presets and an estimate."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

import streamlit as st

from airflow_api.answers import Param, Run
from dashboards.console import components, lake_data, runs, sources
from dashboards.console.acts.reason import MAX_REASON_LENGTH
from dashboards.console.inline_errors import inline_errors
from dashboards.console.retrain_parts import client
from dashboards.console.retrain_rows import TrialCost
from dashboards.console.retrains import fields
from dashboards.console.retrains.fields import MINUTES, TRIALS, Values
from dashboards.console.signing_in import fragments
from dashboards.console.sources import Account, Usual
from dashboards.text import esc, plural
from serving.errors import RequestRefusedError
from warehouse.errors import WarehouseError

MAX_SHORT_TEXT = 500  # characters; a longer field is an area of several lines
_DONE, _REASON, _MAY_WAIT = "started_retrain", "retrain_reason", "retrain_may_wait"


def confirmation() -> None:
    """Confirm a start once, on the page that follows it."""
    if message := st.session_state.pop(_DONE, None):
        st.success(message, icon=":material/play_circle:")


def show(account: Account, dataset: str, newest: Sequence[Run]) -> None:
    """Show the form; it is closed while a retrain is active. `newest` are the last runs."""
    active = next((run for run in reversed(newest) if run.state in runs.ACTIVE), None)
    icon = ":material/play_arrow:"
    with st.expander("Start a retrain", expanded=active is None, icon=icon), inline_errors():
        dag = client.dag(account, f"{dataset}__retrain")
        if dag is None:
            st.caption("Airflow has not loaded this data set's DAG yet. Try again in a minute.")
            return
        if dag.is_paused:
            st.caption("The DAG is paused in Airflow. The run will wait until the DAG is unpaused.")
        _fragment(account, dataset, dag.params, newest, active)


@fragments.fragment()
def _fragment(
    account: Account,
    dataset: str,
    params: Sequence[Param],
    newest: Sequence[Run],
    active: Run | None,
) -> None:
    """Show the fields; a change of one draws nothing else again."""
    with inline_errors():
        cost = _trial_cost(dataset)
        _presets(params, cost, newest)
        values = _fields(params)
        st.caption(estimate(values, cost, sources.usual(account, f"{dataset}__retrain", None)))
        reason = st.text_input(
            "Reason",
            key=_REASON,
            max_chars=MAX_REASON_LENGTH,
            placeholder="Shown with the verdict, and kept in the activity log with your name",
        )
        may_wait = active is not None and _wait(active)
        if st.button(
            "Start after the active one" if active else "Start",
            key="send_retrain",
            type="primary",
            icon=":material/play_arrow:",
            disabled=active is not None and not may_wait,
        ):
            _send(account, dataset, params, values, reason=reason or "", may_wait=may_wait)


def estimate(values: Values, cost: TrialCost | None, usual: Usual) -> str:
    """Return how long a retrain with these values takes, and how many trials it has."""
    others = sum(s for task, s in usual.seconds.items() if task not in {"search", "approve"})
    minutes, most = float(values.get(MINUTES) or 0), int(values.get(TRIALS) or 0)
    if not minutes:
        search, text = 0.0, "No search."
    elif cost is None:
        search = minutes * 60
        text = f"Up to {minutes:g} min of search. The first search shows how many trials fit."
    else:
        n_trials = min(cost.n_trials(minutes * 60), most or 10**6)
        search = max(cost.preparation + n_trials * cost.per_trial, 0.0)
        search = search if most or n_trials == 1 else minutes * 60
        text = f"About {plural('trial', n_trials)} in {_minutes(search)} of search."
    if not others:
        return f"{text} The other tasks' duration is known after the first retrain."
    earlier = plural("earlier run", usual.n_runs)
    return f"{text} In total about {_minutes(search + others)}, as in {earlier}."


def _minutes(seconds: float) -> str:
    return f"{max(round(seconds / 60), 1)} min"


def _trial_cost(dataset: str) -> TrialCost | None:
    with suppress(WarehouseError):  # the cards report it
        return lake_data.trial_cost(dataset)
    return None


def _presets(params: Sequence[Param], cost: TrialCost | None, newest: Sequence[Run]) -> None:
    last = next((run.conf for run in newest if run.conf), None)
    presets = [
        ("Quick", "bolt", fields.quick(params), "No search: the nominated recipe is evaluated"),
        ("Thorough", "manage_search", fields.thorough(params, cost), "A search of about 30 trials"),
    ]
    if last is not None:
        values = fields.same_as(params, last)
        presets.append(("Same as the last", "history", values, "The values of the last run"))
    with components.row():
        for label, icon, values, text in presets:
            key = f"preset_{label.lower().replace(' ', '_')}"
            components.button(label, key, icon, partial(_fill, values), help=text)


def _fill(values: Values) -> None:
    for name, value in values.items():
        st.session_state[f"param_{name}"] = value


def _fields(params: Sequence[Param]) -> Values:
    for name, value in fields.defaults(params).items():
        st.session_state.setdefault(f"param_{name}", value)
    shown = [param for param in params if param.name != fields.REASON]
    with st.grid(2, min_column_width=260):
        return {param.name: _field(param) for param in shown}


def _field(param: Param) -> str | int | float | bool | None:
    key, label, text = f"param_{param.name}", esc(fields.title(param)), esc(param.description)
    schema, kind = param.schema, fields.kind(param)
    if "enum" in schema:
        labels = schema.get("values_display") or {}
        options: list[str] = schema["enum"]
        return st.selectbox(
            label, options, key=key, help=text, format_func=lambda name: labels.get(name, name)
        )
    if kind == "boolean":
        return st.toggle(label, key=key, help=text, persist_state="page")
    if kind in {"integer", "number"}:
        low, high = schema.get("minimum"), schema.get("maximum")
        step = 1 if kind == "integer" else None
        return st.number_input(label, low, high, key=key, help=text, step=step)
    if examples := schema.get("examples"):
        return _suggested(key, label, text, examples, schema.get("values_display") or {})
    longest = schema.get("maxLength")
    if longest is not None and longest <= MAX_SHORT_TEXT:
        return st.text_input(label, key=key, help=text, max_chars=longest)
    return st.text_area(label, key=key, help=text, height=100)


def _suggested(
    key: str, label: str, text: str, examples: Sequence[str], labels: Mapping[str, str]
) -> str:
    """Show a field that offers examples, and takes any other text."""
    given = st.session_state.get(key) or None
    st.session_state[key] = given
    chosen = st.selectbox(
        label,
        [*examples, *([given] if given and given not in examples else [])],
        index=None,
        key=key,
        help=text,
        placeholder="Empty, a name, or JSON",
        accept_new_options=True,
        format_func=lambda name: f"{name}: {labels[name]}" if name in labels else name,
    )
    return chosen or ""


def _wait(active: Run) -> bool:
    name = runs.name(active.dag_id, active.run_id)
    st.info(
        f"{name} is active. One retrain runs at a time: another one waits until it has ended.",
        icon=":material/hourglass_top:",
    )
    return st.toggle("Start another one, which waits", key=_MAY_WAIT)


def _send(
    account: Account,
    dataset: str,
    params: Sequence[Param],
    values: Values,
    *,
    reason: str,
    may_wait: bool,
) -> None:
    by_name = {param.name: param for param in params}
    problems = [fields.problem(by_name[name], value) for name, value in values.items()]
    if not reason.strip():
        problems.append("Enter a reason.")
    if messages := [text for text in problems if text]:
        st.warning(esc(" ".join(messages)), icon=":material/edit:")
        return
    sent = {name: v.strip() if isinstance(v, str) else v for name, v in values.items()}
    try:
        run = client.start(account, dataset, sent, reason=reason.strip(), may_wait=may_wait)
    except RequestRefusedError as error:
        st.warning(f"Airflow refused a value: {esc(str(error))}", icon=":material/edit:")
        return
    name = runs.name(f"{dataset}__retrain", run.run_id)
    waits = " It waits until the active one has ended." if may_wait else ""
    st.session_state[_DONE] = f"{name} is started.{waits}"
    for key in (_REASON, _MAY_WAIT, *(f"param_{name}" for name in values)):
        st.session_state.pop(key, None)
    st.rerun()
