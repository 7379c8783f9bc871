"""Compute silver.interactions from silver.events: `jobs.refinement.silver.lag` says when."""

from typing import Final

from jobs.engine.interactions import Meanings
from jobs.refinement import history
from jobs.refinement.silver import lag
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import SILVER_EVENTS, SILVER_INTERACTIONS

IS_PRESENT: Final = "rating IS NOT NULL OR kinds IS NOT NULL"


def write(warehouse: Warehouse, meanings: Meanings) -> None:
    """Compute the table from the newest version of silver.events."""
    mark = lag.mark_of_now(Lake(warehouse.root))
    events = warehouse.read(SILVER_EVENTS, version=mark.version)
    pairs = history.interactions(events, meanings).where(IS_PRESENT)
    warehouse.overwrite(SILVER_INTERACTIONS, pairs, write_id=f"events-{mark.version}", mark=mark)
