import pytest

from jobs.ingestion.reading import lines
from jobs.runtime.errors import UnreadableFileError
from tests.jobs.ingestion.reading.reads import numbered, opened, rows

TITLES = "item,title\n1,“Café” 5 €\n2,Zażółć 日本\n"
WESTERN = "item,title\n1,“Café” 5 €\n"
READ = [("1", "“Café” 5 €"), ("2", "Zażółć 日本")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_text_of_any_encoding_is_read(encoding: str) -> None:
    file = opened(TITLES.encode(encoding), encoding=encoding)

    assert file.columns == ("item", "title")
    assert rows(file) == READ


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", ["utf-8", "windows-1252"])
def test_marks_and_wide_characters_tell_the_encoding(encoding: str, declared: str) -> None:
    file = opened(WESTERN.encode(encoding), encoding=declared)

    assert rows(file) == READ[:1]


@pytest.mark.parametrize(
    ("line", "byte", "likely"),
    [
        ("2,Crème".encode("cp1252"), "0xe8", "windows-1252"),
        ("2,“Heat”".encode("cp1252"), "0x93", "windows-1252"),
        ("2,Сталкер".encode("cp1251"), "0xd1", "windows-1251"),
        (b"2,\x81", "0x81", "iso-8859-1"),
    ],
)
@pytest.mark.parametrize("block_chars", [5, lines.BLOCK_CHARS])
def test_a_byte_of_another_encoding_is_named_with_its_line(
    line: bytes, byte: str, likely: str, block_chars: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_CHARS", block_chars)
    file = opened(b'item,title\n"1","a\nb"\n' + line + b"\n3,caf\xc3\xa9\n")

    (_, first), (at, (raw,)), (_, last) = numbered(file)

    assert (first, last, at) == (("1", "a\nb"), ("3", "café"), 4)
    assert raw is not None
    assert "\ufffd" in raw
    (note,) = file.notes
    assert note == (
        f'f: line 4 has byte {byte}, which is not UTF-8. Is `encoding = "{likely}"` right? If '
        "not, correct the line"
    )


def test_a_header_of_another_encoding_is_an_error() -> None:
    with pytest.raises(UnreadableFileError) as error:
        opened("Stück,Preis\n1,2\n".encode("cp1252"))

    assert str(error.value).startswith(
        "f: the header, line 1, cannot be read: line 1 has byte 0xfc, which is not UTF-8. Is "
        '`encoding = "windows-1252"` right?'
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32-le"])
def test_text_that_is_not_as_wide_as_declared_is_an_error(encoding: str) -> None:
    with pytest.raises(UnreadableFileError, match=f"^f: not {encoding}, as the manifest says"):
        opened(TITLES.encode(), encoding=encoding)


@pytest.mark.parametrize("encoding", ["rot13", "base64"])
def test_codecs_of_other_things_than_text_are_errors(encoding: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"is no encoding of text. Correct `encoding`"):
        opened(TITLES.encode(), encoding=encoding)


def test_a_file_that_is_no_text_is_named() -> None:
    with pytest.raises(UnreadableFileError, match=r"^f: this is no text\. Send csv, jsonl"):
        opened(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)))
    assert rows(opened(b"a,b\n\x00,caf\xe9\n" + 60 * b"12,3\n"))[1:] == 60 * [("12", "3")]


def test_a_character_that_is_cut_off_is_a_problem_of_its_line() -> None:
    file = opened(TITLES.encode("utf-16-le")[:-3], encoding="utf-16-le")

    assert rows(file)[0] == READ[0]
    assert "which is not UTF-16-LE" in file.notes[0]
