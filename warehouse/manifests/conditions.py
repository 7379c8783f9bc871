"""Conditions on rows, `keep_if` in a manifest: parsed into a small tree, never run as Python.

A condition compares columns with numbers or texts; comparisons are joined by `and`, `or`, `not`. It
is written like Python: `quantity > 0 and country in ("DE", "AT")`. A column whose name is not a
Python name is written in backticks.
"""

import ast
import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
_OPERATORS: Final[dict[type[ast.cmpop], Operator]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_MIRRORED: Final[dict[Operator, Operator]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_QUOTED: Final = re.compile(r""""[^"]*"|'[^']*'|`([^`]+)`""")
_PLACEHOLDER: Final = "column_in_backticks_"
_TRUTH: Final = {"true": 1.0, "false": 0.0}
_EXAMPLE: Final = '`quantity > 0 and country == "DE"`'


class ConditionError(ValueError):
    """The text is not a condition. The message quotes the wrong part, and says what to write."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name in the file."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or a text; `true` and `false` are 1 and 0."""

    value: float | str


@dataclass(frozen=True, slots=True)
class Constants:
    """The numbers and texts after `in`."""

    values: tuple[float | str, ...]


Operand = Column | Constant | Constants


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands. The left one is a column, except in `"text" in column`."""

    left: Operand
    operator: Operator
    right: Operand


@dataclass(frozen=True, slots=True)
class Not:
    """True where the condition is false."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Joined:
    """All conditions are true (`and`), or at least one is (`or`)."""

    word: Literal["and", "or"]
    conditions: "tuple[Condition, ...]"


Condition = Comparison | Not | Joined


@cache
def parse(text: str) -> Condition:
    """Return the condition that the text describes.

    Raises:
        ConditionError: the text is not a condition.
    """
    names: list[str] = []

    def placeholder(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        names.append(match[1])
        return f"{_PLACEHOLDER}{len(names) - 1}"

    try:
        tree = ast.parse(_QUOTED.sub(placeholder, text).strip(), mode="eval")
        columns = {f"{_PLACEHOLDER}{number}": name for number, name in enumerate(names)}
        return _Parser(text, columns).condition(tree.body)
    except ConditionError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConditionError(
            f"{text!r} is not a condition. Write one such as {_EXAMPLE}"
        ) from error


def columns(condition: Condition) -> tuple[str, ...]:
    """Return the names of the columns that the condition compares, each once."""
    return tuple(dict.fromkeys(_columns(condition)))


def _column_first(comparison: Comparison) -> Comparison:
    """Return the same comparison with the column on the left, except after `in`."""
    left, sign, right = comparison.left, comparison.operator, comparison.right
    if isinstance(left, Constant) and sign not in ("in", "not in"):
        return Comparison(right, _MIRRORED.get(sign, sign), left)
    return comparison


def _columns(condition: Condition) -> list[str]:
    match condition:
        case Comparison(left, _, right):
            return [side.name for side in (left, right) if isinstance(side, Column)]
        case Not(inner):
            return _columns(inner)
        case Joined(_, parts):
            return [name for part in parts for name in _columns(part)]


@dataclass(frozen=True, slots=True)
class _Parser:
    """Turns Python's syntax tree of a condition into our own.

    `text` is the condition as written, for errors. `placeholders` are the columns in backticks, by
    the names that stand for them in the tree.
    """

    text: str
    placeholders: dict[str, str]

    def condition(self, node: ast.expr) -> Condition:
        match node:
            case ast.BoolOp(op, parts):
                word: Literal["and", "or"] = "and" if isinstance(op, ast.And) else "or"
                return Joined(word, tuple(self.condition(part) for part in parts))
            case ast.UnaryOp(ast.Not(), inner):
                return Not(self.condition(inner))
            case ast.Compare(first, operators, others):
                return self._comparisons([first, *others], operators)
        shown = self._shown(node)
        if isinstance(node, ast.Name | ast.Attribute):
            raise self._error(f'compare `{shown}` with a value, as in `{shown} == "yes"`')
        raise self._error(f"`{shown}`: write comparisons, joined by `and`, `or`, `not`")

    def _comparisons(self, sides: list[ast.expr], operators: list[ast.cmpop]) -> Condition:
        """Return `0 < a <= 5` as two comparisons."""
        parts: list[Condition] = []
        for left, operator, right in zip(sides, operators, sides[1:], strict=False):
            if type(operator) not in _OPERATORS:
                raise self._error("`is`: write `==` or `!=`")
            sign = _OPERATORS[type(operator)]
            comparison = Comparison(self._operand(left), sign, self._operand(right))
            self._require_sense(comparison)
            parts.append(_column_first(comparison))
        return parts[0] if len(parts) == 1 else Joined("and", tuple(parts))

    def _require_sense(self, comparison: Comparison) -> None:
        """Raise a `ConditionError` if operator and operands do not go together."""
        left, sign, right = comparison.left, comparison.operator, comparison.right
        if not isinstance(left, Column) and not isinstance(right, Column):
            raise self._error("two constants are compared: write a column on one side")
        in_list = isinstance(left, Column) and isinstance(right, Constants)
        contains = (
            isinstance(left, Constant) and isinstance(left.value, str) and isinstance(right, Column)
        )
        if sign in ("in", "not in"):
            if not (in_list or contains):
                raise self._error('after `in` write values in brackets: `country in ("DE", "AT")`')
        elif isinstance(left, Constants) or isinstance(right, Constants):
            raise self._error(f"values in brackets need `in`, not `{sign}`")

    def _operand(self, node: ast.expr) -> Operand:
        if (name := self._column(node)) is not None:
            truth = _TRUTH.get(name)
            return Column(name) if truth is None else Constant(truth)
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return Constants(tuple(self._constant(element) for element in node.elts))
        return Constant(self._constant(node))

    def _column(self, node: ast.expr) -> str | None:
        match node:
            case ast.Name(name) if name in self.placeholders:
                return self.placeholders[name]
            case ast.Name(name):
                return name
            case ast.Attribute(value, name):
                outer = self._column(value)
                return None if outer is None else f"{outer}.{name}"
            case _:
                return None

    def _constant(self, node: ast.expr) -> float | str:
        match node:
            case ast.Constant(value) if isinstance(value, int | float):
                return self._number(value)
            case ast.Constant(value) if isinstance(value, str):
                return value
            case ast.UnaryOp(ast.USub(), ast.Constant(value)) if isinstance(value, int | float):
                return -self._number(value)
            case ast.Name("true" | "false" as name):
                return _TRUTH[name]
            case _:
                shown = self._shown(node)
                raise self._error(f"`{shown}`: compare columns, numbers and texts only")

    def _number(self, value: float) -> float:
        try:
            return float(value)
        except OverflowError as error:
            raise self._error("a number is too large: the largest is about 1.8e308") from error

    def _shown(self, node: ast.expr) -> str:
        shown = ast.unparse(node)
        for placeholder, name in reversed(self.placeholders.items()):
            shown = shown.replace(placeholder, name)
        return shown

    def _error(self, cause: str) -> ConditionError:
        return ConditionError(f"{self.text!r}: {cause}")
