import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.sql import SparkSession

from tests.support.runs import under
from warehouse.append import append
from warehouse.creation import arrow_schema
from warehouse.delta import Warehouse
from warehouse.errors import SchemaMismatchError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_NOMINATIONS, GOLD_PROFILES, GOLD_VERDICTS, TABLES, Table

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def nomination(retrain_id: str, **changed: Any) -> dict[str, Any]:
    return {
        "retrain_id": retrain_id,
        "challenger": "{}",
        "champion": None,
        "champion_release_id": None,
        "reason": "nightly",
        "nominated_at": MONDAY,
        "run_key": f"{retrain_id}/nominate",
    } | changed


def nominate(root: Path, retrain_id: str, run: str, **options: Any) -> bool:
    """Append a nomination as the run `d/<run>`."""
    rows, key = [nomination(retrain_id)], RunKey("d", run, "nominate")
    return append(str(root), GOLD_NOMINATIONS, rows, run_key=key, **options)


def retrain_ids(root: Path) -> list[str]:
    return sorted(Lake(str(root)).read(GOLD_NOMINATIONS).column("retrain_id").to_pylist())


def test_a_run_key_is_written_once(tmp_path: Path) -> None:
    assert nominate(tmp_path, "d/1", run="1")
    assert not nominate(tmp_path, "d/1", run="1")
    assert nominate(tmp_path, "d/2", run="2")

    assert retrain_ids(tmp_path) == ["d/1", "d/2"]


def test_a_run_gives_each_write_of_a_table_a_write_id(tmp_path: Path) -> None:
    for write_id in ("0", "1", "0"):
        nominate(tmp_path, f"d/{write_id}", run="1", write_id=write_id)

    assert retrain_ids(tmp_path) == ["d/0", "d/1"]


def test_the_commit_has_the_same_signature_as_sparks(tmp_path: Path) -> None:
    nominate(tmp_path, "d/1", run="1")

    [newest] = Lake(str(tmp_path)).history(GOLD_NOMINATIONS, limit=1)
    assert newest.run_key == RunKey("d", "1", "nominate")
    entry = DeltaTable(str(tmp_path / "gold/nominations")).history(1)[0]
    assert json.loads(entry["userMetadata"])["job"] == "nominate"


def test_spark_and_this_writer_share_a_table_and_its_run_keys(
    spark: SparkSession, warehouse: Warehouse
) -> None:
    rows = [nomination("d/1")]
    append(warehouse.root, GOLD_NOMINATIONS, rows, run_key=RunKey("d", "1", "nominate"))
    frame = spark.createDataFrame([tuple(nomination("d/2").values())], GOLD_NOMINATIONS.ddl)
    under(warehouse, "d/1/nominate").append(GOLD_NOMINATIONS, frame)
    under(warehouse, "d/2/nominate").append(GOLD_NOMINATIONS, frame)

    assert retrain_ids(Path(warehouse.root)) == ["d/1", "d/2"]
    assert not append(warehouse.root, GOLD_NOMINATIONS, rows, run_key=RunKey("d", "2", "nominate"))


def test_the_table_rejects_rows_that_violate_its_checks(tmp_path: Path) -> None:
    row = dict.fromkeys(GOLD_VERDICTS.names) | {
        "retrain_id": "d/1",
        "verdict": "perhaps",
        "reason": "",
        "publishes": True,
        "criteria": [],
        "comparisons": [],
        "decided_at": MONDAY,
        "run_key": "d/1/decide",
    }
    with pytest.raises(DeltaError, match=r"failed validation check(.|\n)*perhaps"):
        append(str(tmp_path), GOLD_VERDICTS, [row], run_key=RunKey("d", "1", "decide"))


@pytest.mark.parametrize(
    "row",
    [{"retrain_id": "d/1"}, nomination("d/1", nominated_at="yesterday"), nomination("d/1", more=1)],
    ids=["a column less", "another type", "a column more"],
)
def test_a_row_with_other_columns_is_rejected(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(SchemaMismatchError, match=r"gold\.nominations"):
        append(str(tmp_path), GOLD_NOMINATIONS, [row], run_key=RunKey("d", "1", "nominate"))

    assert not Lake(str(tmp_path)).exists(GOLD_NOMINATIONS)


def test_an_arrow_table_can_be_appended(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([nomination("d/1")], schema=arrow_schema(GOLD_NOMINATIONS))

    assert append(str(tmp_path), GOLD_NOMINATIONS, table, run_key=RunKey("d", "1", "nominate"))
    assert retrain_ids(tmp_path) == ["d/1"]


def test_a_new_column_is_added_to_an_older_table(tmp_path: Path) -> None:
    root = str(tmp_path)
    older = replace(GOLD_PROFILES, columns=GOLD_PROFILES.columns[:-1])
    row = {"user_id": "u", "item_ids": ["a"], "ratings": [5.0], "rated_at": [MONDAY]}
    append(root, older, [row | {"retrain_id": "d/1"}], run_key=RunKey("d", "1", "fit"))
    newer = row | {"segment": "age=old"}

    append(root, GOLD_PROFILES, [newer | {"retrain_id": "d/2"}], run_key=RunKey("d", "2", "fit"))

    rows = Lake(root).rows(GOLD_PROFILES, columns=["retrain_id", "segment"])
    assert {row["retrain_id"]: row["segment"] for row in rows} == {"d/1": None, "d/2": "age=old"}


def test_spark_adds_a_new_column_to_an_older_table(
    spark: SparkSession, warehouse: Warehouse
) -> None:
    n_older = GOLD_PROFILES.names.index("segment")
    older = replace(GOLD_PROFILES, columns=GOLD_PROFILES.columns[:n_older])
    row = ("d/1", "u", ["a"], [5.0], [MONDAY])
    warehouse.append(older, spark.createDataFrame([row], older.ddl))

    others = [None] * len(GOLD_PROFILES.columns[n_older + 1 :])
    newer = spark.createDataFrame([(*row, "age=old", *others)], GOLD_PROFILES.ddl)
    under(warehouse, "d/2/fit").append(GOLD_PROFILES, newer)

    rows = warehouse.read(GOLD_PROFILES).select("segment").collect()
    assert {row["segment"] for row in rows} == {None, "age=old"}


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.full_name)
def test_every_table_has_arrow_types(table: Table) -> None:
    assert arrow_schema(table).names == list(table.names)


def test_a_large_file_has_several_groups_of_rows(tmp_path: Path) -> None:
    rows = pa.Table.from_pylist([nomination("d/1")]).take(pa.array([0] * 600_000))

    append(str(tmp_path), GOLD_NOMINATIONS, rows, run_key=RunKey("d", "1", "nominate"))

    [path] = Path(GOLD_NOMINATIONS.uri(str(tmp_path))).glob("*.parquet")
    metadata = pq.read_metadata(path)
    assert metadata.num_row_groups == 3
    assert metadata.row_group(0).column(0).compression == "SNAPPY"
