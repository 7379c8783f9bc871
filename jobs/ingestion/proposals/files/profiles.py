"""What the values of a column are: numbers, times, flags, links, lists, by a sample."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.interpreting import numbers_guess, times_guess, values
from jobs.ingestion.interpreting.numbers_guess import Marks
from jobs.ingestion.interpreting.times_guess import COMPACT, UNITS, TimeFormat
from warehouse.manifests.sources import Files, Ratings

_MOSTLY: Final = 0.9
_FEW: Final = 10
_ASIN: Final = r"^(B0[0-9A-Z]{8}|\d{9}[\dX])$"


@dataclass(frozen=True)
class Profile:
    """A column of a file with the texts of its sample."""

    name: str
    texts: pa.StringArray

    @cached_property
    def filled(self) -> pa.StringArray:
        """The texts that are neither null nor blank, without blanks around them."""
        trimmed = pc.utf8_trim_whitespace(self.texts.drop_null())
        return trimmed.filter(pc.not_equal(trimmed, ""))

    @cached_property
    def distinct(self) -> pa.StringArray:
        """Each text once."""
        return self.filled.unique()

    @property
    def repeats(self) -> bool:
        """Whether the texts occur more than once on average, as ids of events do."""
        return len(self.distinct) < _MOSTLY * len(self.filled)

    @cached_property
    def marks(self) -> Marks:
        """The decimal separator and the mark for thousands, by all texts."""
        return numbers_guess.likely(self.distinct)

    @cached_property
    def numbers(self) -> np.ndarray:
        """The numbers among the texts."""
        files = Files.model_validate({"file": "", **self.marks.fields})
        return np.asarray(values.numbers(self.filled, files).drop_null())

    @property
    def is_numeric(self) -> bool:
        """Whether nearly all texts are numbers."""
        return len(self.filled) > 0 and len(self.numbers) >= _MOSTLY * len(self.filled)

    @property
    def is_whole(self) -> bool:
        """Whether all numbers are whole."""
        return self.is_numeric and bool((self.numbers % 1 == 0).all())

    @property
    def is_flag(self) -> bool:
        """Whether the column has 0 and 1, true and false only."""
        return self.is_numeric and bool(np.isin(self.numbers, (0, 1)).all())

    @property
    def is_constant(self) -> bool:
        """Whether all rows have the same text."""
        return len(self.distinct) == 1 or (self.is_numeric and len(np.unique(self.numbers)) == 1)

    @cached_property
    def likely_time(self) -> TimeFormat | None:
        """The format that reads nearly all texts as plausible times, or None."""
        return times_guess.likely(self.distinct)

    @property
    def time_format(self) -> str | None:
        """The name or pattern of that format."""
        return None if self.likely_time is None else self.likely_time.name

    @cached_property
    def is_unix_time(self) -> bool:
        """Whether the numbers are times since 1970 that are not in the far past."""
        return self.is_numeric and self.time_format in UNITS

    @cached_property
    def is_number_of_time(self) -> bool:
        """Whether the numbers are times since 1970, or dates such as 20260301.

        Of such dates there are several, and each is in the calendar.
        """
        if self.is_unix_time or self.time_format not in COMPACT or len(self.distinct) < _FEW:
            return self.is_unix_time
        times = values.times(self.distinct, Ratings(file="", time_format=self.time_format))
        return bool(times.null_count == 0)

    def share_matching(self, pattern: str) -> float:
        """Return the share of distinct texts that match the regular expression."""
        sample = self.distinct[:2000]
        if not len(sample):
            return 0
        return (pc.sum(pc.match_substring_regex(sample, pattern)).as_py() or 0) / len(sample)

    @property
    def is_product_code(self) -> bool:
        """Whether the texts are product codes of Amazon or ISBNs."""
        return self.share_matching(_ASIN) > _MOSTLY

    def share_in(self, other: "Profile") -> float:
        """Return the share of distinct texts that the other column has as well."""
        if not len(self.distinct):
            return 0
        return (pc.sum(pc.is_in(self.distinct, value_set=other.distinct)).as_py() or 0) / len(
            self.distinct
        )
