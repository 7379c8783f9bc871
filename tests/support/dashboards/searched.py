"""A lake with three retrains: promoted after a search, refreshed without one, and still searching.

The figures are invented, at the scale of those of MovieLens 1M.
"""

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.support.dashboards import shop
from warehouse.append import append
from warehouse.run_keys import RunKey
from warehouse.tables import (
    GOLD_MODEL_METRICS,
    GOLD_NOMINATIONS,
    GOLD_SAMPLE_LISTS,
    GOLD_SEARCHES,
    GOLD_TRIALS,
    GOLD_VERDICTS,
    Table,
)

Row = dict[str, Any]
SEARCHED, REFRESHED, RUNNING = (
    shop.RETRAIN,
    "playground__retrain/r1",
    "playground__retrain/manual__now",
)
WINDOWS = ("rolling_40", "rolling_50", "rolling_60")
ROLES = {
    "als_7f3a": ("challenger", 0.2690, 0.10),
    "als_11c0": ("champion", 0.2610, 0.12),
    "popular_by_segment": ("popularity", 0.2500, 0.07),
    "popular_recently": ("popularity", 0.2270, 0.03),
    "popular": ("popularity", 0.2120, 0.03),
    "ease": ("baseline", 0.2650, 0.12),
    "item-cosine": ("baseline", 0.2540, 0.05),
    "random": ("baseline", 0.0130, 0.94),
}
SLICES = {"warm": 1121, "cold": 643, "active_low": 374, "active_mid": 374, "active_high": 373}
USERS = {"1088": "active_low", "2544": "active_mid", "4169": "active_high"}


def write(root: str, n_trials: int = 40) -> None:
    """Write the three retrains."""
    write_nomination(root, REFRESHED, shop.NOW - timedelta(hours=27), "By schedule")
    write_skipped_search(root, REFRESHED)
    write_verdict(root, REFRESHED, 0.2655, verdict="refresh")
    write_nomination(root, SEARCHED, shop.NOW - timedelta(hours=3), "Look *harder*")
    write_trials(root, SEARCHED, n_trials)
    write_search(root, SEARCHED, n_trials)
    write_metrics(root, SEARCHED)
    write_sample_lists(root, SEARCHED)
    write_verdict(root, SEARCHED, 0.2690)
    write_nomination(root, RUNNING, shop.NOW - timedelta(minutes=1), "")


def write_nomination(root: str, retrain_id: str, at: datetime, reason: str) -> None:
    row: Row = {"challenger": "{}", "champion": "{}", "champion_release_id": 11}
    _append(root, GOLD_NOMINATIONS, retrain_id, row | {"reason": reason, "nominated_at": at})


def write_skipped_search(root: str, retrain_id: str) -> None:
    """Write the outcome of a search without a budget."""
    counts = dict.fromkeys(("n_trials", "n_pruned", "n_failed"), 0)
    row: Row = {**counts, "budget_seconds": 0.0, "seconds": 0.0}
    row |= {"challenger": "{}", "found_by": "nomination", "value": None, "found_at": shop.NOW}
    _append(root, GOLD_SEARCHES, retrain_id, row)


def write_search(root: str, retrain_id: str, n_trials: int) -> None:
    states = [trial(number, n_trials)["state"] for number in range(n_trials)]
    row = {
        "challenger": "{}",
        "found_by": "search",
        "value": 0.2812,
        "n_trials": n_trials,
        "n_pruned": states.count("pruned"),
        "n_failed": states.count("failed"),
        "budget_seconds": 900.0,
        "seconds": 887.0,
        "found_at": shop.NOW,
    }
    _append(root, GOLD_SEARCHES, retrain_id, row)


def write_trials(root: str, retrain_id: str, n_trials: int) -> None:
    for number in range(n_trials):
        row = trial(number, n_trials)
        _append(root, GOLD_TRIALS, retrain_id, row, write_id=f"trial-{number}")


