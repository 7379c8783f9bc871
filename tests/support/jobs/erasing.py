"""Requests of erasures, and what became of them."""

from collections.abc import Callable

from sqlalchemy import Engine

from jobs.erase import Outcome
from serving.users import accounts
from tests.support.serving.shop import rows
from warehouse.query import Lake
from warehouse.tables import GOLD_ERASED_ROWS

Run = Callable[..., Outcome]  # the fixture `run`
VICTIM, OTHER = "victim-0042", "other-0042"


def request(owner: Engine, *users: str) -> None:
    with owner.begin() as connection:
        for user_id in users:
            accounts.erase(connection, user_id, requested_by="test")


def progress(owner: Engine) -> list[tuple[object, ...]]:
    columns = "erased_at is not null, purged_at is not null"
    return rows(owner, f"select {columns} from erasures order by digest")  # noqa: S608 # our names


def recorded(root: str) -> dict[str, int]:
    """Return the number of recorded rows by table."""
    read = Lake(root).rows(GOLD_ERASED_ROWS)
    return {row["table_name"]: row["n_rows"] for row in read}
