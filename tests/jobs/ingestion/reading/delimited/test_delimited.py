import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.ingestion.reading import lines, reader
from jobs.ingestion.reading.delimited import csv_splitting, plain_blocks
from jobs.runtime.errors import UnreadableFileError
from tests.jobs.ingestion.reading.reads import numbered, opened, rows

HEADER = b"user,item,value\n"
TEXTS = st.text(
    st.sampled_from("ab ,;|\t'\"\\\n\r€é\x00\u2028\ufeff:") | st.characters(codec="utf-8"),
    max_size=6,
)


@pytest.fixture(params=[3, lines.BLOCK_CHARS])
def _block_chars(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK_CHARS", request.param)


@pytest.mark.usefixtures("_block_chars")
def test_a_record_keeps_the_number_of_its_first_line() -> None:
    content = HEADER + b'u1,"a\r\nb",4\r\n\r\nu2,c,5\r\nu3,"d\n\n",\nu4,short\nu5,e,1'

    assert numbered(opened(content)) == [
        (2, ("u1", "a\r\nb", "4")),
        (5, ("u2", "c", "5")),
        (6, ("u3", "d\n\n", None)),
        (9, ("raw: u4,short",)),
        (10, ("u5", "e", "1")),
    ]


@pytest.mark.usefixtures("_block_chars")
def test_a_quote_that_is_never_closed_costs_one_line() -> None:
    file = opened(HEADER + b'u1,"a,4\nu2,b,5\nu3,"c",5\nu4,"d,1\nu5,e,"x"\nu6,f,1\n')

    assert rows(file) == [
        ('raw: u1,"a,4',),
        ("u2", "b", "5"),
        ("u3", "c", "5"),
        ('raw: u4,"d,1',),
        ("u5", "e", "x"),
        ("u6", "f", "1"),
    ]
    assert file.notes[0].startswith("f: line 2: a quote is opened and never closed. ")


@pytest.mark.usefixtures("_block_chars")
def test_carriage_returns_alone_may_end_lines() -> None:
    file = opened(b'user,item,value\ru1,"a\nb",4\r\ru2,c,5\r')

    assert numbered(file) == [(2, ("u1", "a\nb", "4")), (4, ("u2", "c", "5"))]


@pytest.mark.parametrize("cell", [b'"a\n"', b'"5"" \n"', b'5" \r1,"\n"', b'"open \n'])
def test_line_ends_in_quotes_do_not_tell_the_line_end_of_the_file(cell: bytes) -> None:
    assert opened(b"a,b\r1," + cell + b"\r").columns == ("a", "b")
    assert opened(b'a,b\r\n"\r",2\r\n').columns == ("a", "b")


def test_a_carriage_return_inside_a_field_is_a_problem_of_its_row() -> None:
    file = opened(HEADER + b'u1,a\rb,4\nu2,"c\rd",5\n')

    assert rows(file) == [("raw: u1,a\rb,4",), ("u2", "c\rd", "5")]
    assert file.notes == (
        "f: line 2: a field without quotes has a carriage return. Quote the field",
    )


def test_one_empty_last_field_is_no_field() -> None:
    expected = [("u1", "a", "4"), ("u2", "b", None)]

    assert rows(opened(b"user,item,value\nu1,a,4,\nu2,b,,\n")) == expected
    assert rows(opened(b"user,item,value,\nu1,a,4,\nu2,b,\n")) == expected
    assert rows(opened(b'user,item,value\n"u1",a,4,\nu2,b,\n')) == expected
    assert opened(b"user,item,value,\n").columns == ("user", "item", "value")


def test_a_record_of_the_wrong_width_is_noted() -> None:
    file = opened(HEADER + b"u1,a,4\nu2,b,4,5\n")

    assert rows(file) == [("u1", "a", "4"), ("raw: u2,b,4,5",)]
    assert file.notes == (
        (
            "f: line 3 has 4 fields, the header has 3. Quote fields that have the separator, or "
            "correct `separator`"
        ),
    )


def test_columns_of_one_name_are_an_error_only_if_they_are_used() -> None:
    file = opened(b"user,item,value,value\nu1,a,4,5\n")

    assert rows(file, ["user", "item"]) == [("u1", "a")]
    with pytest.raises(UnreadableFileError, match="f: `value` is in the header twice"):
        file.batches(["value"])


def test_a_column_that_the_file_lacks_is_null() -> None:
    assert rows(opened(HEADER + b"u1,a,4\n"), ["item", "vendor"]) == [("a", None)]
    assert rows(opened(b"u1,a\n", header=False, fields=["u", "i"]), ["x", "i"]) == [(None, "a")]


def test_long_separators_stay_inside_quotes() -> None:
    file = opened(b'a::b::c\n"x::y"::z:::\n::"q""::"::1\n', separator="::")

    assert rows(file) == [("x::y", "z", ":"), (None, 'q"::', "1")]


def test_an_escape_stays_before_other_characters() -> None:
    file = opened(
        b'a,b\n"the \\"and\\" \\\\ C:\\new",\\N\nx\\,y,"end \\\\"\n"open \\",z\n', escape="\\"
    )

    assert rows(file) == [
        ('the "and" \\ C:\\new', "\\N"),
        ("x,y", "end \\"),
        ('raw: "open \\",z',),
    ]


def test_quotes_inside_fields_are_noted() -> None:
    fine = opened(b'a,b\n"{""x"": ""say \\""hi\\""""}","C:\\"\n5" wide,x"y"\n')
    escaped = opened(b'a,b\n1,2\nx,"the \\"and\\" of"\n')
    single = opened(
        b'a,b\n1,2\n"Weird Al" Yankovic,"the "and" ""of"""\n"x"y,""\n"x, y","a "b" c"\n'
    )

    assert rows(fine) == [('{"x": "say \\"hi\\""}', "C:\\"), ('5" wide', 'x"y"')]
    assert rows(escaped)[1:] == [("x", 'the \\"and\\" of')]
    assert rows(single)[1:] == [
        ('"Weird Al" Yankovic', 'the "and" "of"'),
        ('"x"y', None),
        ("x, y", 'a b" c"'),
    ]
    assert not fine.notes
    (note,) = escaped.notes
    assert note == (
        "f: line 3: a quote inside a quoted field has a backslash before it. If that escapes the "
        'quote, write `escape = "\\\\"` in the manifest'
    )
    assert single.notes[0].startswith("f: line 3: a quote inside a quoted field is not doubled. ")


def test_lines_before_the_header_are_skipped() -> None:
    content = b'Report of "May\n\nuser,item\nu1,a\n'

    assert numbered(opened(content, skip_lines=2)) == [(4, ("u1", "a"))]
    assert rows(opened(b"sep=;\nuser;item\nu1;a\n", separator=";")) == [("u1", "a")]


def test_a_field_may_be_longer_than_the_limit_of_csv() -> None:
    text = "y" * 300_000

    assert rows(opened(b"a,b\n" + text.encode() + b',"' + text.encode() + b'"\n')) == [(text, text)]


def test_an_empty_file_has_no_rows() -> None:
    assert opened(b"").columns == ()
    assert rows(opened(b"")) == []
    assert rows(opened(b"a,b\n")) == []
    assert rows(opened(b"", header=False, fields=["a"])) == []


def test_batches_are_bounded_and_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BATCH_ROWS", 4)
    file = opened(b"a\n" + b"".join(b"%d\n" % n for n in range(10)))

    assert [batch.num_rows for batch in file.batches(["a"])] == [4, 4, 2]
    assert [batch.num_rows for batch in file.batches(["a"], limit=6)] == [4, 2]
    assert [batch.num_rows for batch in file.batches([], limit=3)] == [3]


@st.composite
def written(draw: st.DrawFn) -> tuple[bytes, dict[str, object], list[list[str]]]:
    """Draw a table, the file that `csv` writes, and the manifest's fields that describe it."""
    quote = draw(st.sampled_from(["", '"', "'"]))
    escape = draw(st.sampled_from(["\\"] if not quote else ["", "\\"]))
    separator = draw(st.sampled_from([",", ";", "\t", "|", " ", "€"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    width = draw(st.integers(2, 4))
    table = draw(st.lists(st.lists(TEXTS, min_size=width, max_size=width), max_size=6))
    all_quoted = quote != "" and draw(st.booleans())
    if not all_quoted:  # `csv` does not quote every line end
        table = [[re.sub("[\r\n]", "", text) for text in row] for row in table]
    sent = io.StringIO(newline="")
    writer = csv.writer(
        sent,
        delimiter=separator,
        quotechar=quote or None,
        escapechar=escape or None,
        doublequote=not escape,
        lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    writer.writerows([[f"c{n}" for n in range(width)], *table])
    fields: dict[str, object] = {"separator": separator, "quote": quote, "escape": escape}
    return sent.getvalue().encode(encoding), {**fields, "encoding": encoding}, table


@given(sent=written(), block_chars=st.sampled_from([1, 7, 1 << 20]))
def test_what_csv_writes_is_read_back(
    sent: tuple[bytes, dict[str, object], list[list[str]]], block_chars: int
) -> None:
    content, fields, table = sent
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_CHARS", block_chars)
        file = opened(content, **fields)

        assert rows(file) == [tuple(text or None for text in row) for row in table]
    assert not file.notes


ALPHABETS = ("a\n", "a,\n", "a:\n", "a\r\n", 'a,"\n', 'ab,:;\n\r\x1f"é\u2028\ufeff ')
PLAIN = st.sampled_from(ALPHABETS).flatmap(lambda letters: st.text(letters, max_size=40))


@given(
    text=PLAIN,
    separator=st.sampled_from([",", "::", ";"]),
    quote=st.sampled_from(["", '"']),
    width=st.integers(1, 3),
)
@example(text="a,a\na,\n", separator=",", quote="", width=1)
@example(text="a\n\na\n\n\n", separator=",", quote="", width=1)
@example(text="a::b\na\x1fb\n", separator="::", quote="", width=2)
@example(text="a\nabcdefgh\n\ufeffa\n", separator=",", quote="", width=1)
def test_blocks_read_as_a_whole_have_the_same_rows(
    text: str, separator: str, quote: str, width: int
) -> None:
    fields: dict[str, object] = {
        "separator": separator,
        "quote": quote,
        "header": False,
        "fields": list("xyz"[:width]),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_CHARS", 8)
        fast = opened(text.encode(), **fields)
        by_arrow = numbered(fast)
        patch.setattr(plain_blocks.PlainBlocks, "table", lambda *_: None)
        simple = opened(text.encode(), **fields)
        by_blocks = numbered(simple)
        patch.setattr(csv_splitting.Splitter, "strict_rows", lambda *_: ([], []))
        slow = opened(text.encode(), **fields)

        assert by_arrow == by_blocks == numbered(slow)
    assert fast.notes == simple.notes == slow.notes
