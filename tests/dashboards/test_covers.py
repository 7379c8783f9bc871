from random import Random
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.covers import cover
from dashboards.covers.looks import CAPITALS, CLASSIC, look
from dashboards.covers.poster import LONGEST_WORD, MOST_LINES, MOTIFS, lines_of
from dashboards.covers.svg import HEIGHT, WIDTH, Palette

SVG = "{http://www.w3.org/2000/svg}"


def written(svg: str) -> str:
    return " ".join(text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text"))  # noqa: S314 # our own


def test_the_same_item_has_the_same_cover_always() -> None:
    first = cover("Heat", 1995, "Crime")
    cover.cache_clear()

    assert cover("Heat", 1995, "Crime") == first


def test_items_and_categories_have_covers_of_their_own() -> None:
    shelf = {cover(f"Title {n}", 1990 + n, "Drama").replace(str(n), "") for n in range(40)}

    assert len(shelf) > 30
    assert cover("Heat", 1995, "Crime") != cover("Heat", 1995, "Comedy")


@settings(max_examples=150, deadline=None)
@given(title=st.text(), year=st.none() | st.integers(), category=st.none() | st.text())
def test_every_title_gives_an_image_that_is_well_formed(
    title: str, year: int | None, category: str | None
) -> None:
    drawn = ET.fromstring(cover(title, year, category))  # noqa: S314 # our own

    assert (drawn.get("width"), drawn.get("height")) == (str(WIDTH), str(HEIGHT))


def test_a_title_is_text_and_never_markup() -> None:
    svg = cover('<script>alert("1")</script>&amp;', 2011, "Drama")

    assert "<script" not in svg
    assert written(svg).replace(" ", "") == '<script>alert("1")</script>&amp;'


@given(st.text())
def test_a_title_is_set_in_few_lines_and_short_words(title: str) -> None:
    lines = lines_of(title, CLASSIC)

    assert 1 <= len(lines) <= MOST_LINES
    assert all(line.strip() for line in lines)
    assert all(len(word) <= LONGEST_WORD for line in lines for word in line.split())


def test_a_long_title_ends_with_dots() -> None:
    lines = lines_of("word " * 40, CAPITALS)

    assert " ".join(lines).endswith("…")


@pytest.mark.parametrize("name", sorted(MOTIFS))
@pytest.mark.parametrize("seed", range(6))
def test_every_motif_draws(name: str, seed: int) -> None:
    colours = Palette("#102030", "#405060", "#f0e0d0")

    drawn = MOTIFS[name](Random(seed), colours)  # noqa: S311 # a drawing

    assert len(list(ET.fromstring(f"<svg>{drawn}</svg>"))) >= 1  # noqa: S314 # our own
    assert "nan" not in drawn


def test_every_look_has_motifs_that_exist_and_colours_to_tell_apart() -> None:
    for category in ("Action", "Children's", "Film-Noir", "Sci-Fi", "Garden", "", "Kitchen"):
        known = look(category)
        assert set(known.motifs) <= set(MOTIFS)
        for palette in known.palettes:
            assert len({palette.deep, palette.light, palette.accent}) == 3


def test_a_category_that_is_not_known_keeps_its_own_look() -> None:
    assert look("Garden") == look(" garden ")
    assert len({look(f"Category {n}").motifs for n in range(30)}) > 5
