from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from warehouse import landings
from warehouse.append import append
from warehouse.creation import arrow_schema
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_LANDINGS

START = datetime(2026, 6, 1, tzinfo=UTC)
NEW_COLUMNS = ("reading", "section", "replaces")


def landed(
    lake: Lake,
    landing_id: str,
    *,
    minute: int,
    section: str | None = None,
    replaces: tuple[str, ...] = (),
) -> None:
    row = {
        "landing_id": landing_id,
        "target": "events",
        "source_file": f"{landing_id}.csv",
        "sha256": landing_id,
        "n_rows": 1,
        "run_key": landing_id,
        "landed_at": START + timedelta(minutes=minute),
        "reading": "digest",
        "section": section,
        "replaces": list(replaces),
    }
    append(lake.root, BRONZE_LANDINGS, [row], run_key=RunKey("dag", landing_id, "land"))


def ids(found: list[landings.Landing]) -> list[str]:
    return [landing.landing_id for landing in found]


def test_a_replaced_landing_is_neither_in_force_nor_pending(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    landed(lake, "second", minute=2, replaces=("first",))
    landed(lake, "first", minute=1)
    landed(lake, "other", minute=3)

    assert ids(landings.recorded(lake)) == ["first", "second", "other"]
    assert ids(landings.in_force(lake)) == ids(landings.pending(lake)) == ["second", "other"]
    assert landings.replaced(landings.recorded(lake)) == {"first"}


def test_of_snapshots_the_newest_of_each_section_is_in_force(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    landed(lake, "views-1", minute=1, section="views.csv")
    landed(lake, "carts-1", minute=2, section="carts.csv")
    landed(lake, "views-2", minute=3, section="views.csv")

    in_force = landings.in_force(lake)
    assert ids(landings.newest_snapshots(in_force)) == ["carts-1", "views-2"]
    assert ids(in_force) == ["views-1", "carts-1", "views-2"]


def test_landings_of_an_older_version_lack_the_new_columns(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    schema = arrow_schema(BRONZE_LANDINGS)
    older = pa.schema([field for field in schema if field.name not in NEW_COLUMNS])
    row = dict(zip(older.names, ("a", "events", "a.csv", "a", 1, "run", START), strict=True))
    write_deltalake(BRONZE_LANDINGS.uri(lake.root), pa.Table.from_pylist([row], schema=older))

    [landing] = landings.in_force(lake)
    assert (landing.reading, landing.section, landing.replaces) == (None, None, ())
    columns = ["replaces", "landing_id"]
    assert lake.read(BRONZE_LANDINGS, columns=columns).to_pylist() == [
        {"replaces": None, "landing_id": "a"}
    ]

    landed(lake, "b", minute=1)
    assert ids(landings.in_force(lake)) == ["a", "b"]


def test_a_row_may_lack_columns_that_are_null(tmp_path: Path) -> None:
    row = {"landing_id": "a", "target": "feedback", "source_file": "outbox", "sha256": "a"}
    row |= {"n_rows": 1, "run_key": "run", "landed_at": START}  # type: ignore[dict-item]
    append(str(tmp_path), BRONZE_LANDINGS, [row], run_key=RunKey("dag", "a", "collect"))

    assert ids(landings.pending(Lake(str(tmp_path)))) == ["a"]
