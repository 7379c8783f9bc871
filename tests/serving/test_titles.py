import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from serving import titles

MATCHES = text("select array_to_tsvector(cast(:words as text[])) @@ cast(:query as tsquery)")


def finds(session: Session, query: str, title: str) -> bool:
    asked = titles.query(query)
    assert asked is not None
    given = {"words": titles.words(title), "query": asked}
    return bool(session.scalar(MATCHES, given))


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("amelie", "Fabuleux destin d'Amélie Poulain, Le"),
        ("AMÉLIE poul", "Fabuleux destin d'Amélie Poulain, Le"),
        ("damelie", "Fabuleux destin d'Amélie Poulain, Le"),
        ("the who", "The Who: Live"),
        ("schindlers", "Schindler's List"),
        ("schindler's li", "Schindler’s List"),  # noqa: RUF001 # the typographic apostrophe
        ("off face", "Face/Off"),
        ("1/2", "8 1/2"),
        ("strasse", "Die Straße"),
        ("blod", "Blød"),
        ("七人", "七人の侍"),
    ],
)
def test_a_search_finds_a_title(session: Session, query: str, title: str) -> None:
    assert finds(session, query, title)


@pytest.mark.parametrize("query", ["melie", "amelie poulet", "'x':* | 'fabuleux'"])
def test_a_search_does_not_find_other_titles(session: Session, query: str) -> None:
    assert not finds(session, query, "Fabuleux destin d'Amélie Poulain, Le")


@pytest.mark.parametrize("query", ["", "  ", "!?", "' \\ \" :* | &"])
def test_text_without_a_word_is_no_query(query: str) -> None:
    assert titles.query(query) is None


@given(st.text())
def test_words_are_letters_and_digits_only(given: str) -> None:
    assert all(word.isalnum() for word in titles.words(given))


@given(st.text(max_size=80))
def test_every_word_of_a_title_is_found_by_what_was_typed(given: str) -> None:
    asked = titles.query(given)
    wanted = [] if asked is None else [part.split("'")[1] for part in asked.split(" & ")]
    assert set(wanted) <= set(titles.words(given))


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(given: str) -> None:
    once = titles.words(given)
    assert titles.words(" ".join(once)) == once
