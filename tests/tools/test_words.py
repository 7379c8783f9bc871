from pathlib import Path

import pytest

from tools.words import problems

LONG = "word " * 25


@pytest.mark.parametrize(
    "text",
    [
        '"""What he rated."""\n',
        "x = 1  # for his list\n",
        "n_newcomers = 1\n",
        'log.info("told %d", 1)\n',
        "def test_a_stranger_rates() -> None: ...\n",
    ],
)
def test_a_word_in_a_docstring_comment_name_or_string_is_found(text: str) -> None:
    (line,) = problems(Path("a.py"), text)
    assert line.startswith("a.py:1: ")


def test_the_line_and_the_better_word_are_named() -> None:
    text = '"""First.\n\nBetter than each yardstick.\n"""\n'
    assert list(problems(Path("a.py"), text)) == ["a.py:3: 'yardstick'; write: baseline"]


def test_parts_of_words_are_no_match() -> None:
    assert not list(problems(Path("a.py"), "# the history of a cache\nchair = shell\n"))


def test_a_line_with_a_reason_is_allowed() -> None:
    assert not list(problems(Path("a.py"), 'x = "his"  # words: ok, a title in the catalogue\n'))
    assert list(problems(Path("a.py"), 'x = "his"  # words: ok\n'))


def test_markdown_is_wrapped_but_for_tables_and_code() -> None:
    text = f"{LONG}\n| {LONG} |\n```\n{LONG}\nhis\n```\n"
    (line,) = problems(Path("a.md"), text)
    assert line == "a.md:1: 125 columns; wrap at 100"
