"""A finding of `check`: a sentence on a file with its level."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from edge.log_lines import one_line
from jobs.ingestion.checks import text_checks
from jobs.ingestion.checks.row_checks import Checked, are_too_many
from jobs.ingestion.interpreting import values
from jobs.ingestion.listing import shortened
from jobs.ingestion.samples import LINE
from warehouse.datasets import Dataset

Level = Literal["error", "warning", "note"]
About = Literal[
    "manifest", "source", "items", "categories", "users", "ratings", "events", "training"
]
FILE = "source_file"  # the column of sampled rows that has the file's name
_LONGEST = 60  # characters of a value
_LONGEST_TEXT = 6000  # characters of a finding


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the check. With an `error` the data set cannot be landed or refined."""

    level: Level
    about: About
    text: str

    def __post_init__(self) -> None:
        """Cut a long text: names and values of files are in it."""
        object.__setattr__(self, "text", shortened(self.text, _LONGEST_TEXT))

    @property
    def line(self) -> str:
        """The finding in one line, for a terminal: files have no control over it."""
        return one_line(f"{self.level:<8} {self.about:<10} {self.text}")


@dataclass(frozen=True, slots=True)
class Rows:
    """The sampled rows of one section of the manifest: columns of text, files and lines.

    `checked` is what the checks of `refine` say of them.
    """

    dataset: Dataset
    about: About
    table: pa.Table
    checked: Checked

    def texts(self, column: str) -> pa.StringArray:
        """Return the column's texts without spaces around them; null if blank."""
        return values.filled(self.table[column].combine_chunks())

    def sent(self, column: str) -> pa.StringArray:
        """Return the column's texts as they are in the file."""
        return self.table[column].combine_chunks()

    def failed(self, check: str) -> pa.BooleanArray:
        """Return which rows fail the check of this name."""
        return self.checked.failed[check]

    def share(
        self, bad: pa.BooleanArray, problem: str, *, column: str = "", hint: str = ""
    ) -> list[Finding]:
        """Return a finding if rows are bad: an error above the share that `refine` accepts.

        It names the first bad row, with its text in `column`, and ends with the hint.
        """
        n_bad = pc.sum(bad).as_py() or 0
        if not n_bad:
            return []
        share = n_bad / self.table.num_rows
        is_error = are_too_many(n_bad, self.table.num_rows, self.dataset)
        text = f"{share:.1%} of the sampled rows {problem}, {self.example(bad, column)}{hint}"
        return [Finding("error" if is_error else "warning", self.about, text)]

    def example(self, marked: pa.BooleanArray, column: str = "") -> str:
        """Return the file and line of the first marked row, and its text in the column."""
        position = pc.index(pc.fill_null(marked, False), True).as_py()  # noqa: FBT003
        file, line = self.table[FILE][position].as_py(), self.table[LINE][position].as_py()
        where = f"{file} line {line}"
        if not column:
            return f"such as {where}"
        return f"such as {shown(self.table[column][position].as_py())} in {where}"

    def missing(self, check: str, column: str) -> list[Finding]:
        """Return a finding if rows have no text in the column, by the check of this name."""
        hint = ". Fill it in, or leave such rows out with `keep_if`"
        return self.share(self.failed(check), f"have no `{column}`", hint=hint)

    def ids(self, **columns: str) -> list[Finding]:
        """Return findings on ids: missing, with NUL, too long, or numbers with a decimal point.

        `columns` has the columns of the ids by what they identify: `user` or `item`.
        """
        findings = []
        for name, column in columns.items():
            findings += self.missing(f"{name}_missing", column)
            findings += self.texts_with_nul(column)
            findings += self.long_texts(column, text_checks.is_long_id, text_checks.MAX_ID_BYTES)
            findings += self._floats(column)
        return findings

    def texts_with_nul(self, *columns: str) -> list[Finding]:
        """Return a finding for each column with a NUL character, which no database accepts."""
        return [
            finding
            for column in columns
            for finding in self.share(
                text_checks.has_nul(self.sent(column)),
                f"have a NUL character in `{column}`",
                column=column,
                hint=". Remove it from the file",
            )
        ]

    def long_texts(
        self,
        column: str,
        are_long: Callable[[pa.StringArray], pa.BooleanArray] = text_checks.is_long,
        max_bytes: int = text_checks.MAX_TEXT_BYTES,
    ) -> list[Finding]:
        """Return a finding if texts of the column are too long for an index."""
        problem = f"have more than {max_bytes:,} bytes in `{column}`"
        hint = ". Is it the right column?"
        return self.share(are_long(self.sent(column)), problem, column=column, hint=hint)

    def _floats(self, column: str) -> list[Finding]:
        texts = self.texts(column)
        is_float = pc.fill_null(pc.match_substring_regex(texts, r"^\d+\.0+$"), False)  # noqa: FBT003
        n_filled = len(texts) - texts.null_count
        if not n_filled or (pc.sum(is_float).as_py() or 0) * 2 <= n_filled:
            return []
        text = (
            f"`{column}` has ids with a decimal point, {self.example(is_float, column)}: the "
            "product's ids have none. Export the column as whole numbers or text; in pandas: "
            f'`df["{column}"].astype("Int64")`'
        )
        return [Finding("warning", self.about, text)]


def shown(text: str | None) -> str:
    """Return the text in quotes, cut if it is long."""
    return repr(None if text is None else shortened(text, _LONGEST))
