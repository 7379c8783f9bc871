"""An undo removes the event that it undoes, as if that had not been sent."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from jobs import erase, refine
from jobs.engine.interactions import Meanings
from jobs.refinement.silver import interactions, lag
from tests.conftest import schema_of
from tests.support.jobs.erasing import OTHER, VICTIM, progress, request
from tests.support.jobs.product import (
    NOW,
    Event,
    collect,
    deliver,
    kill,
    product,
    rows_of,
    shop,
)
from tests.support.jobs.traces import traces
from tests.support.runs import under
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.reconciliation import Reconciliation, reconcile
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_EVENTS,
    BRONZE_RATINGS,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
)

STARS = product(items=None, users=None)
ENTRY = {"file": "events*.csv", "kind_column": "kind", "value": "n", "time": "at"}
KINDS = shop(
    events=[ENTRY], kinds={"buy": {"positive": True}}, scale=STARS.scale.model_dump(), items=None
)
COUNTS = ("n_rows", "n_accepted", "n_duplicates", "n_quarantined")
N_RUNS = 3
# what a user did, when (seconds), in which run it arrives, how many runs later its undo does
Step = tuple[str, float | None, int, int, int | None]

steps = st.tuples(
    st.sampled_from([("rate", 2.0), ("rate", 5.0), ("unrate", None), ("hide", None)]),
    st.integers(1, 99).filter(lambda second: second != 50),
    st.integers(0, N_RUNS - 1),
    st.none() | st.integers(0, N_RUNS - 1),
).map(lambda drawn: (*drawn[0], *drawn[1:]))
histories = st.lists(steps, max_size=5, unique_by=lambda step: step[2])


def refined(warehouse: Warehouse, dataset: Dataset, run: str) -> None:
    refine.run(under(warehouse, f"ingest/{run}/refine"), dataset, now=NOW)


def pairs(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows_of(warehouse, SILVER_INTERACTIONS, "user_id", "item_id", "rating")


def in_file(dataset: Dataset, user: str) -> dict[str, Any]:
    """Return a row of a file: a rating with 3 stars at second 50, of user and item "a"."""
    row = {"user_id": user, "item_id": "a"}
    if dataset is KINDS:
        kind = {"kind": "rate", "value": "3", "section": ENTRY["file"]}
        return row | kind | {"occurred_at": "50"}
    return row | {"rating": "3", "rated_at": "50"}


@pytest.mark.parametrize(
    ("dataset", "always_due"),
    [
        pytest.param(STARS, 100, id="stars"),
        pytest.param(STARS, 0, id="stars_at_the_freeze", marks=pytest.mark.soak),
        pytest.param(KINDS, 0, id="kinds_at_the_freeze", marks=pytest.mark.soak),
    ],
)
@settings(max_examples=2, suppress_health_check=list(HealthCheck), deadline=None)
@given(by_user=st.lists(histories, min_size=20, max_size=40))
def test_events_that_were_not_undone_give_the_interactions(
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    dataset: Dataset,
    always_due: int,
    by_user: list[list[Step]],
) -> None:
    monkeypatch.setattr(lag, "ALWAYS_DUE", always_due)
    monkeypatch.setattr(lag, "DUE_SHARE", 1.0)
    root = f"{warehouse.root}/{uuid4().hex}"
    table = BRONZE_EVENTS if dataset is KINDS else BRONZE_RATINGS
    by_name = {f"u{n:02d}": history for n, history in enumerate(by_user)}
    of_file = [*by_name][::2]
    ids: dict[tuple[str, int], str] = {}
    for run in range(N_RUNS):
        if run == 1:  # a file arrives between the events
            deliver(root, table, "file", *[in_file(dataset, user) for user in of_file])
        send(root, run, by_name, ids)
        key = RunKey("dag", str(run), "refine")
        refine.run(Warehouse(warehouse.spark, root, run_key=key), dataset, now=NOW)
    if lag.are_behind(Lake(root)):
        key = RunKey("dag", "last", "freeze")
        interactions.write(Warehouse(warehouse.spark, root, run_key=key), Meanings.of(dataset))

    expected = {user: newest(by_name[user], in_file=user in of_file) for user in by_name}
    found = {
        row["user_id"]: (row["rating"], int(row["rated_at"].timestamp()))
        for row in Lake(root).rows(SILVER_INTERACTIONS)
    }
    assert found == {user: rating for user, rating in expected.items() if rating is not None}
    counts = Lake(root).rows(SILVER_REFINEMENTS)
    assert all(row["n_accepted"] == row["n_rows"] for row in counts)


def send(
    root: str, run: int, by_name: dict[str, list[Step]], ids: dict[tuple[str, int], str]
) -> None:
    """Send the events and undos of a run; `ids` has those of events by user and second."""
    sent: list[Event] = []
    undoes: dict[int, str] = {}
    for user, history in by_name.items():
        for kind, rating, second, at, _ in history:
            if at == run:
                sent.append((kind, user, "a", rating, second))
                ids[user, second] = f"run-{run}-{len(sent)}"
        for _, _, second, at, later in history:
            if later is not None and at + later == run:
                sent.append(("undo", user, "a", None, 100))
                undoes[len(sent)] = ids[user, second]
    if sent:
        collect(root, f"run-{run}", *sent, undoes=undoes)


def newest(history: list[Step], *, in_file: bool) -> tuple[float, int] | None:
    """Return the rating and its second, by all events but undone ones."""
    ratings: dict[int, float | None] = {50: 3.0} if in_file else {}
    for kind, rating, second, at, later in history:
        is_undone = later is not None and at + later < N_RUNS
        if not is_undone and kind in {"rate", "unrate"}:
            ratings[second] = rating
    last = max(ratings, default=0)
    rating = ratings.get(last)
    return None if rating is None else (rating, last)


def test_an_undo_is_counted_as_accepted_and_repeated_by_a_rebuild(warehouse: Warehouse) -> None:
    row = {"user_id": "u", "item_id": "a", "rating": "4", "rated_at": "9"}
    deliver(warehouse.root, BRONZE_RATINGS, "file", row)
    collect(warehouse.root, "one", ("rate", "u", "a", 1.0, 20), ("rate", "u", "b", 5.0, 20))
    refined(warehouse, STARS, "1")
    assert pairs(warehouse) == [("u", "a", 1.0), ("u", "b", 5.0)]

    undoes = {1: "one-1", 2: "one-2", 4: "two-3"}
    undo = ("undo", "u", "a", None, 30)
    events = [undo, ("undo", "u", "b", None, 30), ("hide", "u", "b", None, 31), undo, undo]
    collect(warehouse.root, "two", *events, undoes=undoes)  # the last one undoes nothing
    with pytest.MonkeyPatch.context() as killing:
        killing.setattr(refine, "_extend_indices", kill)
        with pytest.raises(KeyboardInterrupt):
            refined(warehouse, STARS, "2")
    refined(warehouse, STARS, "3")

    def contents() -> tuple[object, ...]:
        events = rows_of(warehouse, SILVER_EVENTS, "kind", "item_id", "rating")
        counts = rows_of(warehouse, SILVER_REFINEMENTS, "landing_id", *COUNTS)
        return events, pairs(warehouse), counts

    assert contents() == (
        [("rate", "a", 4.0)],
        [("u", "a", 4.0)],
        [("file", 1, 1, 0, 0), ("one", 2, 2, 0, 0), ("two", 5, 4, 0, 1)],
    )
    [(failed, sent)] = rows_of(warehouse, SILVER_QUARANTINE, "failed_checks", "sent")
    assert failed == ["undo_without_an_event"]
    assert '"event_id":"two-5"' in sent

    wider = product(items=None, users=None, scale=STARS.scale.model_dump() | {"highest": 10})
    before = contents()
    refined(warehouse, wider, "4")
    assert contents() == before


def test_an_erasure_leaves_nothing_of_undone_events(
    warehouse: Warehouse, owner: Engine, publisher: Engine
) -> None:
    dataset, root = product(items=None, users=None, name=schema_of(owner)), warehouse.root
    rate = ("rate", "a", 1.0, 20)
    for run, (kind, item, rating, second) in enumerate([rate, ("undo", "a", None, 30)]):
        events = [(kind, user, item, rating, second) for user in (VICTIM, OTHER)]
        undoes = {1: "run-0-1", 2: "run-0-2"} if kind == "undo" else {}
        collect(root, f"run-{run}", *events, undoes=undoes)
        refined(warehouse, dataset, str(run))
    request(owner, VICTIM)

    key = RunKey("product__maintain", "1", "erase")
    erase.run(root, dataset, publisher, run_key=key, within_days=0)

    assert traces(root, [VICTIM]) == {}
    assert traces(root, [OTHER])
    assert progress(owner) == [(True, True)]
    assert reconcile(Lake(root)) == Reconciliation(n_bronze=2, n_deleted=2, n_accepted=4)
    assert pairs(warehouse) == []
