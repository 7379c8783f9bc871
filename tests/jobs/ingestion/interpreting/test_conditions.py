import pyarrow as pa
import pytest

from jobs.ingestion.interpreting import conditions
from warehouse.manifests.sources import Files

COLUMNS = {
    "quantity": pa.array(["1", " -2 ", "x", None, "5"]),
    "country": pa.array(["DE", "AT ", " FR", None, "US"]),
    "is test": pa.array(["true", "False", "1", None, ""]),
    "stock.n": pa.array(["1", "2", "3", "4", "5,5"]),
}


def kept(condition: str) -> str:
    """Return the numbers of the rows that are kept."""
    files = Files(file="x", keep_if=condition, decimal=",")
    rows = conditions.kept(COLUMNS, files, 5).to_pylist()
    return " ".join(str(number) for number, row in enumerate(rows, 1) if row)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("quantity > 0", "1 5"),
        ("not quantity > 0", "2 3 4"),
        ("0 < quantity <= 4", "1"),
        ("3 > stock.n", "1 2"),
        ("stock.n > 5", "5"),
        ("quantity == -2 or quantity == 5", "2 5"),
        ("quantity != 1", "2 3 4 5"),
        ("quantity < stock.n", "2 5"),
        ("quantity in (1, 5)", "1 5"),
        ("quantity in ()", ""),
        ('country in ("DE", "AT")', "1 2"),
        ('country not in ("DE", "AT")', "3 4 5"),
        ('country == ""', "4"),
        ('country >= "F"', "3 5"),
        ('"E" in country', "1"),
        ('"E" not in country', "2 3 4 5"),
        ("`is test` == true", "1 3"),
        ("`is test` == false and quantity < 0", "2"),
    ],
)
def test_rows_that_fulfil_the_condition_are_kept(condition: str, rows: str) -> None:
    assert kept(condition) == rows


def test_columns_are_those_that_the_condition_names_and_without_one_all_rows_are_kept() -> None:
    files = Files(file="x", keep_if="quantity > 0 and stock.n < quantity")
    assert conditions.columns(files) == ("quantity", "stock.n")

    assert conditions.columns(Files(file="x")) == ()
    assert conditions.kept({}, Files(file="x"), 2).to_pylist() == [True, True]
