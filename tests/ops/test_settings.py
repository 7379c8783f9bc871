from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from ops import settings as settings_module
from ops.errors import OpsError
from ops.settings import OpsSettings


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(settings_module, "data_home", lambda: tmp_path / "share")
    return tmp_path / "share"


@pytest.mark.parametrize("name", ["a (b) 'c' ä %s $x \"d\" {e} #f ?", "[a] b", "a^b", "a%20b"])
@pytest.mark.usefixtures("home")
def test_delta_rs_writes_into_the_lake_of_a_folder_with_any_name(
    settings: OpsSettings, name: str
) -> None:
    settings = OpsSettings(var=settings.folder.parent / name)
    settings.make_folders()
    table = str(settings.lake / "bronze" / "landings")
    for _ in range(2):
        write_deltalake(table, pa.table({"n": [1]}), mode="append")
    assert DeltaTable(table).to_pyarrow_dataset().count_rows() == 2
    assert (settings.folder / "lake" / "bronze" / "landings" / "_delta_log").is_dir()


def test_a_lake_that_is_elsewhere_has_the_same_place_at_each_start(
    settings: OpsSettings, home: Path
) -> None:
    first, second = (OpsSettings(var=settings.folder / name) for name in ("[1]", "[2]"))
    first.make_folders()
    first.make_folders()
    assert first.lake.is_relative_to(home)
    assert first.lake == OpsSettings(var=first.var).lake != second.lake
    assert first.lake.stat().st_mode & 0o777 == 0o700
    assert settings.lake == settings.folder / "lake"


def test_a_lake_that_can_be_nowhere_is_refused_with_the_next_step(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_module, "data_home", lambda: Path("/home/[x]"))
    with pytest.raises(OpsError, match=r"whose path has one of .*: set OPS_VAR"):
        OpsSettings(var=settings.folder / "[1]").make_folders()


def test_the_folder_for_data_does_not_depend_on_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/elsewhere")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert settings_module.data_home() == Path("/var/lib")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_dir="/home/ada"))
    assert settings_module.data_home() == Path("/home/ada/.local/share")
