import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from serving import titles

MATCHES = text("select array_to_tsvector(cast(:words as text[])) @@ cast(:query as tsquery)")


def finds(session: Session, query: str, title: str) -> bool:
    tsquery = titles.query(query)
    assert tsquery is not None
    parameters = {"words": titles.words(title), "query": tsquery}
    return bool(session.scalar(MATCHES, parameters))


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


def test_the_cost_of_a_title_has_a_limit_in_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = list[str]()
    monkeypatch.setattr("serving.titles.unicodedata.combining", looked_at.append)

    titles.words("\ufdfa" * 533)  # each is 18 letters

    assert len(looked_at) == titles.MAX_CHARACTERS


def test_each_accent_of_a_long_title_is_read() -> None:
    assert titles.words("\u1ea5" * 530 + " end") == ["a" * titles.MAX_LENGTH, "end"]


@given(st.text())
def test_words_are_letters_and_digits_only(title: str) -> None:
    assert all(word.isalnum() for word in titles.words(title))


@given(st.text(max_size=80))
def test_a_title_is_found_by_its_own_text(title: str) -> None:
    query = titles.query(title)
    words = [] if query is None else [part.split("'")[1] for part in query.split(" & ")]
    assert set(words) <= set(titles.words(title))


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(title: str) -> None:
    words = titles.words(title)
    assert titles.words(" ".join(words)) == words
