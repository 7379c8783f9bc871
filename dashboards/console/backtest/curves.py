"""The charts of backtests: recipes through time, and the loss by the age of the model."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from dashboards import ui
from dashboards.console import charts, roles
from dashboards.console.backtest.cadence import Loss, percent
from dashboards.console.backtest.reading import Figure
from dashboards.text import plural

ROLES = ("champion", "popularity", "baseline")
# opaque although the bands are not; in two columns, as phones are narrow
LEGEND = alt.Legend(
    orient="top", title=None, symbolSize=60, symbolOpacity=1, columns=2, columnPadding=8
)
LABELS = {**roles.LABELS, "champion": "Backtested recipe"}


def best_by_role(figures: Sequence[Figure]) -> dict[str, str]:
    """Return the recipe of each role with the best mean NDCG@10, weighted by users."""
    totals: dict[tuple[str, str], list[float]] = {}
    for figure in figures:
        if figure.age == 0:
            total = totals.setdefault((figure.role, figure.recipe), [0.0, 0.0])
            total[0] += figure.n_users * figure.value
            total[1] += figure.n_users
    best = {}
    for role in ROLES:
        means = {r: s / max(n, 1.0) for (of_role, r), (s, n) in totals.items() if of_role == role}
        if means:
            best[role] = max(means, key=means.__getitem__)
    return best


def through_time(figures: Sequence[Figure]) -> pd.DataFrame:
    """Return a row per cut and role: the backtested recipe, the best of the other roles."""
    best = best_by_role(figures)
    rows = [
        {
            "cut": figure.cut.replace(tzinfo=None),
            "label": f"{figure.cut:%Y-%m-%d}",
            "role": LABELS[figure.role],
            "recipe": figure.recipe,
            "value": figure.value,
            "low": figure.value if figure.low is None else figure.low,
            "high": figure.value if figure.high is None else figure.high,
            "n_users": figure.n_users,
        }
        for figure in figures
        if figure.age == 0 and best.get(figure.role) == figure.recipe
    ]
    return pd.DataFrame(rows)


def time_chart(rows: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """Draw NDCG@10 as a line per role with its interval as a band."""
    colours = [ui.theme_colour(roles.COLOURS[role]) for role in ROLES]
    shown = [LABELS[role] for role in ROLES if LABELS[role] in set(rows["role"])]
    palette = dict(zip([LABELS[role] for role in ROLES], colours, strict=True))
    scale = alt.Scale(domain=shown, range=[palette[label] for label in shown])
    base = alt.Chart(rows).encode(
        x=alt.X("cut:T", title=None, axis=charts.axis(format="%b %Y", tickCount=6, grid=False)),
        color=alt.Color("role:N", scale=scale, legend=LEGEND),
        tooltip=[
            alt.Tooltip("label:N", title="Trained until"),
            alt.Tooltip("recipe:N", title="Recipe"),
            alt.Tooltip("value:Q", title="NDCG@10", format=".4f"),
            alt.Tooltip("low:Q", title="From", format=".4f"),
            alt.Tooltip("high:Q", title="To", format=".4f"),
            alt.Tooltip("n_users:Q", title="Users", format=","),
        ],
    )
    y_axis = charts.axis(format=".2f", tickCount=4)
    band = base.mark_area(opacity=0.14).encode(
        y=alt.Y("low:Q", title="NDCG@10", axis=y_axis, scale=alt.Scale(zero=False, padding=8)),
        y2="high:Q",
    )
    line = base.mark_line(strokeWidth=2).encode(y="value:Q")
    return alt.layer(band, line, base.mark_circle(size=50, opacity=1).encode(y="value:Q"))


def loss_chart(losses: Sequence[Loss], period: str) -> alt.LayerChart | alt.FacetChart:
    """Draw the loss at each age as a point with its interval, in percent."""
    rows = pd.DataFrame(
        [
            {
                "age": plural(period, loss.age),
                "share": 100 * loss.share,
                "low": 100 * loss.low,
                "high": 100 * loss.high,
                "label": percent(loss.share),
                "noise": "within noise" if loss.is_noise else "loss",
                "n_users": loss.n_users,
            }
            for loss in losses
        ]
    )
    grey = ui.theme_colour("gray")
    colours = {"loss": ui.theme_colour("red"), "within noise": grey}
    drawn = {label: colour for label, colour in colours.items() if label in set(rows["noise"])}
    scale = alt.Scale(domain=list(drawn), range=list(drawn.values()))
    base = alt.Chart(rows).encode(
        x=alt.X(
            "age:N",
            sort=None,
            title="Age of the model",
            scale=alt.Scale(padding=0.9),  # room for the last label
            axis=charts.axis(labelAngle=0, labelFlush=False),
        ),
        color=alt.Color("noise:N", scale=scale, legend=charts.LEGEND),
        tooltip=[
            alt.Tooltip("age:N", title="Age"),
            alt.Tooltip("share:Q", title="Loss, %", format=".1f"),
            alt.Tooltip("low:Q", title="From", format=".1f"),
            alt.Tooltip("high:Q", title="To", format=".1f"),
            alt.Tooltip("n_users:Q", title="Users", format=","),
        ],
    )
    title = ["Loss of NDCG@10 in %,", "95 % interval"]
    y = alt.Y("low:Q", title=title, axis=charts.axis(tickCount=5))
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).encode(y="y:Q")
    return alt.layer(
        zero.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=grey),
        base.mark_rule(strokeWidth=3, strokeCap="round").encode(y=y, y2="high:Q"),
        base.mark_circle(size=120, opacity=1).encode(y="share:Q"),
        base.mark_text(dx=10, align="left", fontSize=12, fontWeight=600).encode(
            y="share:Q", text="label:N"
        ),
    )
