"""Evaluate `keep_if` on columns of text: the same for `check` and `refine`."""

from collections.abc import Callable, Mapping
from functools import partial, reduce
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.interpreting import values
from warehouse.manifests import conditions
from warehouse.manifests.conditions import (
    Column,
    Comparison,
    Condition,
    Constant,
    Constants,
    Joined,
    Not,
)
from warehouse.manifests.sources import Files

_Compute = Callable[[pa.Array, pa.Array | pa.Scalar], pa.BooleanArray]
_Read = Callable[[str], pa.Array]
_COMPUTE: Final[dict[str, _Compute]] = {
    "==": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def columns(files: Files) -> tuple[str, ...]:
    """Return the columns that the section's `keep_if` names; none if it has no condition."""
    return () if files.keep_if is None else conditions.columns(conditions.parse(files.keep_if))


def kept(texts: Mapping[str, pa.StringArray], files: Files, n_rows: int) -> pa.BooleanArray:
    """Return which of the `n_rows` rows the section's `keep_if` keeps: all without a condition.

    `texts` has every column that the condition names. Compared with a number, a text that is no
    number meets `!=` only. A null counts as an empty text. Spaces around a text do not count.
    """
    if files.keep_if is None:
        return pa.repeat(pa.scalar(True), n_rows)  # noqa: FBT003  # the value of each row
    return _holds(conditions.parse(files.keep_if), texts, files)


def _holds(
    condition: Condition, texts: Mapping[str, pa.StringArray], files: Files
) -> pa.BooleanArray:
    match condition:
        case Not(inner):
            return pc.invert(_holds(inner, texts, files))
        case Joined(word, parts):
            join = pc.and_ if word == "and" else pc.or_
            return reduce(join, (_holds(part, texts, files) for part in parts))
        case Comparison():
            return _compared(condition, texts, files)


def _compared(
    comparison: Comparison, texts: Mapping[str, pa.StringArray], files: Files
) -> pa.BooleanArray:
    as_text, as_number = partial(_text, texts), partial(_number, texts, files)
    match comparison:
        case Comparison(Column(name), "in" | "not in" as word, Constants(constants)):
            listed = [_equal(name, constant, as_text, as_number) for constant in constants]
            is_in = reduce(pc.or_, listed, _never(as_text(name)))
        case Comparison(Constant(part), "in" | "not in" as word, Column(name)):
            is_in = pc.match_substring(as_text(name), str(part))
        case _:
            return _ordered(comparison, as_text, as_number)
    return is_in if word == "in" else pc.invert(is_in)


def _ordered(comparison: Comparison, as_text: _Read, as_number: _Read) -> pa.BooleanArray:
    match comparison:
        case Comparison(Column(name), sign, Constant(str() as text)):
            return _COMPUTE[sign](as_text(name), pa.scalar(text.strip()))
        case Comparison(Column(name), sign, Constant(float() as number)):
            return _of_numbers(sign, as_number(name), pa.scalar(number))
        case Comparison(Column(left), "==" | "!=" as sign, Column(right)):
            return _COMPUTE[sign](as_text(left), as_text(right))
        case Comparison(Column(left), sign, Column(right)):
            return _of_numbers(sign, as_number(left), as_number(right))
        case _:
            raise AssertionError(comparison)  # the parser lets no other through


def _text(texts: Mapping[str, pa.StringArray], name: str) -> pa.StringArray:
    return values.trimmed(pc.fill_null(texts[name].cast(pa.string()), ""))


def _number(texts: Mapping[str, pa.StringArray], files: Files, name: str) -> pa.DoubleArray:
    marks = {"decimal": files.decimal, "thousands": files.thousands}
    return values.numbers(texts[name], Files.model_validate({"file": files.file, **marks}))


def _of_numbers(
    sign: str, left: pa.DoubleArray, right: pa.DoubleArray | pa.DoubleScalar
) -> pa.BooleanArray:
    return pc.fill_null(_COMPUTE[sign](left, right), sign == "!=")


def _equal(name: str, constant: float | str, as_text: _Read, as_number: _Read) -> pa.BooleanArray:
    if isinstance(constant, str):
        return pc.equal(as_text(name), pa.scalar(constant.strip()))
    return _of_numbers("==", as_number(name), pa.scalar(constant))


def _never(texts: pa.StringArray) -> pa.BooleanArray:
    return pa.repeat(pa.scalar(False), len(texts))  # noqa: FBT003  # the value of each row
