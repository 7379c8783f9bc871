"""Rows of erased users do not enter silver again, in whatever file or event they arrive."""

from pathlib import Path

from jobs import freeze, land, refine
from jobs.erasure.digests import digest
from jobs.refinement.checking.erased_users import USER_ERASED
from tests.support.jobs.product import HEADER, NOW, collect, product, rows_of, send
from tests.support.jobs.traces import traces
from tests.support.runs import under
from warehouse.append import append
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_ERASURES,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
    SILVER_USERS,
)

PRODUCT = product(items=None)
VICTIM = "victim-0042"
COUNTS = ("target", "n_rows", "n_accepted", "n_duplicates", "n_quarantined", "n_erased")


def erased(warehouse: Warehouse, *users: str) -> None:
    """Write the lake's list of erasures as `erase` does."""
    rows = [
        {"user_digest": digest(PRODUCT.name, user_id), "requested_at": NOW, "run_key": "k"}
        for user_id in users
    ]
    append(warehouse.root, BRONZE_ERASURES, rows, run_key=RunKey("dag", "list", "erase"))


def ingested(warehouse: Warehouse, inbox: Path, run: str = "1") -> None:
    land.run(under(warehouse, f"ingest/{run}/land"), PRODUCT, inbox)
    refine.run(under(warehouse, f"ingest/{run}/refine"), PRODUCT, now=NOW)


def test_rows_of_erased_users_are_quarantined_without_content(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    # nearly all rows are the victim's: more than the share of failed rows at which refine stops
    ratings = [f" {VICTIM} ,{item},5,100" for item in "abcdefgh"]
    send(inbox, "ratings.csv", HEADER, *ratings, "other,a,4,100", f"{VICTIM},a,99,1")
    send(inbox, "users.csv", "user,age", f"{VICTIM},42", "other,43")
    erased(warehouse, VICTIM, "nobody")

    ingested(warehouse, inbox)
    events = [("rate", VICTIM, "a", 3.0, 200), ("hide", "other", "b", None, 200)]
    collect(warehouse.root, "late", *events)
    refine.run(under(warehouse, "ingest/2/refine"), PRODUCT, now=NOW)

    assert {row[0] for row in rows_of(warehouse, SILVER_EVENTS, "user_id")} == {"other"}
    assert rows_of(warehouse, SILVER_INTERACTIONS, "user_id", "item_id") == [("other", "a")]
    assert rows_of(warehouse, SILVER_USERS, "user_id") == [("other",)]
    assert rows_of(warehouse, SILVER_USER_INDEX, "user_id", "user_index") == [("other", 0)]
    quarantined = rows_of(warehouse, SILVER_QUARANTINE, "target", "sent")
    assert quarantined == [("feedback", "{}"), *[("ratings", "{}")] * 9, ("users", "{}")]
    failed = rows_of(warehouse, SILVER_QUARANTINE, "failed_checks")
    assert all(USER_ERASED in checks for (checks,) in failed)
    assert traces(f"{warehouse.root}/silver", [VICTIM]) == {}
    assert rows_of(warehouse, SILVER_REFINEMENTS, *COUNTS) == [
        ("feedback", 2, 1, 0, 0, 1),
        ("ratings", 10, 1, 0, 0, 9),
        ("users", 2, 1, 0, 0, 1),
    ]
    assert freeze.quarantine_share(Lake(warehouse.root)) == 0


def test_rows_that_were_deleted_from_bronze_are_accounted_for(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    from warehouse.maintenance import erasure
    from warehouse.tables import BRONZE_RATINGS

    inbox = tmp_path / "inbox"
    send(inbox, "ratings.csv", HEADER, f"{VICTIM},a,5,100", "other,a,4,100", "other,b,4,100")
    send(inbox, "users.csv", "user,age", "other,43")
    land.run(under(warehouse, "ingest/1/land"), PRODUCT, inbox)
    condition = erasure.any_of("user_id", [VICTIM])
    erasure.delete(warehouse.root, BRONZE_RATINGS, condition, {}, run_key=RunKey("d", "1", "erase"))

    refine.run(under(warehouse, "ingest/1/refine"), PRODUCT, now=NOW)

    assert rows_of(warehouse, SILVER_REFINEMENTS, *COUNTS) == [
        ("ratings", 3, 2, 0, 0, 1),
        ("users", 1, 1, 0, 0, 0),
    ]
