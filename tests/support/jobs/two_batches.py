"""Two deliveries of a product, and what silver has after both, in whatever order they arrived."""

from pathlib import Path
from typing import Any

from tests.support.jobs.product import HEADER, product, send
from warehouse.query import Lake
from warehouse.tables import (
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEM_INDEX,
    SILVER_ITEMS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
    SILVER_USERS,
    Table,
)

DATASET = product(floors={"max_quarantine_share": 0.9})
N_FILES, N_ROWS = 6, 15


def send_first(inbox: Path) -> None:
    """Put the first files into the inbox; one rating is not on the scale."""
    send(inbox, "items-1.csv", "item,title,kinds", "a,Old,x", "b,Second,y")
    send(inbox, "users-1.csv", "user,age", "u,old", "v,20")
    send(inbox, "ratings-1.csv", HEADER, "u,a,5,100", "v,b,4,100", "u,b,77,100")


def send_second(inbox: Path) -> None:
    """Put files with newer titles, attributes and ratings into it; one event was sent before."""
    send(inbox, "items-2.csv", "item,title,kinds", "a,New,x", "c,Third,y")
    send(inbox, "users-2.csv", "user,age", "u,30", "w,40")
    send(inbox, "ratings-2.csv", HEADER, "u,a,2,200", "w,c,3,100", "v,b,4,100", "w,c,88,100")


def assert_refined(root: str) -> None:
    """Assert that all rows of both are in silver once, and that the newest ones won."""
    titles = _rows(root, SILVER_ITEMS, "item_id", "title")
    assert titles == [("a", "New"), ("b", "Second"), ("c", "Third")]
    ages = [(user, of["age"]) for user, of in _rows(root, SILVER_USERS, "user_id", "attributes")]
    assert ages == [("u", "30"), ("v", "20"), ("w", "40")]
    newest = [("u", "a", 2.0), ("v", "b", 4.0), ("w", "c", 3.0)]
    assert _rows(root, SILVER_INTERACTIONS, "user_id", "item_id", "rating") == newest
    events = _rows(root, SILVER_EVENTS, "user_id", "item_id", "rating")
    assert events == sorted([*newest, ("u", "a", 5.0)])
    quarantined = _rows(root, SILVER_QUARANTINE, "source_file", "source_line")
    assert quarantined == [("ratings-1.csv", 4), ("ratings-2.csv", 5)]
    for table in (SILVER_USER_INDEX, SILVER_ITEM_INDEX):
        assert sorted(index for _, index in _rows(root, table)) == [0, 1, 2]
    balances = _rows(root, SILVER_REFINEMENTS, "landing_id", "n_rows")
    assert len({landing for landing, _ in balances}) == len(balances) == N_FILES
    assert sum(n_rows for _, n_rows in balances) == N_ROWS


def _rows(root: str, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    names = columns or table.names
    rows = [tuple(row[name] for name in names) for row in Lake(root).rows(table, columns=names)]
    return sorted(rows, key=str)
