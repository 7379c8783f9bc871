"""Check that texts and names avoid some words, and that Markdown fits 100 columns.

Run: python -m tools.words

Reads comments, strings and names of Python files and the prose of Markdown files. A line that needs
such a word has the comment `words: ok, REASON`.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

from ops.settings import ROOT

COLUMNS = 100
# What to write instead, by a pattern of whole words.
INSTEAD: Mapping[str, str] = {
    "nought": "0",
    "hair": "epsilon",
    "told": "the noun: cached reasons, shown, reported",
    "likings?": "positive interactions, popularity",
    "yardsticks?": "baseline",
    "strangers?": "anonymous user",
    "newcomers?": "new user",
    "twins?": "duplicates",
    "doorkeeper": "key cache",
    "he|his|him|himself": "they",
    "she|hers?|herself": "they",
    "somebody|whoever": "the noun: a user, an operator, a process",
    "just now": "computed online",
}
WORDS = re.compile("|".join(rf"\b(?:{word})\b" for word in INSTEAD), re.IGNORECASE)
ALLOWED = re.compile(r"words: ok, \S")
STRINGS = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
SKIPPED = ("tools/words.py", "tests/tools/test_words.py")  # they contain the words


def problems(path: Path, text: str) -> Iterator[str]:
    """Yield one line per problem in a file: where it is and what to write instead."""
    lines = text.splitlines()
    is_markdown = path.suffix == ".md"
    for number, piece in _prose(lines) if is_markdown else _tokens(text):
        words = re.sub(r"`[^`]*`", "", piece) if is_markdown else piece.replace("_", " ")
        for match in WORDS.finditer(words):
            if not ALLOWED.search(lines[number - 1]):
                yield f"{path}:{number}: {match[0]!r}; write: {_instead(match[0])}"
        if is_markdown and len(piece) > COLUMNS and not piece.startswith("|"):
            yield f"{path}:{number}: {len(piece)} columns; wrap at {COLUMNS}"


def files() -> list[Path]:
    """Return the Python and Markdown files under version control, relative to the root."""
    command = ["git", "ls-files", "*.py", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return [Path(name) for name in listed.splitlines() if name not in SKIPPED]


def main() -> int:
    """Print every problem; return 1 if there is one."""
    lines = [line for path in files() for line in problems(path, (ROOT / path).read_text())]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if lines else 0


def _prose(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of Markdown that are not in a code block."""
    in_code = False
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code:
            yield number, line


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of Python's comments and strings, and its names."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in STRINGS or token.type == tokenize.NAME:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line


def _instead(word: str) -> str:
    return next(
        text for pattern, text in INSTEAD.items() if re.fullmatch(pattern, word, re.IGNORECASE)
    )


if __name__ == "__main__":
    sys.exit(main())
