"""Text from outside neither begins a line of a log nor fills the log."""

import logging

from edge.log_lines import MAX_CHARACTERS, OneLine


def line(message: str) -> str:
    return OneLine("%(message)s").format(logging.makeLogRecord({"msg": message}))


def test_a_message_is_one_line() -> None:
    assert line("a\nb\x1b[2J") == r"a\nb\u001b[2J"


def test_a_long_message_is_cut() -> None:
    assert line("x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS
    assert line("x" * 1_000_000) == "x" * MAX_CHARACTERS + "… (1,000,000 characters)"
