"""Charts of a search's trials: rows for a chart, and the chart; nothing of Streamlit's."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboards.console.retrains import Trial, best_so_far, comparable

LABELS = {"complete": "Completed", "final": "Finalist", "pruned": "Pruned", "failed": "Failed"}
TITLES = {
    "reg": "regularisation (lambda)",
    "alpha": "confidence (alpha)",
    "p": "centring on the user (p)",
    "decay": "decay of ratings",
}
_WIDE = 3.0  # a number whose largest is so many times its smallest is drawn on a log scale
_REACH = 4.0  # times the distance of best and median: what lies lower is drawn at the edge

Colours = Mapping[str, str]


def _axis(**options: Any) -> alt.Axis:
    return alt.Axis(titleFontWeight="normal", titlePadding=6, **options)


_VALUES = _axis(format=".3f", tickCount=4)


def by_trial(found: Sequence[Trial]) -> pd.DataFrame:
    """Return one row per trial that has a value."""
    values = comparable(found)
    return pd.DataFrame(
        [_row(trial, values[trial.number]) for trial in found if trial.number in values]
    )


def line(found: Sequence[Trial]) -> pd.DataFrame:
    """Return the best value so far, drawn on to the last trial."""
    steps = best_so_far(found)
    if steps:
        steps.append((max(trial.number for trial in found), steps[-1][1]))
    return pd.DataFrame(steps, columns=["number", "value"])


def progress(
    rows: pd.DataFrame, steps: pd.DataFrame, colours: Colours
) -> alt.LayerChart | alt.FacetChart:
    """Return each trial as a point, over the line of the best so far."""
    y = alt.Y("value:Q", title="NDCG@10", scale=_domain(rows), axis=_VALUES)
    x = alt.X(
        "number:Q",
        title="Trial",
        scale=alt.Scale(domain=[-0.5, max(rows["number"].max(), 5) + 0.5], nice=False),
        axis=_axis(tickMinStep=1, tickCount=10, format="d", grid=False),
    )
    best = (
        alt.Chart(steps)
        .mark_line(interpolate="step-after", strokeWidth=2, color=colours["complete"], opacity=0.5)
        .encode(x=x, y=y)
    )
    return alt.layer(best, _points(rows, colours, 70).encode(x=x, y=y))


def parameters(found: Sequence[Trial]) -> list[str]:
    """Return the parameters that took more than one value, the most used first."""
    used: dict[str, list[float | str]] = {}
    for trial in found:
        for name, value in trial.parameters.items():
            used.setdefault(name, []).append(value)
    varied = [name for name, values in used.items() if len(set(values)) > 1]
    return sorted(varied, key=lambda name: -len(used[name]))


def slice_of(found: Sequence[Trial], name: str, colours: Colours) -> alt.Chart:
    """Return one parameter's values against what the trials came to."""
    known = comparable(found)
    has = [trial for trial in found if name in trial.parameters and trial.number in known]
    values = [trial.parameters[name] for trial in has]
    rows = pd.DataFrame(
        [_row(trial, known[trial.number]) | {"chosen": trial.parameters[name]} for trial in has]
    )
    y = alt.Y("value:Q", title=None, scale=_domain(by_trial(found)), axis=_VALUES)
    shown: alt.Chart = _points(rows, colours, 45).encode(x=_x(name, values), y=y)
    return shown


def _row(trial: Trial, value: float) -> dict[str, object]:
    return {
        "number": trial.number,
        "value": value,
        "kind": LABELS[trial.kind],
        "recipe": trial.recipe,
        "seconds": trial.seconds,
        "said": ", ".join(f"{k} {_short(v)}" for k, v in trial.parameters.items()) or "as given",
    }


def _points(rows: pd.DataFrame, colours: Colours, size: int) -> alt.Chart:
    kinds = [kind for kind in LABELS if LABELS[kind] in set(rows["kind"])] if len(rows) else []
    scale = alt.Scale(
        domain=[LABELS[kind] for kind in kinds], range=[colours[kind] for kind in kinds]
    )
    shown = alt.Chart(rows).mark_point(size=size, filled=True, opacity=0.85, clip=False)
    points: alt.Chart = shown.encode(
        color=alt.Color(
            "kind:N",
            scale=scale,
            legend=alt.Legend(orient="top", title=None) if size > 45 else None,  # noqa: PLR2004 # the large one
        ),
        tooltip=[
            alt.Tooltip("number:Q", title="Trial"),
            alt.Tooltip("kind:N", title="State"),
            alt.Tooltip("value:Q", title="NDCG@10", format=".4f"),
            alt.Tooltip("recipe:N", title="Recipe"),
            alt.Tooltip("said:N", title="Parameters"),
            alt.Tooltip("seconds:Q", title="Seconds", format=".0f"),
        ],
    )
    return points


def _domain(rows: pd.DataFrame) -> alt.Scale:
    """Return a scale on which the good ones can be told apart; hopeless ones lie at its edge."""
    values = rows["value"]
    top, low = float(values.max()), float(values.min())
    reach = max(_REACH * (top - float(values.median())), 1e-3)
    return alt.Scale(domain=[max(low, top - reach) - 0.002, top + 0.002], clamp=True, nice=False)


def _x(name: str, values: Sequence[float | str]) -> alt.X:
    numbers = [value for value in values if isinstance(value, int | float)]
    title = TITLES.get(name, name.replace("_", " "))
    if len(numbers) < len(values):
        axis = _axis(labelAngle=0, labelLimit=110, labelExpr="split(datum.label, '_')")
        return alt.X("chosen:N", title=title, axis=axis)
    whole = all(isinstance(value, int) for value in numbers)
    share = max(numbers) <= 1
    wide = not whole and not share and min(numbers) > 0 and max(numbers) / min(numbers) >= _WIDE
    scale = alt.Scale(type="log" if wide else "linear", zero=False, padding=8, nice=False)
    axis = _axis(tickCount=4, tickMinStep=1 if whole else 0, grid=False)
    return alt.X("chosen:Q", title=title, scale=scale, axis=axis)


def _short(value: float | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
