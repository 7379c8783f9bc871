"""Files that are made to fill the memory or the stack get a sentence, with little memory."""

import gzip
import tracemalloc

import pytest

from jobs.ingestion.reading.delimited.records import MAX_COLUMNS
from jobs.ingestion.reading.json_values import MAX_DEPTH
from jobs.ingestion.reading.lines import LONGEST_LINE
from jobs.runtime.errors import UnreadableFileError
from tests.jobs.ingestion.reading.reads import numbered, opened, rows


def nested(n_levels: int) -> bytes:
    """Return an object that has objects in it, together so many levels."""
    return b'{"a":' * n_levels + b"1" + b"}" * n_levels


@pytest.mark.parametrize("n_levels", [MAX_DEPTH + 1, 240, 300, 990, 5000])
@pytest.mark.parametrize("around", [b"%s", b'{"a":[%s]}'])
def test_json_that_is_nested_too_deeply_is_no_row(n_levels: int, around: bytes) -> None:
    content = b'{"a": 2}\n' + around % nested(n_levels) + b"\n"

    file = opened(content, format="jsonl")

    assert [line for line, (text,) in numbered(file, ["a"]) if str(text).startswith("raw: ")] == [2]
    sentence = f"line 2 is not JSON: it is nested more than {MAX_DEPTH} levels deep"
    assert file.notes == (f"f: {sentence}",)


@pytest.mark.parametrize("n_levels", [MAX_DEPTH + 1, 300])
def test_elements_of_an_array_are_nested_as_deeply_as_lines(n_levels: int) -> None:
    file = opened(b'[{"a": 2},\n' + nested(n_levels) + b"]", format="json")

    assert [line for line, (text,) in numbered(file, ["a"]) if str(text).startswith("raw: ")] == [2]
    sentence = f"element 2 of the array: it is nested more than {MAX_DEPTH} levels deep"
    assert file.notes == (f"f: {sentence}",)


def test_an_array_that_no_parser_can_read_is_an_error() -> None:
    with pytest.raises(UnreadableFileError, match=r"f: line 2 is not JSON: .* deep. Correct the"):
        rows(opened(b'[{"a": 2},\n' + nested(5000) + b"]", format="json"))


def test_objects_that_are_not_nested_too_deeply_are_read() -> None:
    file = opened(nested(MAX_DEPTH), format="jsonl")

    assert len(rows(file, ["a"])) == 1
    assert not file.notes


@pytest.mark.parametrize(("form", "what"), [("csv", "line 2 is longer"), ("json", "a value of")])
def test_a_line_without_an_end_is_an_error(form: str, what: str) -> None:
    start = b"a\n" if form == "csv" else b'[\n"'
    content = gzip.compress(start + b"x" * (4 * LONGEST_LINE), compresslevel=1)

    tracemalloc.start()
    with pytest.raises(UnreadableFileError, match=rf"f: .*{what} .*{LONGEST_LINE:,} characters"):
        rows(opened(content, format=form, quote=""), ["a"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 10 * LONGEST_LINE


def test_a_header_with_very_many_columns_is_an_error() -> None:
    content = b"," * MAX_COLUMNS + b"\n1\n"

    with pytest.raises(UnreadableFileError, match=r"10,001 columns, .* Correct `separator`"):
        opened(content)
