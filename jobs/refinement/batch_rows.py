"""The rows of bronze that one refinement reads, checked and typed by their manifest's sections."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.refinement.checking import erased_users
from jobs.refinement.checking.checks import AS_SENT, checked
from jobs.refinement.checking.decisions import Released
from jobs.refinement.pending import HISTORY, Batch, section_of
from jobs.refinement.texts import trimmed
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.tables import BRONZE, BRONZE_EVENTS, BRONZE_FEEDBACK

if TYPE_CHECKING:
    from warehouse.manifests.sources import Files

EVENT_COLUMNS = (
    "event_id", "kind", "typed_user", "typed_item", "typed_rating", "typed_value", "occurred_at",
    "landing_id", "list_id",
)  # fmt: skip
_USER_ID: Mapping[str, Callable[[], Column]] = {
    **dict.fromkeys(HISTORY, lambda: F.col("typed_user")),
    "users": lambda: trimmed("user_id"),
}
_OF_EVERY_ROW = ("source_file", "source_line", "failed_checks", "dropped")


def checked_rows(
    warehouse: Warehouse, dataset: Dataset, batch: Batch, *, now: datetime
) -> dict[str, DataFrame]:
    """Return the rows to refine by target, with the checks that they fail.

    `sent` is a failed row as it was sent, as JSON; null for others, empty for erased users.
    """
    rows: dict[str, DataFrame] = {}
    for target, table in BRONZE.items():
        by_section: dict[int, tuple[Files | None, list[str]]] = {}
        for landing in batch.checked(target):
            section = section_of(dataset, landing)
            by_section.setdefault(id(section), (section, []))[1].append(landing.landing_id)
        frames = [
            _with_sent(
                target,
                _without_released(
                    checked(
                        warehouse.read(table).where(F.col("landing_id").isin(ids)),
                        dataset,
                        section,
                        now=now,
                        refused=batch.refused,
                    ),
                    {i: batch.released[i] for i in ids if i in batch.released},
                ),
            )
            for section, ids in by_section.values()
        ]
        if frames:
            union = reduce(DataFrame.unionByName, frames)
            user_id = _USER_ID.get(target)
            if user_id is not None:
                union = erased_users.marked(
                    warehouse, union, dataset=dataset.name, user_id=user_id()
                )
            rows[target] = union
    return rows


def _without_released(rows: DataFrame, released: Released) -> DataFrame:
    """Return the rows with `failed_checks` without those that are released for their landing."""
    landings: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for landing_id, checks in released.items():
        landings[checks].append(landing_id)
    for checks, landing_ids in landings.items():
        remaining = F.array_except("failed_checks", F.array(*map(F.lit, checks)))
        is_meant = F.col("landing_id").isin(landing_ids)
        failed = F.when(is_meant, remaining).otherwise(F.col("failed_checks"))
        rows = rows.withColumn("failed_checks", failed)
    return rows


def _with_sent(target: str, rows: DataFrame) -> DataFrame:
    """Return the rows with `sent`; those of events without the texts that were typed."""
    as_sent = F.to_json(F.struct(*_as_sent(target)))
    with_sent = rows.withColumn("sent", F.when(F.size("failed_checks") > 0, as_sent))
    if target == BRONZE_FEEDBACK.name:
        with_sent = with_sent.withColumn("event_id", F.col("silver_id"))
    return (
        with_sent.select(*EVENT_COLUMNS, *_OF_EVERY_ROW, "sent") if target in HISTORY else with_sent
    )


def _as_sent(target: str) -> list[Column]:
    """Return the columns of the row as sent; in events two of them are typed."""
    names = AS_SENT if target == BRONZE_EVENTS.name else {}
    return [F.col(names.get(name, name)).alias(name) for name in BRONZE[target].sent]
