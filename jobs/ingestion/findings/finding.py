"""A finding of `check`: a sentence on a file with its level."""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.samples import LINE
from warehouse.datasets import Dataset

Level = Literal["error", "warning", "note"]
About = Literal[
    "manifest", "source", "items", "categories", "users", "ratings", "events", "training"
]
FILE = "source_file"  # the column of sampled rows that has the file's name
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the check. With an `error` the data set cannot be landed or refined."""

    level: Level
    about: About
    text: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The sampled rows of one section of the manifest: columns of text, files and lines."""

    dataset: Dataset
    about: About
    table: pa.Table

    def texts(self, column: str) -> pa.StringArray:
        """Return the column's texts without blanks around them; null if blank."""
        trimmed = pc.utf8_trim_whitespace(self.table[column].combine_chunks())
        return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)

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
        is_error = share > self.dataset.floors.max_quarantine_share
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

    def missing(self, column: str) -> list[Finding]:
        """Return a finding if rows have no text in the column."""
        return self.share(pc.is_null(self.texts(column)), f"have no `{column}`")

    def ids(self, column: str) -> list[Finding]:
        """Return what is odd about ids: none, NUL, or numbers with a decimal point."""
        texts = self.texts(column)
        has_nul = pc.fill_null(pc.match_substring(texts, "\0"), False)  # noqa: FBT003
        is_float = pc.fill_null(pc.match_substring_regex(texts, r"^\d+\.0+$"), False)  # noqa: FBT003
        findings = self.missing(column) + self.nul(has_nul, column)
        n_filled = len(texts) - texts.null_count
        if n_filled and (pc.sum(is_float).as_py() or 0) * 2 > n_filled:
            text = (
                f"`{column}` has ids with a decimal point, {self.example(is_float, column)}: the "
                "product's ids have none. Export the column as whole numbers or text; in pandas: "
                f'`df["{column}"].astype("Int64")`'
            )
            findings.append(Finding("warning", self.about, text))
        return findings

    def nul(self, has_nul: pa.BooleanArray, column: str) -> list[Finding]:
        """Return a finding if texts have a NUL character, which no database accepts."""
        return self.share(has_nul, f"have a NUL character in `{column}`", column=column)


def shown(text: str | None) -> str:
    """Return the text in quotes, cut if it is long."""
    short = text if text is None or len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return repr(short)
