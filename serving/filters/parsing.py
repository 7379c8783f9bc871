"""Filters as text: `price < 20 and category in ("Drama", "Crime") and available`.

    filter     = all, { "or", all }
    all        = one, { "and", one }
    one        = "not", one | "(", filter, ")" | "available" | comparison
    comparison = name, ("==" | "!=" | "<" | "<=" | ">" | ">="), value
               | name, ["not"], "in", "(", value, { ",", value }, ")"
    name       = letters, digits and _ | any text in backquotes
    value      = number | text in double or single quotes

Filters are bounded in length, depth and comparisons, and have no function, so they are safe to
evaluate for every item.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from serving.errors import FilterRefusedError
from serving.schemas.base import MAX_FILTER_LENGTH

MAX_DEPTH = 10
MAX_COMPARISONS = 50
AVAILABLE = "available"

Operator = Literal["==", "!=", "<", "<=", ">", ">="]
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?(?![\w.]))
        | (?P<text>"[^"]*"|'[^']*')
        | (?P<name>`[^`]+`|[^\W\d]\w*)
        | (?P<sign>==|!=|<=|>=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_WORDS = ("and", "or", "not", "in")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a field with a value. `at` is the position of its name, from 1."""

    name: str
    operator: Operator
    value: float | str
    at: int


@dataclass(frozen=True, slots=True)
class Available:
    """True unless the product reported the item as unavailable."""


@dataclass(frozen=True, slots=True)
class Not:
    """True where a filter is false."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class Joined:
    """Several filters, of which all must hold, or any."""

    word: Literal["and", "or"]
    parts: tuple["Expression", ...]


Expression = Comparison | Available | Not | Joined


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["number", "text", "name", "sign", "word", "end"]
    text: str
    at: int


def parse(text: str) -> Expression:
    """Return the filter that a text describes.

    Raises:
        FilterRefusedError: the text is not a filter, or is too long or nested too deep. The message
            names the position.
    """
    if len(text) > MAX_FILTER_LENGTH:
        raise FilterRefusedError(f"filter: it has more than {MAX_FILTER_LENGTH:,} characters.")
    parser = _Parser(_tokens(text))
    expression = parser.filter(0)
    parser.expect("end")
    return expression


def refused(at: int, problem: str) -> FilterRefusedError:
    """Return the error about a character of a filter, counted from 1."""
    return FilterRefusedError(f"filter: at character {at}: {problem}.")


def _tokens(text: str) -> list[_Token]:
    tokens, position, end = list[_Token](), 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            at = position + len(text[position:]) - len(text[position:].lstrip())
            hint = "; to compare, write ==" if text[at] == "=" else ""
            raise refused(at + 1, f"{text[at]!r} is not expected{hint}")
        tokens.append(_token(match))
        position = match.end()
    return [*tokens, _Token("end", "", end + 1)]


def _token(match: re.Match[str]) -> _Token:
    kind = match.lastgroup
    matched, at = match[kind or 0], match.start(kind or 0) + 1
    match kind:
        case "number":
            return _Token("number", matched, at)
        case "text":
            return _Token("text", matched[1:-1], at)
        case "name" if matched in _WORDS:
            return _Token("word", matched, at)
        case "name":
            return _Token("name", matched.strip("`"), at)
        case _:
            return _Token("sign", matched, at)


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._next, self._n_comparisons = tokens, 0, 0

    def filter(self, depth: int) -> Expression:
        return self._joined("or", lambda: self._joined("and", lambda: self._one(depth)))

    def expect(self, kind: str, text: str = "") -> _Token:
        token = self._tokens[self._next]
        if token.kind != kind or (text and token.text != text):
            expected = {"end": "the end"}.get(kind, f"{text or 'a ' + kind}")
            actual = repr(token.text) if token.kind != "end" else "the end"
            raise refused(token.at, f"{expected} is expected, not {actual}")
        self._next += 1
        return token

    def _joined(self, word: Literal["and", "or"], part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self._is("word", word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _one(self, depth: int) -> Expression:
        token = self._tokens[self._next]
        if depth > MAX_DEPTH:
            raise refused(token.at, f"brackets and `not` are nested more than {MAX_DEPTH} deep")
        if self._is("word", "not"):
            return Not(self._one(depth + 1))
        if self._is("sign", "("):
            inner = self.filter(depth + 1)
            self.expect("sign", ")")
            return inner
        return self._comparison(self.expect("name"))

    def _comparison(self, name: _Token) -> Expression:
        if self._is("word", "not"):
            self.expect("word", "in")
            return Not(self._options(name))
        if self._is("word", "in"):
            return self._options(name)
        sign = self._tokens[self._next]
        for operator in ("==", "!=", "<=", ">=", "<", ">"):
            if self._is("sign", operator):
                return self._compared(name, operator)
        if name.text == AVAILABLE:
            self._count(name)
            return Available()
        raise refused(sign.at, f"a comparison of {name.text} is expected, such as ==")

    def _options(self, name: _Token) -> Expression:
        self.expect("sign", "(")
        options = [self._compared(name, "==")]
        while self._is("sign", ","):
            options.append(self._compared(name, "=="))
        self.expect("sign", ")")
        return Joined("or", tuple(options))

    def _compared(self, name: _Token, operator: Operator) -> Comparison:
        token = self._tokens[self._next]
        self._count(token)
        if self._is("number"):
            return Comparison(name.text, operator, float(token.text), name.at)
        if self._is("text"):
            return Comparison(name.text, operator, token.text, name.at)
        raise refused(token.at, "a number, or a text in quotes, is expected")

    def _count(self, token: _Token) -> None:
        self._n_comparisons += 1
        if self._n_comparisons > MAX_COMPARISONS:
            raise refused(token.at, f"there are more than {MAX_COMPARISONS} comparisons")

    def _is(self, kind: str, text: str = "") -> bool:
        """Return whether this is the next token, and go on after it if so."""
        token = self._tokens[self._next]
        is_next = token.kind == kind and (not text or token.text == text)
        self._next += is_next
        return is_next
