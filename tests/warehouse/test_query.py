import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pytest

from warehouse.append import append
from warehouse.errors import TableMissingError, VersionGoneError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import SILVER_EVENTS, SILVER_USER_INDEX

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    for number in range(2):
        rows = [
            {"user_id": f"u{number}{n}", "user_index": 10 * number + n} for n in range(number + 1)
        ]
        append(str(tmp_path), SILVER_USER_INDEX, rows, run_key=RunKey("d", str(number), "refine"))
    return Lake(str(tmp_path))


def test_rows_are_counted_from_the_log(lake: Lake) -> None:
    assert lake.n_rows(SILVER_USER_INDEX) == 3


def test_columns_and_values_select_what_is_read(lake: Lake) -> None:
    result = lake.read(SILVER_USER_INDEX, columns=["user_id"], equals={"user_index": [10, 11]})

    assert result.column_names == ["user_id"]
    assert sorted(result.column("user_id").to_pylist()) == ["u10", "u11"]


@pytest.mark.parametrize("text", ["o'neil", "a\\' OR 1=1 --", '"', "''"])
def test_a_value_is_data_and_never_sql(tmp_path: Path, text: str) -> None:
    rows = [{"user_id": text, "user_index": 0}, {"user_id": "other", "user_index": 1}]
    append(str(tmp_path), SILVER_USER_INDEX, rows, run_key=RunKey("d", "1", "refine"))

    result = Lake(str(tmp_path)).rows(SILVER_USER_INDEX, equals={"user_id": text})

    assert result == rows[:1]


def test_several_values_mean_any_of_them_and_none_means_no_row(lake: Lake) -> None:
    assert lake.read(SILVER_USER_INDEX, equals={"user_id": ["u00", "u10", "x"]}).num_rows == 2
    assert lake.read(SILVER_USER_INDEX, equals={"user_id": []}).num_rows == 0


def test_all_conditions_hold_together(lake: Lake) -> None:
    rows = lake.rows(SILVER_USER_INDEX, equals={"user_id": ["u00", "u10"], "user_index": 10})

    assert [row["user_id"] for row in rows] == ["u10"]


def test_a_table_without_a_commit_has_no_rows(tmp_path: Path) -> None:
    assert Lake(str(tmp_path)).rows(SILVER_USER_INDEX) == []


def test_an_empty_result_has_the_columns(lake: Lake) -> None:
    result = lake.read(SILVER_USER_INDEX, equals={"user_id": "nobody"})

    assert (result.num_rows, result.column_names) == (0, ["user_id", "user_index"])


def test_an_older_version_can_be_read(lake: Lake) -> None:
    newest = lake.version(SILVER_USER_INDEX)

    assert lake.read(SILVER_USER_INDEX, version=newest - 1).num_rows == 1


def test_history_is_newest_first(lake: Lake) -> None:
    commits = lake.history(SILVER_USER_INDEX)

    assert [str(c.run_key) for c in commits] == ["d/1/refine", "d/0/refine", "d/0/refine"]
    assert commits[0].at.tzinfo == UTC


def test_text_columns_can_be_compared(lake: Lake) -> None:
    users = lake.read(SILVER_USER_INDEX)["user_id"]

    assert pa.compute.equal(users, users[0].as_py()).to_pylist().count(True) == 1


def test_a_dataset_for_another_engine_has_the_version(lake: Lake) -> None:
    newest = lake.version(SILVER_USER_INDEX)

    assert lake.dataset(SILVER_USER_INDEX).count_rows() == 3
    assert lake.dataset(SILVER_USER_INDEX, newest - 1).count_rows() == 1
    with pytest.raises(VersionGoneError, match=f"the newest one is {newest}"):
        lake.dataset(SILVER_USER_INDEX, newest + 1)


def test_a_version_far_ahead_is_refused_at_once(lake: Lake) -> None:
    began = time.process_time()
    with pytest.raises(VersionGoneError, match="has no version 100000000"):
        lake.dataset(SILVER_USER_INDEX, 100_000_000)

    assert time.process_time() - began < 1


def test_the_error_for_a_table_without_a_commit_names_it(lake: Lake) -> None:
    assert not lake.exists(SILVER_EVENTS)
    for ask in (lake.version, lake.n_rows, lake.read, lake.history, lake.dataset):
        with pytest.raises(TableMissingError, match=r"silver\.events"):
            ask(SILVER_EVENTS)
