"""A lake with what retrains leave in it: a promotion after a search, a refresh, one that searches.

The figures are invented, in the size of those of MovieLens 1M.
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
    "als-7f3a": ("challenger", 0.2690, 0.10),
    "als-11c0": ("champion", 0.2610, 0.12),
    "popular-people": ("popularity", 0.2500, 0.07),
    "popular-recent": ("popularity", 0.2270, 0.03),
    "popular": ("popularity", 0.2120, 0.03),
    "ease": ("baseline", 0.2650, 0.12),
    "item-cosine": ("baseline", 0.2540, 0.05),
    "random": ("baseline", 0.0130, 0.94),
}
SLICES = {"warm": 1121, "cold": 643, "active_low": 374, "active_mid": 374, "active_high": 373}
PEOPLE = {"1088": "active_low", "2544": "active_mid", "4169": "active_high"}


def write(root: str, n_trials: int = 40) -> None:
    """Write three retrains: one promoted after a search, one refreshed, one that searches now."""
    stand(root, REFRESHED, shop.NOW - timedelta(hours=27), "By schedule")
    taken(root, REFRESHED)
    decided(root, REFRESHED, 0.2655, verdict="refresh")
    stand(root, SEARCHED, shop.NOW - timedelta(hours=3), "Look *harder*")
    tried(root, SEARCHED, n_trials)
    found(root, SEARCHED, n_trials)
    judged(root, SEARCHED)
    listed(root, SEARCHED)
    decided(root, SEARCHED, 0.2690)
    stand(root, RUNNING, shop.NOW - timedelta(minutes=1), "")


def stand(root: str, retrain_id: str, at: datetime, reason: str) -> None:
    row: Row = {"challenger": "{}", "champion": "{}", "champion_release_id": 11}
    _append(root, GOLD_NOMINATIONS, retrain_id, row | {"reason": reason, "nominated_at": at})


def taken(root: str, retrain_id: str) -> None:
    """What a search leaves that had no budget."""
    counts = dict.fromkeys(("n_trials", "n_pruned", "n_failed"), 0)
    row: Row = {**counts, "budget_seconds": 0.0, "seconds": 0.0}
    row |= {"challenger": "{}", "found_by": "nomination", "value": None, "found_at": shop.NOW}
    _append(root, GOLD_SEARCHES, retrain_id, row)


def found(root: str, retrain_id: str, n_trials: int) -> None:
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


def tried(root: str, retrain_id: str, n_trials: int, first: int = 0) -> None:
    for number in range(first, n_trials):
        row = trial(number, n_trials)
        _append(root, GOLD_TRIALS, retrain_id, row, part=f"trial-{number}")


def trial(number: int, n_trials: int) -> Row:
    """One trial; the last three are finalists, the one before failed, a third are pruned."""
    dice = Random(number)  # noqa: S311 # invented
    stage = "final" if number >= n_trials - 3 else "explore"
    state = "pruned" if number > 5 and number % 3 == 0 else "complete"
    state = "failed" if number == n_trials - 4 else "complete" if stage == "final" else state
    learnt = 0.26 + 0.02 * (1 - 0.9**number)
    value = learnt - abs(dice.gauss(0, 0.01)) - 0.01 * (state == "pruned")
    value = 0.279 + 0.001 * (n_trials - number) if stage == "final" else value
    windows = WINDOWS[:1] if state == "pruned" else WINDOWS
    kind = dice.choice(["centred", "centred", "minus_midpoint", "stars_from_threshold"])
    chosen: Row = {
        "weighting": kind,
        "rank": dice.randint(6, 12),
        "reg": round(0.2 * 6 ** dice.random(), 4),
        "alpha": round(2 * 5 ** dice.random(), 4),
        "iterations": dice.randint(8, 15),
        "decay": dice.choice(["none", "slow", "fast"]),
    }
    chosen |= {"p": dice.random()} if kind == "centred" else {}
    return {
        "number": number,
        "stage": stage,
        "recipe": f"als-{number:04x}",
        "recipe_json": json.dumps({"kind": "als"} | chosen),
        "parameters": json.dumps({} if number == 0 else chosen),
        "state": state,
        "value": None if state == "failed" else value,
        "by_window": [(name, value + dice.gauss(0, 0.004)) for name in windows],
        "n_users": 2000 * len(windows),
        "seconds": 6.0 * len(windows) * (3 if stage == "final" else 1),
        "failure": "SingularMatrixException: <rank> 12" if state == "failed" else None,
        "finished_at": shop.NOW,
    }


def judged(root: str, retrain_id: str) -> None:
    rows = []
    for recipe, (role, value, coverage) in ROLES.items():
        shared = {"recipe": recipe, "recipe_json": "{}", "role": role, "fit_seconds": 5.9}
        for slice_name, n_users in SLICES.items():
            scale = {"cold": 1.5, "active_low": 0.8, "active_high": 1.2}.get(slice_name, 1.0)
            each = {
                "ndcg@10": value * scale,
                "recall@10": value * 0.98 * scale,
                "recall@50": (value + 0.03) * scale,
                "map@10": value * 0.6 * scale,
                "hit_rate@10": value * 2.7 * scale,
            }
            if slice_name == "warm":
                whole = {"coverage@10": coverage, "gini@10": 0.96, "novelty@10": 2.31}
                each = {**each, **whole, "diversity@10": 0.61, "empty_lists": 0.0}
            figures = shared | {"window": "gate", "slice": slice_name, "n_users": n_users}
            rows += [figures | {"metric": name, "value": found} for name, found in each.items()]
        if role != "baseline":
            rolling = shared | {"slice": "warm", "metric": "ndcg@10", "n_users": 900}
            rows += [
                rolling | {"window": window, "value": value + 0.012 - 0.005 * nth}
                for nth, window in enumerate(WINDOWS)
            ]
    run = {"retrain_id": retrain_id, "run_key": f"{retrain_id}/evaluate"}
    append(
        root, GOLD_MODEL_METRICS, [run | row for row in rows], run_key=RunKey.parse(run["run_key"])
    )


def listed(root: str, retrain_id: str) -> None:
    rows = []
    for nth, (user_id, slice_name) in enumerate(PEOPLE.items()):
        for recipe in ("als-7f3a", "als-11c0", "popular-people"):
            dice = Random(f"{recipe}{user_id}")  # noqa: S311 # invented
            shown = [*shop.ITEMS[4 + nth : 8 + nth], *dice.sample(shop.ITEMS, 6)]
            rows.append(
                {
                    "retrain_id": retrain_id,
                    "recipe": recipe,
                    "role": ROLES[recipe][0],
                    "user_id": user_id,
                    "slices": ["warm", slice_name],
                    "item_ids": [item.item_id for item in shown],
                    "titles": [item.title for item in shown],
                    "relevant": [dice.random() < 0.5 - ROLES[recipe][2] for _ in shown],
                    "n_relevant": 9 + 31 * nth,
                    "run_key": f"{retrain_id}/evaluate",
                }
            )
    append(root, GOLD_SAMPLE_LISTS, rows, run_key=RunKey.parse(f"{retrain_id}/evaluate"))


def decided(root: str, retrain_id: str, ndcg: float, verdict: str = "promote") -> None:
    said = shop.verdict(retrain_id, ndcg)
    row = {
        "verdict": verdict,
        "reason": said.reason,
        "recipe": said.recipe,
        "recipe_json": "{}",
        "publishes": True,
        "criteria": [each.model_dump() for each in said.criteria],
        "comparisons": [each.model_dump() for each in said.comparisons],
        "decided_at": said.decided_at,
    }
    _append(root, GOLD_VERDICTS, retrain_id, row)


def _append(root: str, table: Table, retrain_id: str, row: Row, part: str = "") -> None:
    run = {"retrain_id": retrain_id, "run_key": f"{retrain_id}/{table.name}"}
    append(root, table, [run | row], run_key=RunKey.parse(run["run_key"]), part=part)
