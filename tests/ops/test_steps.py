"""What the command prints: text from outside cannot control the terminal."""

import io

import pytest
from rich.markup import escape
from rich.table import Table

from ops.steps import SafeConsole
from ops.terminal import releases

HOSTILE = "festival\x1b[2J\x1b]0;title\x07\x9b1m\u202eweek"
ESCAPED = r"festival\u001b[2J"


@pytest.mark.parametrize("in_table", [True, False])
def test_control_characters_are_escaped(in_table: bool) -> None:  # noqa: FBT001 # a parameter
    output = io.StringIO()
    console = SafeConsole(file=output, width=200)
    table = Table("why", box=None)
    table.add_row(escape(HOSTILE))
    console.print(table if in_table else escape(HOSTILE))
    assert ESCAPED in output.getvalue()
    assert not set(output.getvalue()) & set("\x1b\x07\x9b\u202e")


def test_styles_and_lines_stay() -> None:
    output = io.StringIO()
    console = SafeConsole(file=output, width=200, force_terminal=True, color_system="standard")
    console.print("[green]ready[/green]\nnext")
    assert output.getvalue() == "\x1b[32mready\x1b[0m\nnext\n"


def test_the_environment_does_not_choose_the_actor(monkeypatch: pytest.MonkeyPatch) -> None:
    before = releases.actor()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert releases.actor() == before
    assert "mallory" not in before
