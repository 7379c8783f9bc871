"""What to change in a manifest whose numbers and times are read wrongly."""

import pyarrow as pa
import pytest

from jobs.ingestion import samples
from warehouse.manifests.sources import Events

UNREAD = Events(file="x", kind="buy", time_format="iso")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["4,5", "3,25"], '. Is `decimal = ","` right?'),
        (["1,234", "2,345.50"], '. Is `thousands = ","` right?'),
        (["1.234", "1.234,50"], '. Are `decimal = ","` and `thousands = "."` right?'),
        (
            ["1,234", "17"],
            (
                '. Is `thousands = ","` right? If 1,234 has a fraction, write `decimal = ","` '
                "instead"
            ),
        ),
        (["1,234", "1234.5", "0.5"], '. Is `thousands = ","` right?'),
        (["great", "poor"], '. Name the numbers that words stand for: `values = { "…" = 1 }`'),
        ([f"word {n}" for n in range(30)], ""),
        (["1", "2"], ""),
    ],
)
def test_the_column_says_which_marks_numbers_have(texts: list[str], expected: str) -> None:
    assert samples.number_hint(pa.array(texts), UNREAD) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["20260301"], '. Is `time_format = "%Y%m%d"` right?'),
        (["03/31/2024", "04/01/2024"], '. Is `time_format = "%m/%d/%Y"` right?'),
        (
            ["03/04/2024"],
            '. Is `time_format = "%m/%d/%Y"`, or, if the day comes first, "%d/%m/%Y" right?',
        ),
        (["2024-03-04"], ""),
        (["soon"], ""),
    ],
)
def test_the_column_says_which_times_it_has(texts: list[str], expected: str) -> None:
    assert samples.time_hint(pa.array(texts), UNREAD) == expected
