"""What came out for a data set: rows, users and items, the verdict, and every recipe."""

import numpy as np

from benchmarks.public_data.journey import Arrived
from jobs.engine.judging import intervals
from jobs.engine.judging.intervals import Interval
from jobs.retraining import evidence
from jobs.retraining.evidence import Metrics
from warehouse.query import Lake
from warehouse.tables import (
    GOLD_FALLBACK_LISTS,
    GOLD_FITS,
    SILVER_INTERACTIONS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
)
from warehouse.tables.vocabulary import HEADLINE, WARM


def show(arrived: Arrived) -> None:
    """Print the figures of a data set."""
    _show_rows(arrived)
    print(f"verdict: {arrived.verdict['verdict']}: {arrived.verdict['reason']}")
    _show_recipes(arrived)
    seconds = ", ".join(f"{name} {value:.0f}" for name, value in arrived.seconds.items())
    print(f"seconds: {sum(arrived.seconds.values()):.0f} ({seconds})")
    print(f"lists: {n_lists(arrived)} own, fallback of {n_fallback(arrived)} items", flush=True)


def n_lists(arrived: Arrived) -> int:
    """Return the number of users with a list: their own, or the fallback list if it has items."""
    rows = Lake(arrived.root).rows(GOLD_FITS) if arrived.verdict["publishes"] else []
    n_own = sum(row["n_users"] for row in rows)
    return n_own or n_users(arrived) * bool(n_fallback(arrived))


def n_fallback(arrived: Arrived) -> int:
    """Return the length of the fallback list of all users."""
    lake = Lake(arrived.root)
    if not lake.exists(GOLD_FALLBACK_LISTS):
        return 0
    return sum(len(row["item_ids"]) for row in lake.rows(GOLD_FALLBACK_LISTS) if not row["segment"])


def n_users(arrived: Arrived) -> int:
    """Return the number of users with an interaction."""
    pairs = Lake(arrived.root).read(SILVER_INTERACTIONS, columns=["user_id"])
    return len(pairs["user_id"].unique())


def leads(measured: Metrics) -> dict[str, Interval]:
    """Return each recipe's lead over the best popularity, by its name; warm users only."""
    popularities = [n for n in measured.popularities() if HEADLINE in measured.warm.get(n, {})]
    if not popularities:
        return {}
    best = max(popularities, key=lambda name: measured.warm[name][HEADLINE])
    values = {name: _values(measured, name) for name in measured.warm}
    return {
        name: intervals.paired(values[name] - values[best])
        for name in measured.warm
        if name != best and len(values[name]) == len(values[best]) > 0
    }


def _values(measured: Metrics, name: str) -> np.ndarray:
    """Return the headline metric of each warm user, by user id."""
    rows = [row for row in measured.users.to_pylist() if row["recipe"] == name]
    warm = sorted((row["user_id"], row["value"]) for row in rows if WARM in row["slices"])
    return np.array([value for _, value in warm])


def _show_rows(arrived: Arrived) -> None:
    lake = Lake(arrived.root)
    by_target: dict[str, list[dict[str, int]]] = {}
    for row in lake.rows(SILVER_REFINEMENTS):
        by_target.setdefault(row["target"], []).append(row)
    for target, rows in sorted(by_target.items()):
        counts = ("n_accepted", "n_duplicates", "n_quarantined", "n_unknown_items")
        sums = ", ".join(f"{sum(row[name] for row in rows)} {name[2:]}" for name in counts)
        print(f"{target}: {sums}")
    if lake.exists(SILVER_QUARANTINE):
        refused = lake.rows(SILVER_QUARANTINE, columns=["failed_checks"])
        checks = sorted({check for row in refused for check in row["failed_checks"]})
        print(f"failed checks: {', '.join(checks)}")
    pairs = lake.read(SILVER_INTERACTIONS, columns=["user_id", "item_id"])
    n_items = len(pairs["item_id"].unique())
    print(f"{n_users(arrived)} users, {n_items} items, {pairs.num_rows} pairs")


def _show_recipes(arrived: Arrived) -> None:
    """Print the warm users' NDCG@10 of each recipe, and its lead over the best popularity."""
    measured = evidence.metrics(arrived.root, arrived.verdict["retrain_id"])
    lead_of = leads(measured)
    figures = sorted(
        (values[HEADLINE], name) for name, values in measured.warm.items() if HEADLINE in values
    )
    for value, name in reversed(figures):
        released = "released" if name == arrived.verdict["recipe"] else measured.roles[name]
        lead = lead_of.get(name, "the best popularity")
        print(f"  {value:.4f}  {name} ({released})  {lead}")
