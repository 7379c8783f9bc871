"""The page of faults names tests that exist, and marks those that take minutes."""

import ast
import re
from pathlib import Path

import pytest

from ops.settings import ROOT

TEST = re.compile(r"`([\w/]+\.py)::(\w+)`( †)?")
NAMED = TEST.findall((ROOT / "docs/faults.md").read_text(encoding="utf-8"))


def decorators(path: Path) -> dict[str, str]:
    """Return the decorators of each function of a file, as text."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    return {node.name: " ".join(map(ast.unparse, node.decorator_list)) for node in functions}


@pytest.mark.parametrize(("file", "name", "mark"), sorted({*NAMED}))
def test_a_named_test_exists_and_is_marked_if_it_takes_minutes(
    file: str, name: str, mark: str
) -> None:
    found = decorators(ROOT / "tests" / file)

    assert name in found
    assert ("mark.soak" in found[name]) == bool(mark)


def test_every_row_names_a_test() -> None:
    page = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    rows = [line for line in rows if not line.startswith("| fault |")]

    assert len(rows) >= 50
    assert [row for row in rows if not TEST.search(row)] == []
