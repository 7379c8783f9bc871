from datetime import UTC, datetime, timedelta

import pytest

from dashboards.text import (
    MINUS,
    age,
    article,
    bytes_text,
    code,
    duration,
    esc,
    moment,
    plural,
    with_code,
    with_minus,
)

NOW = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Heat", "Heat"),
        ("M*A*S*H", r"M\*A\*S\*H"),
        ("A -> B", "A \\-\u2060\\> B"),
        ("two\n\nlines", "two lines"),
        (":streamlit: x", "\\:\u2060streamlit\\: x"),
        ("www.example.com", "www\u2060\\.example\\.com"),
        ("Amélie [REC]²", r"Amélie \[REC\]²"),
    ],
)
def test_markdown_is_escaped(text: str, escaped: str) -> None:
    assert esc(text) == escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Run `lantern up --x` now.", r"Run `lantern up --x` now\."),
        ("a*b `c*d`", r"a\*b `c*d`"),
        ("one ` alone", r"one \` alone"),
        ("an empty `` pair", r"an empty \`\` pair"),
    ],
)
def test_code_in_a_text_is_shown_as_code(text: str, shown: str) -> None:
    assert with_code(text) == shown


@pytest.mark.parametrize(
    ("noun", "n", "expected"),
    [
        ("film", None, "films"),
        ("film", 1, "1 film"),
        ("film", 0, "0 films"),
        ("story", 3, "3 stories"),
        ("toy", 2, "2 toys"),
        ("dress", 1200, "1,200 dresses"),
        ("person", 2, "2 people"),
    ],
)
def test_nouns_are_counted(noun: str, n: int | None, expected: str) -> None:
    assert plural(noun, n) == expected


def test_nouns_get_their_article() -> None:
    assert (article("film"), article("article")) == ("a film", "an article")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (47 * 3600, "47 h"),
        (172800, "2 days"),
    ],
)
def test_an_age_has_its_largest_unit(seconds: int, expected: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW, "today at 12:00 UTC"),
        (NOW - timedelta(days=1), "yesterday at 12:00 UTC"),
        (NOW - timedelta(days=40), "12 Apr at 12:00 UTC"),
        (NOW - timedelta(days=400), "17 Apr 2025 at 12:00 UTC"),
    ],
)
def test_a_moment_is_a_day_and_a_time_in_utc(at: datetime, expected: str) -> None:
    assert moment(at, NOW) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0, "0:00"), (67.4, "1:07"), (3661, "1:01:01")])
def test_a_duration_has_minutes_and_seconds(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (81_920, "82 kB"),
        (3_200_000, "3.2 MB"),
        (41e9, "41 GB"),
        (5e15, "5000 TB"),
    ],
)
def test_bytes_are_shown_in_their_largest_unit(n_bytes: float, text: str) -> None:
    assert bytes_text(n_bytes) == text


def test_negative_numbers_have_a_minus_sign() -> None:
    text = "-0.0190 [-0.0286, -0.0093] over als-2 since 2026-11-29"

    assert with_minus(text) == text.replace("-0", MINUS + "0")


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("price >= 20", "`price >= 20`"),
        ("`my price` < 2\nand a", "`` `my price` < 2 and a ``"),
        ("a ``` b", "```` a ``` b ````"),
    ],
)
def test_code_is_fenced_so_that_it_is_literal(text: str, markdown: str) -> None:
    assert code(text) == markdown
