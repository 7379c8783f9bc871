"""`lantern query`: rows on standard output, notes on standard error, files that are complete."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from ops import settings as settings_module
from ops.settings import OpsSettings
from tests.ops.terminal.test_cli import lantern
from tests.support import small_lake


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("lake")
    small_lake.write(str(folder / small_lake.DATASET))
    return str(folder)


@pytest.fixture(autouse=True)
def _lake(root: str, settings: OpsSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "read", lambda: settings)
    monkeypatch.setenv("LAKE_ROOT", root)


def test_a_table_is_printed_for_reading(capsys: pytest.CaptureFixture[str]) -> None:
    assert lantern("query", "select title, released from silver.items order by item_id") == 0

    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["title", "released"]
    assert shown[1].split() == ["Copper", "Saints", "1968"]


def test_a_table_stops_at_a_hundred_rows_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert lantern("query", "from range(101)") == 0

    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 101
    assert "more than 100 rows: --limit" in shown.err
    assert lantern("query", "from range(101)", "--limit", "101") == 0
    assert capsys.readouterr().err == ""


def test_standard_output_has_the_rows_alone(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("from range(500) t(n)"))

    assert lantern("query", "-", "--format", "csv", "--limit", "400") == 0

    shown = capfdbinary.readouterr()
    assert len(list(csv.DictReader(io.StringIO(shown.out.decode())))) == 400
    assert b"more than 400 rows" in shown.err


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_rows_cannot_control_a_terminal(
    kind: str, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "select 'a' || chr(27) || '[2J' || chr(155) || chr(8238) || 'é' as text"
    assert lantern("query", text, "--format", kind) == 0
    assert "\x9b\u202eé" in capfdbinary.readouterr().out.decode()

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert lantern("query", text, "--format", kind) == 0
    assert "a\\u001b[2J\\u009b\\u202eé" in capfdbinary.readouterr().out.decode()


def written(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a file."""
    if file.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(file.read_text())))
    if file.suffix == ".json":
        return list(json.loads(file.read_text()))
    return list(parquet.read_table(file).to_pylist())


@pytest.mark.parametrize("name", ["items.csv", "items.json", "items.parquet"])
def test_a_file_is_written_in_the_format_of_its_name(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name

    assert lantern("query", "from silver.items order by item_id", "--output", str(file)) == 0

    assert [row["title"] for row in written(file)] == [
        title for title, *_ in small_lake.ITEMS.values()
    ]
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert "4 rows are in" in capsys.readouterr().out


def test_formulas_are_escaped_if_asked(tmp_path: Path) -> None:
    file, text = tmp_path / "out.csv", "select title from silver.items where item_id = 'i3'"

    assert lantern("query", text, "--output", str(file)) == 0
    assert file.read_text().splitlines()[1] == "=HYPERLINK(A1)"
    assert lantern("query", text, "--output", str(file), "--escape-formulas") == 0
    assert file.read_text().splitlines()[1] == "'=HYPERLINK(A1)"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("from silver.itms",), "Did you mean silver.items?"),
        (("drop view silver.items",), "only SELECT"),
        (("from read_text('/etc/passwd')",), "read_text is not available"),
        (("from range(10000000000) a, range(9) b", "--seconds", "0.2", "--limit", "5",
          "--format", "csv", "--output", "{folder}/x.csv"), ""),
        (("select 1", "--output", "{folder}/x.txt"), "choose --format"),
        (("select 1", "--output", "{folder}/none/x.csv"), "No such file"),
        (("select 1", "--dataset", "none"), "movielens_1m"),
    ],
)  # fmt: skip
def test_an_error_is_one_sentence_and_leaves_no_file(
    tmp_path: Path, arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = tuple(argument.format(folder=tmp_path) for argument in arguments)
    code = lantern("query", *arguments)

    shown = capsys.readouterr().err
    if reason:
        assert code == 1
        assert "error:" in shown
        assert reason in shown
        assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in shown


def test_a_failure_while_rows_are_written_keeps_the_file_there_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("before")
    text = "select 1 // (range - 500000)::int, error('no') from range(1000000) where range > 999990"

    assert lantern("query", text, "--output", str(file)) == 1

    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]
    assert "error:" in capsys.readouterr().err


def test_a_wrong_option_is_code_2() -> None:
    assert lantern("query", "select 1", "--format", "xlsx") == 2
    assert lantern("query", "select 1", "--limit", "0") == 2


def test_several_data_sets_need_a_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("playground", "movielens_1m"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path))

    assert lantern("query", "show tables") == 1
    assert "--dataset: movielens_1m, playground" in capsys.readouterr().err
    assert lantern("query", "show tables", "--dataset", "playground") == 0
