"""Dense 32-bit indices of users and items, whose ids are strings. The engine computes with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from typing import Self

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.settled import settled
from warehouse.append import Mark
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import Table

_NUMBERED = "numbered"  # name of the mark in the tables' logs; its version counts the writes
_IN_PARTITION = 1 << 33  # of monotonically_increasing_id: the lower bits count within a partition
_COLUMNS = ("table_name", "id")


def extend(warehouse: Warehouse, ids: Mapping[Table, DataFrame], *, write_id: str) -> None:
    """Append to each table the next free index for each id that has none, in the order of ids.

    Compare-and-set: rows are written only if the table has not been extended since it was read.
    So of several refinements at once one writes, and the others number again what it lacked.
    """
    remaining, n_writes = ids, 0
    while remaining:
        n_writes += 1
        remaining = _extend(warehouse, remaining, f"{write_id}-{n_writes}")


def numbers(counts: Mapping[int, int], *, first: int) -> Column:
    """Return the numbers of a frame's rows without gaps, in the order of partitions and rows.

    `counts` are rows by partition. Each partition is numbered by a task of its own.
    """
    sizes = [counts.get(partition, 0) for partition in range(max(counts) + 1)]
    starts = F.array(*[F.lit(start) for start in accumulate(sizes[:-1], initial=first)])
    nth = F.monotonically_increasing_id() % _IN_PARTITION
    return F.get(starts, F.spark_partition_id()) + nth


def _extend(
    warehouse: Warehouse, ids: Mapping[Table, DataFrame], write_id: str
) -> dict[Table, DataFrame]:
    """Extend the tables once; return the ids of those that may lack some after it."""
    lake = Lake(warehouse.root)
    before = {table: _State.of(lake, table) for table in ids}  # before the rows are read
    missing = [_missing(warehouse, table, frame) for table, frame in ids.items()]
    # A cache would be made anew after the first append, as its rows depend on that table.
    fresh = settled(reduce(DataFrame.union, missing).orderBy(*_COLUMNS))
    remaining, counts = {}, _counts(fresh)
    for table, frame in ids.items():
        if of_table := counts.get(table.name):
            (key, index), rows = table.names, fresh.where(F.col("table_name") == table.name)
            nth = numbers(of_table, first=_next(warehouse, table)).cast("int")
            numbered = rows.select(F.col("id").alias(key), nth.alias(index))
            mark = Mark(_NUMBERED, before[table].n_writes + 1)
            warehouse.append(table, numbered, write_id=write_id, mark=mark)
            if not before[table].is_followed_only_by(lake, table, warehouse.run_key):
                remaining[table] = frame
    return remaining


@dataclass(frozen=True, slots=True)
class _State:
    """A table's newest version, -1 before the first, and how often it was extended."""

    version: int
    n_writes: int

    @classmethod
    def of(cls, lake: Lake, table: Table) -> Self:
        n_writes = lake.mark(table, _NUMBERED) or 0
        return cls(lake.version(table) if lake.exists(table) else -1, n_writes)

    def is_followed_only_by(self, lake: Lake, table: Table, run_key: RunKey) -> bool:
        """Whether all later commits are the run's: creation, new columns, rows."""
        later = lake.commits_after(table, self.version)
        return all(commit.run_key == run_key for commit in later)


def _missing(warehouse: Warehouse, table: Table, ids: DataFrame) -> DataFrame:
    """Return (table_name, id) of the ids that the table lacks, each once."""
    key = table.names[0]
    fresh = ids.select(key).distinct().join(warehouse.read_or_empty(table), key, "left_anti")
    return fresh.select(F.lit(table.name).alias("table_name"), F.col(key).alias("id"))


def _counts(fresh: DataFrame) -> dict[str, dict[int, int]]:
    """Return the number of rows by table and partition."""
    by_partition = fresh.groupBy("table_name", F.spark_partition_id().alias("partition"))
    counts: dict[str, dict[int, int]] = {}
    for name, partition, n in by_partition.count().collect():
        counts.setdefault(name, {})[partition] = n
    return counts


def _next(warehouse: Warehouse, table: Table) -> int:
    """Return the smallest index that is larger than all of the table."""
    if not warehouse.exists(table):
        return 0
    largest = warehouse.read(table).agg(F.max(table.names[1])).head()
    return 0 if largest is None or largest[0] is None else largest[0] + 1
