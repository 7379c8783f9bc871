import pyarrow as pa
import pytest

from jobs.ingestion.interpreting import numbers_guess, values
from jobs.ingestion.interpreting.numbers_guess import Marks
from warehouse.manifests.sources import Files

SMALL = ["7", "950"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["4.5", "3"], Marks()),
        (["4,5", "3", "1,234"], Marks(",")),
        (["0,125", "0,250", "1,234"], Marks(",")),
        (["1,234", "12,345.50", "999"], Marks(".", ",")),
        (["1,234,567", "12,345"], Marks(".", ",")),
        (["1.234,50", "999,00"], Marks(",")),
        (["1.234,50", "1.234"], Marks(",", ".")),
        (["1.234.567", "12.345"], Marks(",", ".")),
        (["1 234,5", "12"], Marks(",", " ")),
        (["1\u202f234,5", "12"], Marks(",", " ")),
        (["1'234.5", "1'234"], Marks(".", "'")),
        (["01.03.2026", "02.03.2026"], Marks()),
        (["Heat, 1995", "1,234 nights"], Marks()),
        ([], Marks()),
    ],
)
def test_the_whole_column_says_what_its_marks_are(texts: list[str], expected: Marks) -> None:
    assert numbers_guess.likely(pa.array(texts, pa.string())) == expected


@pytest.mark.parametrize(
    ("texts", "expected", "step"),
    [
        (["1,234", *SMALL], Marks(".", ",", "1,234"), 'write `decimal = ","` instead'),
        (["1,234", "2345"], Marks(",", "", "1,234"), 'write `thousands = ","` instead'),
        (
            ["1.234", "2.345", "3.456", *SMALL],
            Marks(".", "", "1.234"),
            'write `decimal = ","` and `thousands = "."`',
        ),
    ],
)
def test_marks_that_may_be_either_are_in_doubt(
    texts: list[str], expected: Marks, step: str
) -> None:
    marks = numbers_guess.likely(pa.array(texts))
    assert marks == expected
    assert marks.doubt.endswith(step)


def test_fractions_of_several_lengths_or_large_numbers_leave_no_doubt() -> None:
    assert not numbers_guess.likely(pa.array(["1.234", "2.345", "3.456", "0.5"])).doubt
    assert not numbers_guess.likely(pa.array(["1.234", "2.345", "3.456", "7000"])).doubt


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "expected"),
    [
        (".", ",", "1,234", 1234),
        (".", ",", "-12,345,678.5", -12345678.5),
        (".", ",", "1,23", None),
        (".", ",", "0,123", None),
        (".", ",", "1234.5", 1234.5),
        (",", ".", "1.234", 1234),
        (",", ".", "1.234,5", 1234.5),
        (",", ".", "4.5", None),
        (",", " ", "1\u00a0234,5", 1234.5),
        (".", "'", "1\u2019234", 1234),
        (".", "", "1,234.5", 1234.5),
        (".", "", "1,234", None),
    ],
)
def test_a_mark_for_thousands_is_read_if_it_is_declared(
    decimal: str, thousands: str, text: str, expected: float | None
) -> None:
    fields = {"file": "x", "decimal": decimal, "thousands": thousands}
    assert values.numbers(pa.array([text]), Files.model_validate(fields)).to_pylist() == [expected]


def test_one_mark_cannot_have_both_meanings() -> None:
    with pytest.raises(ValueError, match="`thousands` is the decimal separator: write `decimal = "):
        Files(file="x", decimal=",", thousands=",")