def trial(number: int, n_trials: int) -> Row:
    """Return a trial: the last three are finalists, the one before failed, a third are pruned."""
    random = Random(number)  # noqa: S311 # invented
    stage = "final" if number >= n_trials - 3 else "explore"
    state = "pruned" if number > 5 and number % 3 == 0 else "complete"
    state = "failed" if number == n_trials - 4 else "complete" if stage == "final" else state
    mean = 0.26 + 0.02 * (1 - 0.9**number)
    value = mean - abs(random.gauss(0, 0.01)) - 0.01 * (state == "pruned")
    value = 0.279 + 0.001 * (n_trials - number) if stage == "final" else value
    windows = WINDOWS[:1] if state == "pruned" else WINDOWS
    kind = random.choice(["centred", "centred", "minus_midpoint", "stars_from_threshold"])
    parameters: Row = {
        "weighting": kind,
        "rank": random.randint(6, 12),
        "reg": round(0.2 * 6 ** random.random(), 4),
        "alpha": round(2 * 5 ** random.random(), 4),
        "iterations": random.randint(8, 15),
        "decay": random.choice(["none", "slow", "fast"]),
    }
    parameters |= {"p": random.random()} if kind == "centred" else {}
    return {
        "number": number,
        "stage": stage,
        "recipe": f"als_{number:04x}",
        "recipe_json": json.dumps({"kind": "als"} | parameters),
        "parameters": json.dumps({} if number == 0 else parameters),
        "state": state,
        "value": None if state == "failed" else value,
        "by_window": [(name, value + random.gauss(0, 0.004)) for name in windows],
        "n_users": 2000 * len(windows),
        "seconds": 6.0 * len(windows) * (3 if stage == "final" else 1),
        "failure": "SingularMatrixException: <rank> 12" if state == "failed" else None,
        "finished_at": shop.NOW,
    }


def write_metrics(root: str, retrain_id: str) -> None:
    rows = []
    for recipe, (role, value, coverage) in ROLES.items():
        described = json.dumps({"kind": role, "als": {"rank": 8, "reg": coverage}})
        shared = {"recipe": recipe, "recipe_json": described, "role": role, "fit_seconds": 5.9}
        for slice_name, n_users in SLICES.items():
            scale = {"cold": 1.5, "active_low": 0.8, "active_high": 1.2}.get(slice_name, 1.0)
            metrics = {
                "ndcg@10": value * scale,
                "recall@10": value * 0.98 * scale,
                "recall@50": (value + 0.03) * scale,
                "map@10": value * 0.6 * scale,
                "hit_rate@10": value * 2.7 * scale,
            }
            if slice_name == "warm":
                metrics |= {"coverage@10": coverage, "gini@10": 0.96, "novelty@10": 2.31}
                metrics |= {"diversity@10": 0.61, "empty_lists": 0.0}
            figures = shared | {"window": "gate", "slice": slice_name, "n_users": n_users}
            rows += [figures | {"metric": name, "value": n} for name, n in metrics.items()]
        if role != "baseline":
            rolling = shared | {"slice": "warm", "metric": "ndcg@10", "n_users": 900}
            rows += [
                rolling | {"window": window, "value": value + 0.012 - 0.005 * index}
                for index, window in enumerate(WINDOWS)
            ]
    run = {"retrain_id": retrain_id, "run_key": f"{retrain_id}/evaluate"}
    append(
        root, GOLD_MODEL_METRICS, [run | row for row in rows], run_key=RunKey.parse(run["run_key"])
    )


def write_sample_lists(root: str, retrain_id: str) -> None:
    rows = []
    for index, (user_id, slice_name) in enumerate(USERS.items()):
        for recipe in ("als_7f3a", "als_11c0", "popular_by_segment"):
            random = Random(f"{recipe}{user_id}")  # noqa: S311 # invented
            items = [*shop.ITEMS[4 + index : 8 + index], *random.sample(shop.ITEMS, 6)]
            rows.append(
                {
                    "retrain_id": retrain_id,
                    "recipe": recipe,
                    "role": ROLES[recipe][0],
                    "user_id": user_id,
                    "slices": ["warm", slice_name],
                    "item_ids": [item.item_id for item in items],
                    "titles": [item.title for item in items],
                    "relevant": [random.random() < 0.5 - ROLES[recipe][2] for _ in items],
                    "n_relevant": 9 + 31 * index,
                    "run_key": f"{retrain_id}/evaluate",
                }
            )
    append(root, GOLD_SAMPLE_LISTS, rows, run_key=RunKey.parse(f"{retrain_id}/evaluate"))


def write_verdict(root: str, retrain_id: str, ndcg: float, verdict: str = "promote") -> None:
    evidence = shop.verdict(retrain_id, ndcg)
    row = {
        "verdict": verdict,
        "reason": evidence.reason,
        "recipe": evidence.recipe,
        "recipe_json": "{}",
        "publishes": True,
        "criteria": [criterion.model_dump() for criterion in evidence.criteria],
        "comparisons": [comparison.model_dump() for comparison in evidence.comparisons],
        "decided_at": evidence.decided_at,
    }
    _append(root, GOLD_VERDICTS, retrain_id, row)


def _append(root: str, table: Table, retrain_id: str, row: Row, write_id: str = "") -> None:
    run = {"retrain_id": retrain_id, "run_key": f"{retrain_id}/{table.name}"}
    append(root, table, [run | row], run_key=RunKey.parse(run["run_key"]), write_id=write_id)
