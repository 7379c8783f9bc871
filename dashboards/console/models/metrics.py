"""The metrics of an evaluation: label, meaning, unit, and which direction is better."""

from dataclasses import dataclass
from typing import Literal

from dashboards.text import NO_VALUE
from warehouse.tables.vocabulary import HEADLINE


@dataclass(frozen=True)
class Metric:
    """One metric. `better` is None if neither direction is better by itself."""

    label: str
    meaning: str
    unit: str
    better: Literal["higher", "lower"] | None
    digits: int = 3

    @property
    def arrow(self) -> str:
        """An arrow that points to the better direction; empty without one."""
        return {"higher": "↑", "lower": "↓", None: ""}[self.better]

    def text(self, value: float | None) -> str:
        """Return a value as text."""
        return NO_VALUE if value is None else f"{value:.{self.digits}f}"


METRICS = {
    HEADLINE: Metric(
        "NDCG@10",
        "How many relevant items are among the first ten, and how early. The gate decides on it.",
        "0 to 1",
        "higher",
        digits=4,
    ),
    "recall@10": Metric(
        "Recall@10", "Share of the user's relevant items, at most ten, in the first ten.", "0 to 1",
        "higher",
    ),
    "recall@50": Metric(
        "Recall@50", "Share of the user's relevant items, at most fifty, in the first fifty.",
        "0 to 1", "higher",
    ),
    "map@10": Metric(
        "MAP@10", "Mean precision at the rank of each relevant item among the first ten.",
        "0 to 1", "higher",
    ),
    "hit_rate@10": Metric(
        "Hit rate@10", "Share of users with a relevant item among the first ten.", "0 to 1",
        "higher",
    ),
    "coverage@10": Metric(
        "Coverage", "Share of the catalogue that is in some user's first ten.", "0 to 1", "higher"
    ),
    "gini@10": Metric(
        "Gini", "Inequality of exposure: 0 if all items are shown equally often.", "0 to 1",
        "lower",
    ),
    "novelty@10": Metric(
        "Novelty", "How few users know the shown items: 1 bit more is half as many users.", "bits",
        None, digits=2,
    ),
    "diversity@10": Metric(
        "Diversity", "How little the categories of two items of a list agree.", "0 to 1", None
    ),
}  # fmt: skip


def rows() -> list[dict[str, str]]:
    """Return a row of Markdown cells for each metric: what it says, its unit, its direction."""
    words = {"higher": "Higher ↑", "lower": "Lower ↓", None: "Depends"}
    return [
        {
            "Metric": f"**{metric.label}**",
            "What it says": metric.meaning,
            "Unit": metric.unit,
            "Better": words[metric.better],
        }
        for metric in METRICS.values()
    ]
