"""The rows of bronze that one refinement reads, checked and typed by their manifest's sections."""

from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.refinement.checks import checked
from jobs.refinement.pending import Batch, section_of
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.tables import BRONZE

if TYPE_CHECKING:
    from warehouse.manifests.sources import Files


def checked_rows(
    warehouse: Warehouse, dataset: Dataset, batch: Batch, *, now: datetime
) -> dict[str, DataFrame]:
    """Return the rows to refine by target, with the checks that they fail."""
    rows: dict[str, DataFrame] = {}
    for target, table in BRONZE.items():
        by_section: dict[int, tuple[Files | None, list[str]]] = {}
        for landing in batch.checked(target):
            section = section_of(dataset, landing)
            by_section.setdefault(id(section), (section, []))[1].append(landing.landing_id)
        frames = [
            checked(
                warehouse.read(table).where(F.col("landing_id").isin(ids)),
                dataset,
                section,
                now=now,
                refused=batch.refused,
            )
            for section, ids in by_section.values()
        ]
        if frames:
            rows[target] = reduce(DataFrame.unionByName, frames)
    return rows
