"""Charts of a search's trials, and the rows behind them."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from dashboards.console.charts import axis
from dashboards.console.retrains import Trial, best_so_far, comparable

LABELS = {"complete": "Completed", "final": "Finalist", "pruned": "Pruned", "failed": "Failed"}
TITLES = {
    "reg": "regularisation (lambda)",
    "alpha": "confidence (alpha)",
    "p": "user centring (p)",
    "decay": "rating decay",
}
_LOG_RATIO = 3.0  # largest to smallest value from which the scale is logarithmic
_REACH = 4.0  # times the distance from best to median; lower values are drawn at the edge
_POINT_SIZE, _SMALL_POINT_SIZE = 70, 45  # only charts with the larger one have a legend

Colours = Mapping[str, str]


def by_trial(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return one row per trial that has a value."""
    values = comparable(trials)
    return pd.DataFrame(
        [_row(trial, values[trial.number]) for trial in trials if trial.number in values]
    )


def line(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return the best value so far by trial, extended to the last trial."""
    steps = best_so_far(trials)
    if steps:
        steps.append((max(trial.number for trial in trials), steps[-1][1]))
    return pd.DataFrame(steps, columns=["number", "value"])


def progress(
    rows: pd.DataFrame, steps: pd.DataFrame, colours: Colours
) -> alt.LayerChart | alt.FacetChart:
    """Return a chart of each trial as a point, over the line of the best so far."""
    y = alt.Y("value:Q", title="NDCG@10", scale=_domain(rows), axis=_value_axis())
    x = alt.X(
        "number:Q",
        title="Trial",
        scale=alt.Scale(domain=[-0.5, max(rows["number"].max(), 5) + 0.5], nice=False),
        axis=axis(tickMinStep=1, tickCount=10, format="d", grid=False),
    )
    best = (
        alt.Chart(steps)
        .mark_line(interpolate="step-after", strokeWidth=2, color=colours["complete"], opacity=0.5)
        .encode(x=x, y=y)
    )
    return alt.layer(best, _points(rows, colours, _POINT_SIZE).encode(x=x, y=y))


def parameters(trials: Sequence[Trial]) -> list[str]:
    """Return the parameters that took more than one value, the most used first."""
    values_by_name: dict[str, list[float | str]] = {}
    for trial in trials:
        for name, value in trial.parameters.items():
            values_by_name.setdefault(name, []).append(value)
    varied = [name for name, values in values_by_name.items() if len(set(values)) > 1]
    return sorted(varied, key=lambda name: -len(values_by_name[name]))


def by_parameter(trials: Sequence[Trial], name: str, colours: Colours) -> alt.Chart:
    """Return a chart of the trials' values by one parameter."""
    metric = comparable(trials)
    with_both = [t for t in trials if name in t.parameters and t.number in metric]
    values = [trial.parameters[name] for trial in with_both]
    rows = pd.DataFrame(
        [_row(t, metric[t.number]) | {"parameter": t.parameters[name]} for t in with_both]
    )
    y = alt.Y("value:Q", title=None, scale=_domain(by_trial(trials)), axis=_value_axis())
    points: alt.Chart = _points(rows, colours, _SMALL_POINT_SIZE).encode(x=_x(name, values), y=y)
    return points


def _row(trial: Trial, value: float) -> dict[str, object]:
    return {
        "number": trial.number,
        "value": value,
        "kind": LABELS[trial.kind],
        "recipe": trial.recipe,
        "seconds": trial.seconds,
        "parameters": ", ".join(f"{k} {short(v)}" for k, v in trial.parameters.items())
        or "as nominated",
    }


def _points(rows: pd.DataFrame, colours: Colours, size: int) -> alt.Chart:
    kinds = [kind for kind in LABELS if LABELS[kind] in set(rows["kind"])] if len(rows) else []
    scale = alt.Scale(
        domain=[LABELS[kind] for kind in kinds], range=[colours[kind] for kind in kinds]
    )
    marks = alt.Chart(rows).mark_point(size=size, filled=True, opacity=0.85, clip=False)
    points: alt.Chart = marks.encode(
        color=alt.Color(
            "kind:N",
            scale=scale,
            legend=alt.Legend(orient="top", title=None) if size == _POINT_SIZE else None,
        ),
        tooltip=[
            alt.Tooltip("number:Q", title="Trial"),
            alt.Tooltip("kind:N", title="State"),
            alt.Tooltip("value:Q", title="NDCG@10", format=".4f"),
            alt.Tooltip("recipe:N", title="Recipe"),
            alt.Tooltip("parameters:N", title="Parameters"),
            alt.Tooltip("seconds:Q", title="Duration (s)", format=".0f"),
        ],
    )
    return points


def _domain(rows: pd.DataFrame) -> alt.Scale:
    """Return a scale that separates the good trials; outliers below are clamped to its edge."""
    values = rows["value"]
    top, low = float(values.max()), float(values.min())
    reach = max(_REACH * (top - float(values.median())), 1e-3)
    return alt.Scale(domain=[max(low, top - reach) - 0.002, top + 0.002], clamp=True, nice=False)


def _x(name: str, values: Sequence[float | str]) -> alt.X:
    numbers = [value for value in values if isinstance(value, int | float)]
    title = TITLES.get(name, name.replace("_", " "))
    if len(numbers) < len(values):
        labels = axis(labelAngle=0, labelLimit=110, labelExpr="split(datum.label, '_')")
        return alt.X("parameter:N", title=title, axis=labels)
    integers = all(isinstance(value, int) for value in numbers)
    low, high = min(numbers), max(numbers)
    logarithmic = not integers and high > 1 and low > 0 and high / low >= _LOG_RATIO
    scale = alt.Scale(type="log" if logarithmic else "linear", zero=False, padding=8, nice=False)
    ticks = axis(tickCount=4, tickMinStep=1 if integers else 0, grid=False)
    return alt.X("parameter:Q", title=title, scale=scale, axis=ticks)


def _value_axis() -> alt.Axis:
    return axis(format=".3f", tickCount=4)


def short(value: float | str) -> str:
    """Return a parameter's value with three significant digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
