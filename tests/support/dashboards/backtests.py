"""A lake with a backtest over eight months; the figures are invented."""

from datetime import UTC, datetime
from typing import Any

from tests.support.dashboards import shop
from warehouse.append import append
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_BACKTESTS

CHAMPION = "als_7f3a"
RUN_KEY = "playground__backtest/backfill__2025-08-01/backtest"
CUTS = tuple(datetime(2025, month, 1, tzinfo=UTC) for month in range(1, 9))
LOSS = {1: 0.0012, 2: 0.0030, 3: 0.0067, 6: 0.0140}
HALF = 0.006  # of the interval of a loss at one cut
OTHERS = {
    "popular_365d_aa": ("popularity", 0.231),
    "popular_bb": ("popularity", 0.218),
    "ease_cc": ("baseline", 0.268),
    "random_dd": ("baseline", 0.012),
}


def write(
    root: str,
    *,
    champion: str = CHAMPION,
    scale: float = 1.0,
    period: str = "month",
    at: datetime = shop.NOW,
) -> None:
    """Write the backtest of a recipe; `scale` multiplies the losses of its older models."""
    rows = []
    for number, cut in enumerate(CUTS):
        level = 0.27 + 0.004 * (number % 3)
        of_cut = {"period": period, "cut": cut, "champion": champion, "evaluated_at": at}
        models = [(champion, "champion", age, scale * lost) for age, lost in LOSS.items()]
        models += [(recipe, role, 0, level - value) for recipe, (role, value) in OTHERS.items()]
        rows.append(of_cut | _figures((champion, "champion", 0, None), level))
        rows += [of_cut | _figures(model, level) for model in models]
    key = RunKey.parse(RUN_KEY)
    append(root, GOLD_BACKTESTS, rows, run_key=key, write_id=f"{champion}-{period}")


def _figures(model: tuple[str, str, int, float | None], level: float) -> dict[str, Any]:
    recipe, role, age, loss = model
    value = level - (loss or 0)
    return {
        "recipe": recipe,
        "recipe_json": "{}",
        "role": role,
        "age": age,
        "slice": "warm",
        "metric": "ndcg@10",
        "value": value,
        "low": value - 0.012,
        "high": value + 0.012,
        "loss": loss,
        "loss_low": None if loss is None else loss - HALF,
        "loss_high": None if loss is None else loss + HALF,
        "n_users": 400,
        "fit_seconds": 2.5,
        "run_key": RUN_KEY,
    }
