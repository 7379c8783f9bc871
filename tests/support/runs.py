"""Run keys in tests: one line to write as another run."""

from typing import TYPE_CHECKING

from warehouse.run_keys import RunKey

if TYPE_CHECKING:
    from warehouse.delta import Warehouse


def under(warehouse: "Warehouse", run_key: str | RunKey) -> "Warehouse":
    """Return the same warehouse, written under another run key."""
    key = RunKey.parse(run_key) if isinstance(run_key, str) else run_key
    return type(warehouse)(warehouse.spark, warehouse.root, run_key=key)
