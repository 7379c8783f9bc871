"""The examples of docs/analysts.md, run as they are printed, over a small lake. Not Spark's."""

import importlib.util
import io
import shlex
import sys
from pathlib import Path

import pytest

from ops.settings import ROOT
from tests.ops.terminal.test_cli import lantern
from tests.support import markdown, small_lake
from warehouse.query import Lake
from warehouse.sql.engine import query

PAGE = (ROOT / "docs/analysts.md").read_text()
SNIPPETS = [text for text in markdown.blocks(PAGE, "python") if "pyspark" not in text]
QUERIES = markdown.blocks(PAGE, "sql")
COMMANDS = [
    line
    for text in markdown.blocks(PAGE, "sh")
    for line in text.splitlines()
    if "lantern query" in line
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the repository's, with a lake at the printed place."""
    folder = tmp_path_factory.mktemp("checkout")
    small_lake.write(str(folder / "var/lake/movielens_1m"))
    return folder


@pytest.mark.parametrize("text", QUERIES)
def test_a_printed_query_has_rows(checkout: Path, text: str) -> None:
    assert query(Lake(str(checkout / "var/lake/movielens_1m")), text).num_rows > 0


@pytest.mark.parametrize("text", SNIPPETS)
def test_a_printed_snippet_runs(
    checkout: Path,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "polars" in text and importlib.util.find_spec("polars") is None:
        pytest.skip("polars is not installed: NOT TESTED")
    monkeypatch.chdir(checkout)

    exec(compile(text, "docs/analysts.md", "exec"), {"__name__": "__main__"})  # noqa: S102

    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_printed_command_runs(
    checkout: Path,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("LAKE_ROOT", str(checkout / "var/lake"))
    monkeypatch.setenv("OPS_VAR", str(checkout / "var"))
    *before, command = line.split(" | ")
    typed = "".join(shlex.split(text)[1] for text in before)  # echo "…"
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    program, *arguments = shlex.split(command)

    assert program == ".venv/bin/lantern"
    assert lantern(*arguments) == 0

    assert capfd.readouterr().out.strip()
    if "--output" in arguments:
        assert (checkout / arguments[arguments.index("--output") + 1]).stat().st_size > 0
