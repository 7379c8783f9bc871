"""Events of all kinds: any history gives the interactions that plain Python counts."""

from collections import defaultdict
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import refine
from tests.support.jobs.product import NOW, collect, deliver, shop
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_EVENTS,
    SILVER_INTERACTIONS,
)

KINDS = {"buy": {"positive": True}, "view": {}, "read": {"value": "share"}}
ENTRY = {"file": "events*.csv", "kind_column": "kind", "value": "n", "time": "at"}
STARS = {"lowest": 1, "highest": 5, "step": 1, "relevant_from": 4}
N_DELIVERIES = 3
Event = tuple[str, float | None, int]  # kind, rating or value, second
Sent = tuple[Event, frozenset[int]]  # with the deliveries that have it


def dataset(**changes: Any) -> Dataset:
    return shop(**{"events": [ENTRY], "kinds": KINDS, "scale": STARS, "items": None} | changes)


def row(user: str, event: Event, **changes: Any) -> dict[str, Any]:
    kind, number, second = event
    sent = {"kind": kind, "value": None if number is None else f"{number:g}"}
    sent |= {"user_id": user, "item_id": "a", "occurred_at": str(second), "section": ENTRY["file"]}
    return sent | changes


def expected(history: list[Sent]) -> tuple[float | None, dict[str, tuple[int, float, int]]]:
    """Return the rating, and (n, amount, last second) by kind, of one pair's events."""
    ratings, counted = {}, defaultdict[str, list[tuple[float, int]]](list)
    for kind, number, second in {event for event, _ in history}:
        if kind in ("rate", "unrate"):
            ratings[second] = number
        elif kind in KINDS:
            counted[kind].append((1 if number is None else number, second))
    return ratings[max(ratings)] if ratings else None, {
        kind: (
            len(events),
            (max if kind == "read" else sum)(value for value, _ in events),
            max(second for _, second in events),
        )
        for kind, events in counted.items()
    }


deliveries = st.frozensets(st.integers(0, N_DELIVERIES - 1), min_size=1)
of_files = st.one_of(
    st.tuples(st.sampled_from(["buy", "view"]), st.none() | st.integers(1, 3).map(float)),
    st.tuples(st.just("read"), st.sampled_from([None, 0.25, 0.5, 1.0])),
    st.tuples(st.just("rate"), st.integers(1, 5).map(float)),
)
FEEDBACK = [("unrate", None), ("hide", None), ("rate", 3.0)]
of_feedback = st.sampled_from(FEEDBACK)


@st.composite
def histories(draw: st.DrawFn) -> list[Sent]:
    """Return the events of one pair; no two of them occur at the same time."""
    seconds = draw(st.lists(st.integers(1, 99), unique=True, max_size=6))
    events: list[Sent] = []
    for second in seconds:
        kind, number = draw(of_files | of_feedback)
        is_feedback = (kind, number) in FEEDBACK
        sent_in = draw(deliveries)
        once = frozenset([min(sent_in)])  # the outbox sends an event once
        events.append(((kind, number, second), once if is_feedback else sent_in))
    return events


@settings(max_examples=2, suppress_health_check=list(HealthCheck))
@given(by_user=st.lists(histories(), min_size=20, max_size=40), random=st.randoms())
def test_any_history_gives_the_same_interactions_in_any_order(
    warehouse: Warehouse, by_user: list[list[Sent]], random: Any
) -> None:
    root = f"{warehouse.root}/{uuid4().hex}"
    sent_rows = [
        (f"u{user:02d}", event, sent_in)
        for user, history in enumerate(by_user)
        for event, sent_in in history
    ]
    for delivery in range(N_DELIVERIES):
        due = [(user, event) for user, event, sent_in in sent_rows if delivery in sent_in]
        random.shuffle(due)
        in_file = [row(u, e) for u, e in due if e[:2] not in FEEDBACK]
        online = [(e[0], u, "a", e[1], e[2]) for u, e in due if e[:2] in FEEDBACK]
        if in_file:
            deliver(root, BRONZE_EVENTS, f"file-{delivery}", *in_file, *in_file[:3])
        if online:
            collect(root, f"feedback-{delivery}", *online)
        key = RunKey("dag", str(delivery), "refine")
        refine.run(Warehouse(warehouse.spark, root, run_key=key), dataset(), now=NOW)

    rows = Lake(root).rows(SILVER_INTERACTIONS) if any(by_user) else []
    found = {
        row["user_id"]: (
            row["rating"],
            {
                k: (v["n"], v["amount"], int(v["last_at"].timestamp()))
                for k, v in row["kinds"].items()
            }
            if row["kinds"]
            else {},
        )
        for row in rows
    }
    wanted = {f"u{user:02d}": expected(history) for user, history in enumerate(by_user)}
    assert found == {user: pair for user, pair in wanted.items() if pair != (None, {})}
