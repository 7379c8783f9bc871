from datetime import UTC, datetime, timedelta

import pytest

from dashboards.text import age, article, duration, esc, figure, moment, plural

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
def test_text_is_made_literal(text: str, escaped: str) -> None:
    assert esc(text) == escaped


@pytest.mark.parametrize(
    ("noun", "n", "said"),
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
def test_things_are_counted_in_words(noun: str, n: int | None, said: str) -> None:
    assert plural(noun, n) == said


def test_nouns_have_their_article() -> None:
    assert (article("film"), article("article")) == ("a film", "an article")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (47 * 3600, "47 h"),
        (172800, "2 days"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(seconds: int, said: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW, "today at 12:00 UTC"),
        (NOW - timedelta(days=1), "yesterday at 12:00 UTC"),
        (NOW - timedelta(days=40), "12 Apr at 12:00 UTC"),
        (NOW - timedelta(days=400), "17 Apr 2025 at 12:00 UTC"),
    ],
)
def test_a_moment_is_said_as_people_say_it(at: datetime, said: str) -> None:
    assert moment(at, NOW) == said


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00"), (67.4, "1:07"), (3661, "1:01:01")])
def test_a_duration_reads_like_a_clock(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_rating_has_no_needless_zeros() -> None:
    assert (figure(4.0), figure(3.5)) == ("4", "3.5")
