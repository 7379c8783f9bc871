"""A small lake with every table that an analyst's question reads. No Spark writes it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from warehouse.append import append
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_RATINGS,
    GOLD_FITS,
    GOLD_MODEL_METRICS,
    GOLD_NOMINATIONS,
    GOLD_RECOMMENDATIONS,
    GOLD_VERDICTS,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEMS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
    SILVER_USERS,
    Table,
)

Row = dict[str, Any]
DATASET = "playground"
MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
INGEST = RunKey(f"{DATASET}__ingest", "manual__2026-01-05T12:00:00+00:00", "refine")
RETRAIN = f"{DATASET}__retrain/manual__2026-01-05T13:00:00+00:00"
N_USERS = 12
ITEMS = {  # categories, year of release
    "i1": ("Copper Saints", ["Western"], 1968),
    "i2": ("Small Hours", ["Drama", "Crime"], 2020),
    "i3": ("=HYPERLINK(A1)", ["Drama"], None),
    "i4": ("Nobody's Film", [], 1999),
}


def write(root: str) -> None:
    """Write the tables; `silver.items` gets its last item in a second version."""
    *first, last = [_item(item_id) for item_id in ITEMS]
    _add(root, SILVER_ITEMS, first)
    _add(root, SILVER_ITEMS, [last], write_id="second")
    ratings = [
        (f"u{user}", f"i{item}", 1.0 + (user + item) % 5, MONDAY + timedelta(days=30 * user))
        for user in range(N_USERS)
        for item in (1, 2, 3)
        if (user + item) % 4
    ]
    _add(root, SILVER_INTERACTIONS, [_interaction(*rating) for rating in ratings])
    _add(root, SILVER_EVENTS, [_event(*rating) for rating in ratings])
    _add(root, BRONZE_RATINGS, [_sent(*rating) for rating in ratings])
    _add(root, SILVER_USERS, [_user(number) for number in range(N_USERS)])
    _add(root, SILVER_QUARANTINE, [_rejected()])
    _add(root, SILVER_REFINEMENTS, [_refinement(len(ratings))])
    write_retrain(root)


def write_retrain(root: str) -> None:
    """Write a retrain: its reason, metrics, verdict, fit and lists."""
    nomination = {"challenger": "{}", "reason": "A *new* year", "nominated_at": MONDAY}
    _retrained(root, GOLD_NOMINATIONS, "nominate", [nomination])
    metric: Row = {"role": "challenger", "recipe": "als", "recipe_json": "{}", "window": "gate"}
    metric |= {"slice": "warm", "metric": "ndcg@10", "value": 0.28123, "n_users": 9}
    _retrained(root, GOLD_MODEL_METRICS, "evaluate", [metric])
    verdict: Row = {"verdict": "hold", "reason": "Popularity is as good.", "publishes": False}
    criteria = [
        {"criterion": "data", "passed": True, "detail": ""},
        {"criterion": "better", "passed": False, "detail": ""},
    ]
    verdict |= {"criteria": criteria, "comparisons": [], "decided_at": MONDAY}
    _retrained(root, GOLD_VERDICTS, "decide", [verdict])
    fit: Row = {"recipe": "als", "recipe_json": "{}", "constants": "{}", "code_commit": "unknown"}
    fit |= {"versions": {"silver.items": 1}, "n_users": 2, "n_items": 4, "n_ratings": 9}
    _retrained(root, GOLD_FITS, "fit", [fit | {"fit_seconds": 1.5, "fitted_at": MONDAY}])
    lists = [
        {"retrain_id": RETRAIN, "user_id": user, "item_ids": items, "scores": [0.5] * len(items)}
        for user, items in (("u1", ["i2", "i3"]), ("u2", ["i2"]))
    ]
    _add(root, GOLD_RECOMMENDATIONS, lists, run_key=RunKey.parse(f"{RETRAIN}/fit"))


def _item(item_id: str) -> Row:
    title, categories, released = ITEMS[item_id]
    return {"item_id": item_id, "title": title, "categories": categories, "released": released}


def _interaction(user_id: str, item_id: str, rating: float, at: datetime) -> Row:
    pair: Row = {"user_id": user_id, "item_id": item_id, "rating": rating, "rated_at": at}
    return pair | {"event_id": f"{user_id}{item_id}"}


def _event(user_id: str, item_id: str, rating: float, at: datetime) -> Row:
    event: Row = {"event_id": f"{user_id}{item_id}", "kind": "rate", "user_id": user_id}
    event |= {"item_id": item_id, "rating": rating, "occurred_at": at}
    return event | {"landing_id": "l1", "run_key": str(INGEST)}


def _sent(user_id: str, item_id: str, rating: float, at: datetime) -> Row:
    sent: Row = {"user_id": user_id, "item_id": item_id, "rating": f"{rating:.0f}"}
    sent |= {"rated_at": at.isoformat(), "landing_id": "l1", "source_file": "ratings.csv"}
    return sent | {"source_line": int(f"{user_id[1:]}{item_id[1:]}"), "run_key": str(INGEST)}


def _user(number: int) -> Row:
    return {"user_id": f"u{number}", "attributes": {"age_group": "25-34" if number % 2 else "56+"}}


def _rejected() -> Row:
    row: Row = {"target": "ratings", "sent": '{"rating": "9"}', "failed_checks": ["scale", "time"]}
    row |= {"landing_id": "l1", "source_file": "ratings.csv", "source_line": 99}
    return row | {"first_seen_at": MONDAY, "run_key": str(INGEST)}


def _refinement(n_accepted: int) -> Row:
    counts = dict.fromkeys(("n_duplicates", "n_unknown_items"), 0)
    row: Row = {"landing_id": "l1", "target": "ratings", "n_rows": n_accepted + 1, **counts}
    row |= {"n_accepted": n_accepted, "n_quarantined": 1, "refined_at": MONDAY}
    return row | {"run_key": str(INGEST)}


def _retrained(root: str, table: Table, task: str, rows: list[Row]) -> None:
    run_key = RunKey.parse(f"{RETRAIN}/{task}")
    run = {"retrain_id": RETRAIN, "run_key": str(run_key)}
    _add(root, table, [run | row for row in rows], run_key=run_key)


def _add(
    root: str, table: Table, rows: list[Row], *, run_key: RunKey = INGEST, write_id: str = ""
) -> None:
    append(root, table, rows, run_key=run_key, write_id=write_id)
