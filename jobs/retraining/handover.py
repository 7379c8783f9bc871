"""What the tasks of one retrain tell each other: gold rows under its id, read without Spark."""

from typing import Any

from jobs.runtime.errors import (
    NotDecidedError,
    NotFittedError,
    NotFrozenError,
    NotNominatedError,
    NotSearchedError,
)
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    GOLD_FITS,
    GOLD_FREEZES,
    GOLD_NOMINATIONS,
    GOLD_SEARCHES,
    GOLD_VERDICTS,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEM_INDEX,
    SILVER_ITEMS,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
    SILVER_USERS,
    Table,
)

PINNED = (
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEMS,
    SILVER_USERS,
    SILVER_USER_INDEX,
    SILVER_ITEM_INDEX,
    SILVER_REFINEMENTS,
)


def freeze(root: str, run_key: RunKey) -> dict[str, Any]:
    """Return the row of gold.freezes of the run's retrain.

    Raises:
        NotFrozenError: `freeze` has not run in it.
    """
    row = row_of(root, GOLD_FREEZES, run_key.retrain_id)
    if row is None:
        raise NotFrozenError(f"{run_key.retrain_id}: nothing is frozen; run jobs.freeze first")
    return row


def nomination(root: str, run_key: RunKey) -> dict[str, Any]:
    """Return the row of gold.nominations of the run's retrain.

    Raises:
        NotNominatedError: `nominate` has not run in it.
    """
    row = row_of(root, GOLD_NOMINATIONS, run_key.retrain_id)
    if row is None:
        raise NotNominatedError(f"{run_key.retrain_id}: nobody stands; run jobs.nominate first")
    return row


def challenger(root: str, run_key: RunKey) -> str:
    """Return the recipe, as JSON, that challenges in the run's retrain.

    Raises:
        NotSearchedError: `search` has not run in it.
    """
    row = row_of(root, GOLD_SEARCHES, run_key.retrain_id)
    if row is None:
        raise NotSearchedError(
            f"{run_key.retrain_id}: no challenger is named; run jobs.search first"
        )
    return str(row["challenger"])


def verdict(root: str, run_key: RunKey) -> dict[str, Any]:
    """Return the row of gold.verdicts of the run's retrain, which lets something be published.

    Raises:
        NotDecidedError: `decide` has not run in it, or nothing is to be published.
    """
    row = row_of(root, GOLD_VERDICTS, run_key.retrain_id)
    if row is None:
        raise NotDecidedError(f"{run_key.retrain_id}: not decided; run jobs.decide first")
    if not row["publishes"]:
        raise NotDecidedError(f"{run_key.retrain_id}: nothing follows. {row['reason']}")
    return row


def fitted(root: str, retrain_id: str) -> dict[str, Any]:
    """Return the row of gold.fits of a retrain.

    Raises:
        NotFittedError: `fit` has not come to its end in it.
    """
    row = row_of(root, GOLD_FITS, retrain_id)
    if row is None:
        raise NotFittedError(f"{retrain_id}: no complete fit; run jobs.fit first")
    return row


def of_retrain(run_key: RunKey) -> dict[str, str]:
    """Return the condition for rows of the run's retrain."""
    return {"retrain_id": run_key.retrain_id}


def row_of(root: str, table: Table, retrain_id: str) -> dict[str, Any] | None:
    """Return the table's row of a retrain, if there is one."""
    rows = Lake(root).rows(table, equals={"retrain_id": retrain_id})
    return rows[0] if rows else None
