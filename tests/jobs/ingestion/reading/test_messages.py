"""Each message is one row: no content of one message matters for another."""

import json
import tracemalloc

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.ingestion.reading.json_values import column_names
from jobs.ingestion.reading.messages import BLOCK_BYTES, MessagesReader

GOOD = b'{"user": {"id": "u"}, "stars": 4}'
USTAR = b'{"user": "' + b"x" * 247 + b'ustar"}'


def read(*messages: bytes) -> pa.Table:
    return pa.Table.from_batches(MessagesReader(messages, "t").batches(["user.id", "stars"]))


@pytest.mark.parametrize(
    "hostile",
    [b"[{}]", b"[]", b"[", b"", b"  ", b"<html>", b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08\x00",
     b"BZh91AY&SY", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"\xff\xfe" + GOOD, b"\x1c\x1d",
     "\u3000".encode(), "\u2028".encode(), b"\x00", b"[" * 5000, b'{"a":' * 3000, b"NaN", b"7"],
)  # fmt: skip
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_no_object_is_one_raw_row_beside_good_ones(hostile: bytes, place: int) -> None:
    messages = [GOOD, GOOD]
    messages.insert(place, hostile)

    rows = read(*messages)

    assert rows["line"].to_pylist() == [1, 2, 3]
    expected: list[str | None] = ["u", "u"]
    expected.insert(place, None)
    assert rows["user.id"].to_pylist() == expected
    assert [raw is not None for raw in rows["raw"].to_pylist()] == [x is None for x in expected]


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_any_bytes_are_as_many_rows_as_messages(messages: list[bytes]) -> None:
    assert read(*messages).num_rows == len(messages)


def test_a_text_that_looks_like_an_archive_is_a_text() -> None:
    rows = pa.Table.from_batches(MessagesReader([USTAR, GOOD], "t").batches(["user"]))
    assert rows["user"].to_pylist()[0] == json.loads(USTAR)["user"]


def test_a_line_break_or_a_mark_of_the_encoding_does_not_matter() -> None:
    assert (
        read(GOOD.replace(b" ", b"\r\n"), b"\xef\xbb\xbf" + GOOD)["stars"].to_pylist() == ["4"] * 2
    )


def test_long_names_above_many_fields_take_memory_as_the_message_does() -> None:
    fields = {str(number): 1 for number in range(10_000)}
    message = json.dumps({"k" * 50_000: fields}).encode()
    tracemalloc.start()
    read(message)
    names = column_names([json.loads(message)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(names) < len(fields)
    assert peak < 100 << 20


def test_messages_are_read_in_blocks() -> None:
    message = b'{"stars": "' + b"x" * (BLOCK_BYTES // 2) + b'"}'
    sizes = [batch.num_rows for batch in MessagesReader([message] * 5, "t").batches(["stars"])]
    assert sizes == [1, 1, 1, 1, 1]
