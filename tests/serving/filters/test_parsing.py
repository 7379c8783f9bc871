"""Filters are read as written, and errors name the position."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import FilterRefusedError
from serving.filters.parsing import (
    MAX_COMPARISONS,
    MAX_DEPTH,
    Available,
    Comparison,
    Joined,
    Not,
    parse,
)

PRICE = Comparison("price", "<", 20.0, 1)


def test_a_comparison_has_a_name_an_operator_and_a_value() -> None:
    assert parse("price < 20") == PRICE
    assert parse("  price<20 ") == Comparison("price", "<", 20.0, 3)
    assert parse("price >= -1.5e2") == Comparison("price", ">=", -150.0, 1)
    assert parse("brand != 'O\"Neill'") == Comparison("brand", "!=", 'O"Neill', 1)
    assert parse("`my price` == 1") == Comparison("my price", "==", 1.0, 1)


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = (Comparison(name, "==", 1.0, at) for name, at in (("a", 1), ("b", 15), ("c", 26)))

    assert parse("a == 1 or not b == 1 and c == 1") == Joined("or", (a, Joined("and", (Not(b), c))))
    assert parse("(a == 1)") == Comparison("a", "==", 1.0, 2)


def test_in_is_one_of_several_values() -> None:
    options = (Comparison("a", "==", "x", 1), Comparison("a", "==", "y", 1))

    assert parse("a in ('x', 'y')") == Joined("or", options)
    assert parse("a not in ('x', 'y')") == Not(Joined("or", options))
    assert parse("available and not available") == Joined("and", (Available(), Not(Available())))


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("", 1, "a name is expected, not the end"),
        ("price", 6, "a comparison of price is expected"),
        ("price <", 8, "a number, or a text in quotes, is expected"),
        ("price < 20 and", 15, "a name is expected"),
        ("price < 20 price < 3", 12, "the end is expected"),
        ("price = 20", 7, "'=' is not expected; to compare, write =="),
        ("price < 'x", 9, '"\'" is not expected'),
        ("(price < 20", 12, ") is expected"),
        ("a in 'x'", 6, "( is expected"),
        ("a in ('x'", 10, ") is expected"),
        ("a not 1", 7, "in is expected"),
        ("20 < price", 1, "a name is expected"),
        ("a == 1; drop", 7, "';' is not expected"),
        ("a == 1.2.3", 6, "'1' is not expected"),
        ("__import__('os')", 11, "a comparison of __import__ is expected"),
    ],
)
def test_an_error_names_the_position(text: str, position: int, problem: str) -> None:
    with pytest.raises(FilterRefusedError) as refused:
        parse(text)

    assert f"at character {position}: {problem}" in str(refused.value)


def test_length_depth_and_comparisons_are_bounded() -> None:
    deep = "(" * MAX_DEPTH + "a == 1" + ")" * MAX_DEPTH
    many = " or ".join(["a == 1"] * MAX_COMPARISONS)
    assert parse(deep)
    assert parse(many)

    for text, problem in (
        (f"({deep})", "more than 10 deep"),
        ("not " * (MAX_DEPTH + 1) + "a == 1", "more than 10 deep"),
        (f"{many} or a == 1", "more than 50 comparisons"),
        (f"{many} or available", "more than 50 comparisons"),
        ("a == 1 " + " " * 1000, "more than 1,000 characters"),
        ("(" * 1000, "more than 10 deep"),
    ):
        with pytest.raises(FilterRefusedError, match=problem):
            parse(text)


@given(st.text(alphabet="ab ()<=>!',\"`1.notinrdavle", max_size=40) | st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(FilterRefusedError):
        assert parse(text) == parse(f" {text} ".strip()) or text != text.strip()
