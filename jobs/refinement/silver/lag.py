"""How many events silver.interactions lacks, and whether it is computed anew. No Spark.

All rows are computed from all events, because the pairs of a few events are spread over all files
of the table. For a few events among many that would cost too much: `refine` waits until they are
`DUE_SHARE` of all events, and `freeze` computes the table before each retrain. The version of
silver.events that the table has is in its log, as an application transaction.
"""

from typing import Final

from warehouse import changes
from warehouse.append import Mark
from warehouse.query import Lake
from warehouse.tables import SILVER_EVENTS, SILVER_INTERACTIONS

DUE_SHARE: Final = 0.01
ALWAYS_DUE: Final = 100_000  # up to this number of events, every refinement computes the table


def is_due(lake: Lake) -> bool:
    """Return whether a refinement computes silver.interactions."""
    n_changed = _n_changed(lake)
    if n_changed is None:
        return True
    n_events = lake.n_rows(SILVER_EVENTS)
    return n_changed > (0 if n_events <= ALWAYS_DUE else DUE_SHARE * n_events)


def are_behind(lake: Lake) -> bool:
    """Return whether silver.events has changes that silver.interactions lacks.

    A table without a mark was written by an earlier Lantern, together with silver.events.
    """
    if not lake.exists(SILVER_EVENTS) or lake.mark(SILVER_INTERACTIONS, _name(lake)) is None:
        return False
    return _n_changed(lake) != 0


def mark_of_now(lake: Lake) -> Mark:
    """Return the mark of a table of interactions that has all events of now."""
    return Mark(_name(lake), lake.version(SILVER_EVENTS))


def _n_changed(lake: Lake) -> int | None:
    """Return the number of events that changed since the table was computed, if it is known."""
    version = lake.mark(SILVER_INTERACTIONS, _name(lake))
    return None if version is None else changes.n_changed(lake, SILVER_EVENTS, since=version)


def _name(lake: Lake) -> str:
    """Return the name of the transaction; a table of events that was made anew has another one."""
    return f"{SILVER_EVENTS.full_name}/{lake.definition(SILVER_EVENTS).id}"
