"""Guess which marks the numbers of a column have: the decimal separator, and one for thousands.

The guess is made from all texts of the column together: 12,345.50 shows what the comma in 1,234 is.
"""

from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.interpreting import values
from warehouse.manifests.sources import Files

Decimal = Literal[".", ","]
Thousands = Literal["", ",", ".", " ", "'"]
_FORMS: Final[tuple[tuple[Decimal, Thousands], ...]] = (  # of equal ones the first is taken
    (".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"),
)  # fmt: skip
_MARKED: Final = r"^[+-]?\d[\d.,'\x{2019} \x{a0}\x{202f}]*$"
_EITHER: Final = {mark: rf"^[+-]?[1-9]\d{{0,2}}[{mark}]\d{{3}}$" for mark in (",", ".")}
_LONG: Final = r"^[+-]?\d{4,}([.,]\d+)?$"  # without marks, as thousands would have them
_MOSTLY: Final = 0.5
_SEVERAL: Final = 3


@dataclass(frozen=True, slots=True)
class Marks:
    """How numbers are written. `either` is a text that may be two numbers; "" if none is."""

    decimal: Decimal = "."
    thousands: Thousands = ""
    either: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the manifest that differ from their defaults."""
        fields = {"decimal": self.decimal} if self.decimal != "." else {}
        return fields | ({"thousands": self.thousands} if self.thousands else {})

    @property
    def doubt(self) -> str:
        """What else the numbers may be, and the lines of the manifest for it; "" if nothing."""
        if not self.either:
            return ""
        mark = "," if "," in self.either else "."
        if self.thousands:
            return f'if {self.either} has a fraction, write `decimal = "{mark}"` instead'
        step = f'`thousands = "{mark}"` instead'
        if self.decimal == ".":
            step = '`decimal = ","` and `thousands = "."`'
        return f"if {self.either} is {self.either.replace(mark, '')}, write {step}"


def likely(texts: pa.StringArray) -> Marks:
    """Return the marks with which most texts are numbers; those of the default if none are."""
    distinct = pc.utf8_trim_whitespace(texts.drop_null()).unique()
    marked = distinct.filter(pc.match_substring_regex(distinct, _MARKED))
    if len(marked) < _MOSTLY * len(distinct) or not len(marked):
        return Marks()
    counts = {form: _n_read(marked, *form) for form in _FORMS}
    most = max(counts.values())
    if counts[_FORMS[0]] == most:
        return _with_points(marked)
    best = [form for form in _FORMS if counts[form] == most]
    if {(",", ""), (".", ",")} <= {*best}:
        return _with_commas(marked)
    return Marks(*best[0])


def _with_points(marked: pa.StringArray) -> Marks:
    """Return a decimal point; in doubt if all fractions have three digits, as thousands do."""
    either = _matching(marked, _EITHER["."])
    n_points = pc.sum(pc.match_substring(marked, ".")).as_py() or 0
    is_open = len(either) == n_points >= _SEVERAL and not len(_matching(marked, _LONG))
    return Marks(either=either[0].as_py() if is_open else "")


def _with_commas(marked: pa.StringArray) -> Marks:
    """Return what commas are that may be both; with 1234 beside them, they are no thousands."""
    either = _matching(marked, _EITHER[","])
    text = either[0].as_py()
    if len(_matching(marked, _LONG)):
        return Marks(",", "", text)
    return Marks(".", ",", text)


def _matching(texts: pa.StringArray, pattern: str) -> pa.StringArray:
    return texts.filter(pc.match_substring_regex(texts, pattern))


def _n_read(texts: pa.StringArray, decimal: str, thousands: str) -> int:
    form = {"file": "", "decimal": decimal, "thousands": thousands}
    numbers = values.numbers(texts, Files.model_validate(form))
    return len(numbers) - int(numbers.null_count)
