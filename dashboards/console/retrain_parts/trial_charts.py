"""Charts of a search's trials, and the rows behind them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from dashboards.console.charts import axis
from dashboards.console.retrain_rows import Trial, best_so_far, comparable

LABELS = {"complete": "Completed", "final": "Finalist", "pruned": "Pruned", "failed": "Failed"}
TITLES = {
    "reg": "regularisation (lambda)",
    "alpha": "confidence (alpha)",
    "p": "user centring (p)",
    "decay": "rating decay",
}
_LOG_RATIO = 3.0  # ratio of largest to smallest value from which the scale is logarithmic
_REACH = 4.0  # height of the scale, in distances from best to median
_VALUES = {"format": ".3f", "tickCount": 4}

Colours = Mapping[str, str]


def by_trial(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return one row per trial that has a value."""
    values = comparable(trials)
    return pd.DataFrame(
        [_row(trial, values[trial.number]) for trial in trials if trial.number in values]
    )


def line(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return the best value so far by trial number, extended to the last trial."""
    steps = best_so_far(trials)
    if steps:
        steps.append((max(trial.number for trial in trials), steps[-1][1]))
    return pd.DataFrame(steps, columns=["number", "value"])


def progress(
    rows: pd.DataFrame, steps: pd.DataFrame, colours: Colours
) -> alt.LayerChart | alt.FacetChart:
    """Draw each trial as a point, and the best value so far as a line."""
    y = alt.Y("value:Q", title="NDCG@10", scale=_scale(rows), axis=axis(**_VALUES))
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
    legend = alt.Legend(orient="top", title=None)
    return alt.layer(best, _points(rows, colours, size=70, legend=legend, x=x, y=y))


def parameters(trials: Sequence[Trial]) -> list[str]:
    """Return the parameters with more than one value, most used first."""
    n_trials = Counter(name for trial in trials for name in trial.parameters)
    pairs = {(name, value) for trial in trials for name, value in trial.parameters.items()}
    n_values = Counter(name for name, _ in pairs)
    return [name for name, _ in n_trials.most_common() if n_values[name] > 1]


def by_parameter(trials: Sequence[Trial], name: str, colours: Colours) -> alt.Chart:
    """Draw each trial as a point by its value of one parameter."""
    metric = comparable(trials)
    with_both = [t for t in trials if name in t.parameters and t.number in metric]
    values = [trial.parameters[name] for trial in with_both]
    rows = pd.DataFrame(
        [_row(t, metric[t.number]) | {"parameter": t.parameters[name]} for t in with_both]
    )
    y = alt.Y("value:Q", title=None, scale=_scale(by_trial(trials)), axis=axis(**_VALUES))
    return _points(rows, colours, size=45, legend=None, x=_x(name, values), y=y)


def _row(trial: Trial, value: float) -> dict[str, object]:
    return {
        "number": trial.number,
        "value": value,
        "kind": LABELS[trial.kind],
        "recipe": trial.recipe,
        "seconds": trial.seconds,
        "parameters": parameter_text(trial) or "as nominated",
    }


def _points(
    rows: pd.DataFrame,
    colours: Colours,
    *,
    size: int,
    legend: alt.Legend | None,
    x: alt.X,
    y: alt.Y,
) -> alt.Chart:
    kinds = {label: colours[kind] for kind, label in LABELS.items() if label in set(rows["kind"])}
    scale = alt.Scale(domain=list(kinds), range=list(kinds.values()))
    marks = alt.Chart(rows).mark_point(size=size, filled=True, opacity=0.85, clip=False)
    points: alt.Chart = marks.encode(
        x=x,
        y=y,
        color=alt.Color("kind:N", scale=scale, legend=legend),
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


def _scale(rows: pd.DataFrame) -> alt.Scale:
    """Return a scale that separates the good trials. Lower values are drawn at its edge."""
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
    is_log = not integers and high > 1 and low > 0 and high / low >= _LOG_RATIO
    scale = alt.Scale(type="log" if is_log else "linear", zero=False, padding=8, nice=False)
    ticks = axis(tickCount=4, tickMinStep=1 if integers else 0, grid=False)
    return alt.X("parameter:Q", title=title, scale=scale, axis=ticks)


def parameter_text(trial: Trial) -> str:
    """Return a trial's parameters: "rank 24, reg 0.31". Numbers have three significant digits."""
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in trial.parameters.items()
    )
