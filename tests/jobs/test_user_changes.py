"""Changes of users' attributes reach the lake once, and the newest of files and API counts."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs import collect, freeze, refine
from jobs.erasure.digests import digest
from serving.user_attributes import changes
from serving.user_attributes.changes import Change
from tests.support.jobs.product import NOW, deliver, product, rows_of
from tests.support.runs import under
from tests.support.serving import shop
from tests.support.serving.shop import rows
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_ERASURES,
    BRONZE_LANDINGS,
    BRONZE_RATINGS,
    BRONZE_USER_CHANGES,
    BRONZE_USERS,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
    SILVER_USERS,
)
from warehouse.tables.vocabulary import NOTHING_TO_DO

PRODUCT = product()


def change(engine: Engine, *user_ids: str, age: str = "old") -> None:
    sent = [Change(user_id, {"age": age}) for user_id in user_ids]
    with engine.begin() as connection:
        changes.write(connection, sent, ["sex", "age"], sent_by="shop")


def collected(root: str, engine: Engine, run: str = "1", size: int = 50_000) -> int:
    key = RunKey("product__collect", run, "collect")
    return collect.run(root, PRODUCT, engine, run_key=key, size=size)


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def released(publisher: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)


@pytest.mark.usefixtures("released")
def test_changes_are_collected_once_as_they_are_when_they_are_collected(
    root: str, publisher: Engine, owner: Engine
) -> None:
    change(owner, "u", age="young")
    change(owner, "v")
    change(owner, "u")

    assert collected(root, publisher) == 0
    assert collected(root, publisher, "2") == NOTHING_TO_DO
    change(owner, "v", age="young")
    assert collected(root, publisher, "3") == 0

    lake = Lake(root)
    stored = sorted(lake.rows(BRONZE_USER_CHANGES), key=lambda row: row["changed_at"])
    assert [(row["user_id"], dict(row["attributes"])) for row in stored] == [
        ("v", {"age": "old"}),
        ("u", {"age": "old"}),
        ("v", {"age": "young"}),
    ]
    assert {row["sent_by"] for row in stored} == {"shop"}
    landings = [(row["target"], row["n_rows"]) for row in lake.rows(BRONZE_LANDINGS)]
    assert sorted(landings) == [("user_changes", 1), ("user_changes", 2)]
    [[until, n]] = rows(owner, "select until, n_changes from user_attributes_cursor")
    assert (until, n) == (lake.mark(BRONZE_USER_CHANGES, collect.OF_USERS.name), 3)


@pytest.mark.usefixtures("released")
def test_a_batch_ends_with_a_transaction_and_the_next_one_goes_on(
    root: str, publisher: Engine, owner: Engine
) -> None:
    change(owner, "t", "u")
    change(owner, "v")

    collected(root, publisher, size=1)

    assert sorted(row["n_rows"] for row in Lake(root).rows(BRONZE_LANDINGS)) == [1, 2]


def sent(landing: str, user_id: str, day: int, age: str, **columns: object) -> dict[str, object]:
    """Return a change of a day after `NOW` as bronze has it."""
    return {
        "user_id": user_id,
        "attributes": [("age", age), ("gone", "x")],
        "changed_at": NOW + timedelta(days=day),
        "sent_by": "shop",
        "xact": 100 + day,
        "landing_id": landing,
        "source_line": 1,
        "run_key": landing,
    } | columns


def send(root: str, landing: str, *changed: dict[str, object]) -> None:
    """Write changes to bronze as `collect` does."""
    landed = {"landing_id": landing, "target": "user_changes", "n_rows": len(changed)}
    landed |= {"source_file": "user_changes", "sha256": landing, "run_key": landing}
    landed |= {"landed_at": NOW + timedelta(days=9)}  # when it was collected says nothing
    key = RunKey("dag", landing, "collect")
    append(root, BRONZE_USER_CHANGES, list(changed), run_key=key)
    append(root, BRONZE_LANDINGS, [landed], run_key=key)


def file(warehouse: Warehouse, landing: str, day: int, **ages: str) -> None:
    """Land a file of users with these ages a number of days after `NOW`."""
    key = RunKey("dag", landing, "land")
    at = {"landing_id": landing, "source_file": f"{landing}.csv", "run_key": landing}
    lines = [
        {"user_id": user_id, "attributes": [("age", age)]} | at | {"source_line": n}
        for n, (user_id, age) in enumerate(ages.items(), start=1)
    ]
    landed = at | {"target": "users", "n_rows": len(lines), "sha256": landing}
    landed |= {"landed_at": NOW + timedelta(days=day)}
    append(warehouse.root, BRONZE_USERS, lines, run_key=key)
    append(warehouse.root, BRONZE_LANDINGS, [landed], run_key=key)


def refined(warehouse: Warehouse, run: str, dataset: Dataset = PRODUCT) -> None:
    refine.run(under(warehouse, f"ingest/{run}/refine"), dataset, now=NOW + timedelta(days=10))


def ages(warehouse: Warehouse) -> dict[str, str]:
    stored = rows_of(warehouse, SILVER_USERS, "user_id", "attributes")
    return {user_id: ",".join(attributes.values()) for user_id, attributes in stored}


def test_the_newest_of_files_and_api_counts_in_whatever_order_they_are_refined(
    warehouse: Warehouse,
) -> None:
    file(warehouse, "one", 1, a="A1", b="B1", c="C1")
    refined(warehouse, "1")
    send(
        warehouse.root,
        "x",
        sent("x", "a", 3, "A3"),
        sent("x", "a", 2, "A2"),
        sent("x", "b", 3, "", attributes=[]),
        sent("x", "n", 3, "N3"),
        sent("x", "c", 0, "C0"),  # older than the file
    )
    refined(warehouse, "2")
    assert ages(warehouse) == {"a": "A3", "b": "", "c": "C1", "n": "N3"}
    assert rows_of(warehouse, SILVER_REFINEMENTS, "target", "n_accepted", "n_duplicates") == [
        ("user_changes", 4, 1),
        ("users", 3, 0),
    ]
    stored = {row["user_id"]: row for row in Lake(warehouse.root).rows(SILVER_USERS)}
    assert stored["a"]["changed_at"] == NOW + timedelta(days=3)
    assert {user_id for (user_id,) in rows_of(warehouse, SILVER_USER_INDEX, "user_id")} == {*"abcn"}

    file(warehouse, "two", 2, a="late", b="late", c="C2")  # landed before the API's changes
    refined(warehouse, "3")
    assert ages(warehouse) == {"a": "A3", "b": "", "c": "C2", "n": "N3"}

    file(warehouse, "four", 4, a="A4", b="B4")
    refined(warehouse, "4")
    assert ages(warehouse) == {"a": "A4", "b": "B4", "c": "C2", "n": "N3"}

    users = PRODUCT.users
    assert users is not None
    other = users.model_copy(update={"attributes": ("age", "more")})
    refined(warehouse, "5", PRODUCT.model_copy(update={"users": other}))  # silver is written anew
    assert ages(warehouse) == {"a": "A4", "b": "B4", "c": "C2", "n": "N3"}


def test_a_file_that_says_the_same_again_is_newer_than_a_change_before_it(
    warehouse: Warehouse,
) -> None:
    file(warehouse, "one", 1, a="A")
    refined(warehouse, "1")
    file(warehouse, "three", 3, a="A")
    refined(warehouse, "2")
    send(warehouse.root, "x", sent("x", "a", 2, "B"))

    refined(warehouse, "3")

    assert ages(warehouse) == {"a": "A"}


def test_changes_of_erased_users_do_not_enter_silver(warehouse: Warehouse) -> None:
    send(warehouse.root, "x", sent("x", "gone", 1, "old"), sent("x", "u", 1, "old"))
    erased = {"user_digest": digest("product", "gone"), "requested_at": NOW, "run_key": "k"}
    append(warehouse.root, BRONZE_ERASURES, [erased], run_key=RunKey("dag", "x", "erase"))

    refined(warehouse, "1")

    assert ages(warehouse) == {"u": "old"}


def test_a_freeze_says_up_to_which_transaction_changes_were_refined(warehouse: Warehouse) -> None:
    lake = Lake(warehouse.root)
    rating = {"user_id": "u", "item_id": "a", "rating": "4", "rated_at": "1000"}
    deliver(warehouse.root, BRONZE_RATINGS, "r", rating)
    assert freeze.users_until(lake) == 0
    send(warehouse.root, "x", sent("x", "u", 1, "old"), sent("x", "v", 2, "old"))
    assert freeze.users_until(lake) == 0  # it is not refined yet

    refined(warehouse, "1")

    assert freeze.users_until(lake) == 103
    send(warehouse.root, "y", sent("y", "u", 5, "young"))
    assert freeze.users_until(lake) == 103
