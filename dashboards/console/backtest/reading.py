"""The figures of backtests, from the lake."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import streamlit as st

from dashboards.console import lake_data
from warehouse.maintenance import inventory
from warehouse.tables import GOLD_BACKTESTS, SILVER_EVENTS
from warehouse.tables.vocabulary import HEADLINE, WARM, BacktestPeriod

Key = tuple[BacktestPeriod, str]


@dataclass(frozen=True)
class Figure:
    """NDCG@10 of one model over the warm users of one cut, with its loss against age 0."""

    period: BacktestPeriod
    cut: datetime
    champion: str
    recipe: str
    role: str
    age: int
    value: float
    low: float | None
    high: float | None
    loss: float | None
    loss_low: float | None
    loss_high: float | None
    n_users: int
    evaluated_at: datetime


@st.cache_data(ttl="15s", show_spinner=False)
def figures(dataset: str) -> list[Figure]:
    """Return the figures of all cuts, oldest cut first.

    Raises:
        WarehouseError: the table cannot be read.
    """
    names = [field.name for field in fields(Figure)]
    equals = {"metric": HEADLINE, "slice": WARM}
    lake = lake_data.of(dataset)
    if not lake.exists(GOLD_BACKTESTS):
        return []
    rows = lake.read(GOLD_BACKTESTS, columns=names, equals=equals).to_pylist()
    return sorted((Figure(**row) for row in rows), key=lambda f: (f.cut, f.recipe, f.age))


@st.cache_data(ttl="60s", show_spinner=False)
def event_months(dataset: str) -> tuple[datetime, datetime] | None:
    """Return the first days of the months with the oldest and the newest event; None if unknown."""
    times = inventory.time_range(lake_data.of(dataset), SILVER_EVENTS, "occurred_at")
    if times is None:
        return None
    first, last = (datetime(at.year, at.month, 1, tzinfo=UTC) for at in times)
    return first, last


def by_recipe(all_figures: Sequence[Figure]) -> dict[Key, list[Figure]]:
    """Return the figures by period and backtested recipe, the one evaluated last first."""
    groups: dict[Key, list[Figure]] = {}
    for figure in sorted(all_figures, key=lambda f: f.evaluated_at, reverse=True):
        groups.setdefault((figure.period, figure.champion), []).append(figure)
    return {key: sorted(group, key=lambda f: (f.cut, f.age)) for key, group in groups.items()}
