"""Records that go on after their first line end where `csv` ends them, in linear time."""

import csv
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.ingestion.reading.delimited import csv_splitting, open_records
from jobs.ingestion.reading.delimited.csv_splitting import (
    NEVER_CLOSED,
    STRAY_RETURN,
    Record,
    Splitter,
)
from jobs.ingestion.reading.lines import Lines
from tests.jobs.ingestion.reading.reads import opened, rows
from warehouse.manifests.sources import Files

ESCAPED = Files(file="f", escape="\\")
QUOTED = Files(file="f")


@pytest.mark.parametrize(
    ("line", "escape"),
    [
        pytest.param('x"y,"z\n', "", id="each line closes and opens with an error"),
        pytest.param('x","z\n', "", id="each line closes and opens"),
        pytest.param('"a"b,"z\n', "", id="the first quote is the error"),
        pytest.param('"z\n', "", id="each line opens or closes"),
        pytest.param("a\\\n", "\\", id="each line end is escaped"),
        pytest.param('x","a\\\n', "\\", id="both"),
    ],
)
def test_lines_are_not_read_again_for_each_unclosed_quote(
    line: str, escape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_lines, n_prepared = 1000, 0

    def counting(_: Files) -> Callable[[str], str]:
        def prepared(text: str) -> str:
            nonlocal n_prepared
            n_prepared += 1
            return text

        return prepared

    monkeypatch.setattr(csv_splitting, "_preparation", counting)
    content = f'user,item\n{line * n_lines}"end'.encode()

    rows(opened(content, escape=escape), ["user"])

    assert n_prepared < 10 * n_lines


def expected(lines: list[str], files: Files) -> Iterator[Record]:
    """Yield the records of the lines: each is read on its own, to its end."""
    at = 0
    while at < len(lines):
        taken: list[str] = []
        is_over = False

        def rest(since: int = at, taken: list[str] = taken) -> Iterator[str]:
            nonlocal is_over
            for line in lines[since:]:
                if sum(map(len, taken)) > open_records.LONGEST_RECORD:
                    break
                taken.append(line)
                yield line
            is_over = True

        try:
            fields = next(reader(rest(), files, strict=False))
        except csv.Error:
            yield Record(at + 1, taken, [], STRAY_RETURN)
            at += len(taken)
            continue
        is_strict = '"' not in "".join(taken) or is_one_record(taken, files)
        if not is_strict and (is_over or len(taken) > 1):
            yield Record(at + 1, taken[:1], [], NEVER_CLOSED)
            at += 1
            continue
        if fields:
            yield Record(at + 1, taken, fields, "", is_strict)
        at += len(taken)


def is_one_record(lines: list[str], files: Files) -> bool:
    try:
        return len(list(reader(iter(lines), files, strict=True))) == 1
    except csv.Error:
        return False


def reader(lines: Iterator[str], files: Files, *, strict: bool) -> Iterator[list[str]]:
    return csv.reader(lines, strict=strict, escapechar=files.escape or None)


def found(lines: list[str], files: Files, n_blocks: int) -> Iterator[Record]:
    """Yield the records of the lines, which come in so many blocks."""
    size = max(1, -(-len(lines) // n_blocks))
    blocks = ["".join(lines[at : at + size]) for at in range(0, len(lines), size)]
    source = Lines(iter(blocks), "\n")
    splitter = Splitter(files, source)
    while source.in_block or (block := source.next_block()):
        if not source.in_block:
            source.put(block)
        yield from splitter.records()


WORDS = st.sampled_from(["x", ",", '"', '""', ',"', '",', "\n", "\n", 'x"y,"z\n', 'x","z\n', "\r"])
ESCAPES = st.sampled_from(["\\\n", '\\"', "\\\\", "x\\\n"])


@given(
    content=st.lists(WORDS | ESCAPES, max_size=30).map("".join),
    files=st.sampled_from([QUOTED, ESCAPED]),
    longest=st.sampled_from([3, 12, 1 << 24]),
    n_blocks=st.integers(1, 5),
)
@example(content='a\\\nb,"c\\\nd"\\\n"e', files=ESCAPED, longest=99, n_blocks=1)
@example(content='\\\n"y', files=ESCAPED, longest=99, n_blocks=2)
def test_records_end_where_csv_ends_them(
    content: str, files: Files, longest: int, n_blocks: int
) -> None:
    *whole, last = content.split("\n")
    lines = [f"{line}\n" for line in whole] + ([last] if last else [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_records, "LONGEST_RECORD", longest)
        patch.setattr(Splitter, "_with_quotes", lambda _, __, fields: fields)

        assert [*found(lines, files, n_blocks)] == [*expected(lines, files)]
