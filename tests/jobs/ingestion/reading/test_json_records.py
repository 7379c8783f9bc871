import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.ingestion.reading import json_records, lines
from jobs.runtime.errors import UnreadableFileError
from tests.jobs.ingestion.reading.reads import numbered, opened, rows

OBJECTS = b"""\
{"user": {"id": 7, "tags": {"a.b": "x"}}, "item": "i1", "value": 4.0, "liked": true}
{"user": null, "item": 8, "value": NaN, "liked": null, "kinds": ["a", {"name": "b"}]}

{"user.id": "u3", "user": 1, "value": -Infinity, "item": 123456789012345678901234567890}
"""
COLUMNS = ["user.id", "item", "value", "liked", "kinds", "user.tags", "user.tags.a.b", "none"]
NAMES = st.text(max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(params=[1, 40, lines.BLOCK_CHARS])
def _block_chars(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK_CHARS", request.param)


@pytest.mark.usefixtures("_block_chars")
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_objects_become_text(bom: bytes) -> None:
    file = opened(bom + OBJECTS, format="jsonl")

    assert numbered(file, COLUMNS) == [
        (1, ("7", "i1", "4", "true", None, '{"a.b":"x"}', "x", None)),
        (2, (None, "8", None, None, '["a",{"name":"b"}]', None, None, None)),
        (4, ("u3", "123456789012345678901234567890", "-inf", None, None, None, None, None)),
    ]
    assert file.columns == (
        *("user", "user.id", "user.tags", "user.tags.a.b"),
        *("item", "value", "liked", "kinds"),
    )
    assert not file.notes


@pytest.mark.usefixtures("_block_chars")
def test_lines_that_are_no_objects_are_kept_as_they_are() -> None:
    content = b'{"a": 1}\r\nnot json\r\n[1]\r\n{}\r\n{"a": "caf\xe9"}\r\n' + b"[" * 9000

    file = opened(content, format="jsonl")

    assert numbered(file, ["a"])[:5] == [
        (1, ("1",)),
        (2, ("raw: not json",)),
        (3, ("raw: [1]",)),
        (4, (None,)),
        (5, ('raw: {"a": "caf\ufffd"}',)),
    ]
    assert file.notes == (
        "f: line 2 is not JSON: Expecting value at character 1. Correct the line",
    )


def test_half_a_character_does_not_end_the_reading() -> None:
    assert rows(opened(b'{"a": "x\\ud83d", "b": [1, "\\ud83d"]}', format="jsonl")) == [
        ("x\ufffd", '[1,"\\ud83d"]')
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'[{"a": 1},\n{"a": 2}]', 'f: this is one JSON array. Write `format = "json"`'),
        (b'\xef\xbb\xbf [\n  {"a": 1}\n]', "f: this is one JSON array."),
        (b'{\n  "a": 1\n}\n{\n', "f: an object spans several lines. Write one object per line"),
    ],
)
def test_json_that_is_not_in_lines_is_named(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFileError) as error:
        opened(content, format="jsonl")

    assert str(error.value).startswith(sentence)


@pytest.mark.usefixtures("_block_chars")
def test_an_array_is_read_row_by_row() -> None:
    content = b"\xef\xbb\xbf [\n" + b",\n".join(OBJECTS.split(b"\n")[:2]) + b',"x", 12,\n{} ]\n\n'

    file = opened(content, format="json")

    assert numbered(file, ["user.id", "value", "kinds"]) == [
        (1, ("7", "4", None)),
        (2, (None, None, '["a",{"name":"b"}]')),
        (3, ('raw: "x"',)),
        (4, ("raw: 12",)),
        (5, (None, None, None)),
    ]
    assert file.notes == (
        "f: element 3 of the array is no JSON object. Write each row as an object",
    )
    assert rows(opened(b" \n[ ]", format="json")) == []
    assert rows(opened(b" \n", format="json")) == []


@pytest.mark.usefixtures("_block_chars")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'[{"a": 1},\n{"a": "b', "f: the file ends inside the JSON array: it was cut short."),
        (b'[{"a": 1},\n{"a": 2}', "f: the file ends inside the JSON array: it was cut short."),
        (b'[{"a": 1},\n{"a": tr', "f: the file ends inside the JSON array: it was cut short."),
        (
            b'[{"a": 1},\n{"a": 2}\n{"a": 333333333333333333333333333333333333}]',
            "f: line 3 is not JSON: `,` or `]` expected. Correct the file",
        ),
        (
            b'[{"a": 1},\n{"a" 2, "b": 333333333333333333333333333333333333}]',
            "f: line 2 is not JSON: Expecting ':' delimiter. Correct the file",
        ),
        (b'{"a": 1}\n{"a": 2}\n', 'f: one JSON object per line. Write `format = "jsonl"`'),
        (b'{"rows": [{"a": 1}]}', "f: the file is one JSON object, not an array."),
        (b"a,b\n1,2\n", "f: not JSON: the file begins with 'a,b\\n1,2\\n'. Correct `format`"),
    ],
)
def test_what_is_no_array_is_named(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFileError) as error:
        rows(opened(content, format="json"))

    assert str(error.value).startswith(sentence)


@given(table=st.lists(st.dictionaries(st.sampled_from("abc"), JSON), max_size=6))
@example([{"a": n} for n in (-(2**63), -(2**63) - 1, 2**63, 2**64 - 1, 2**64, 10**19 - 1)])
@example([{"a": [-(2**63) - 1, 2**64]}])
def test_lines_and_an_array_of_the_same_objects_have_the_same_rows(
    table: list[dict[str, object]],
) -> None:
    as_lines = "".join(f"{json.dumps(row)}\n" for row in table).encode()

    with pytest.MonkeyPatch.context() as patch:
        of_lines = rows(opened(as_lines, format="jsonl"), ["a", "b", "c"])
        patch.setattr(lines, "BLOCK_CHARS", 3)
        of_array = rows(opened(json.dumps(table).encode(), format="json"), ["a", "b", "c"])
        patch.setattr(json_records, "all_objects", lambda _: None)
        by_record = rows(opened(as_lines, format="jsonl"), ["a", "b", "c"])

    assert of_lines == of_array == by_record
    assert all(
        text == row[name]
        for row, texts in zip(table, of_lines, strict=True)
        for name, text in zip("abc", texts, strict=True)
        if isinstance(row.get(name), str) and not isinstance(row[name], bool)
    )
