import re
from hashlib import sha256
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.covers import cover, product, products
from dashboards.covers.composition import MAX_LINES, MAX_WORD_LENGTH, MOTIFS, title_lines
from dashboards.covers.styles import CAPITALS, CLASSIC, style_of
from dashboards.covers.svg import HEIGHT, WIDTH, Palette
from jobs.synthetic.shop.words import TYPES

CATEGORIES = ("Action", "Comedy", "Drama", "Film-Noir", "Horror", "Romance", "Sci-Fi", "Western")
# SHA-256 of the covers below; it changes only with their design
DIGEST = "7c65b444fdf8d2860c86b200d1da48c7632c0379474896086d39890e608a8a8a"
SVG = "{http://www.w3.org/2000/svg}"


def text_of(svg: str) -> str:
    return " ".join(text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text"))  # noqa: S314 # our own


def test_an_item_keeps_its_cover() -> None:
    first = cover("Heat", 1995, "Crime")
    cover.cache_clear()

    assert cover("Heat", 1995, "Crime") == first


def test_covers_look_as_in_the_last_version() -> None:
    digest = sha256()
    for category in (*CATEGORIES, "Aquarium", ""):
        for n in range(30):
            digest.update(cover(f"Title {n} & more", 1950 + n, category).encode())

    assert digest.hexdigest() == DIGEST


def test_covers_differ_by_item_and_category() -> None:
    shelf = {cover(f"Title {n}", 1990 + n, "Drama").replace(str(n), "") for n in range(40)}

    assert len(shelf) > 30
    assert cover("Heat", 1995, "Crime") != cover("Heat", 1995, "Comedy")


@settings(max_examples=150)
@given(title=st.text(), year=st.none() | st.integers(), category=st.none() | st.text())
def test_every_title_gives_well_formed_svg(
    title: str, year: int | None, category: str | None
) -> None:
    drawn = ET.fromstring(cover(title, year, category))  # noqa: S314 # our own

    assert (drawn.get("width"), drawn.get("height")) == (str(WIDTH), str(HEIGHT))


def test_a_title_is_never_markup() -> None:
    svg = cover('<script>alert("1")</script>&amp;', 2011, "Drama")

    assert "<script" not in svg
    assert text_of(svg).replace(" ", "") == '<script>alert("1")</script>&amp;'


@given(st.text())
def test_a_title_has_few_lines_of_short_words(title: str) -> None:
    lines = title_lines(title, CLASSIC)

    assert 1 <= len(lines) <= MAX_LINES
    assert all(line.strip() for line in lines)
    assert all(len(word) <= MAX_WORD_LENGTH for line in lines for word in line.split())


def test_a_long_title_ends_with_an_ellipsis() -> None:
    lines = title_lines("word " * 40, CAPITALS)

    assert " ".join(lines).endswith("…")


@pytest.mark.parametrize("name", sorted(MOTIFS))
@pytest.mark.parametrize("seed", range(6))
def test_every_motif_draws(name: str, seed: int) -> None:
    colours = Palette("#102030", "#405060", "#f0e0d0")

    drawn = "".join(MOTIFS[name](Random(seed), colours))  # noqa: S311 # a drawing

    assert len(list(ET.fromstring(f"<svg>{drawn}</svg>"))) >= 1  # noqa: S314 # our own
    assert "nan" not in drawn


def test_every_style_has_existing_motifs_and_three_colours() -> None:
    for category in ("Action", "Children's", "Film-Noir", "Sci-Fi", "Garden", "", "Kitchen"):
        style = style_of(category)
        assert set(style.motifs) <= set(MOTIFS)
        for palette in style.palettes:
            assert len({palette.deep, palette.light, palette.accent}) == 3


def test_an_unlisted_category_has_a_fixed_style() -> None:
    assert style_of("Garden") == style_of(" garden ")
    assert len({style_of(f"Category {n}").motifs for n in range(30)}) > 5


DRAWINGS = sorted(Path(products.__file__).parent.glob("drawings/*.svg"))


def drawing_of(svg: str) -> str:
    """Return the name of the drawing in a picture."""
    inner = re.sub(r"^.*?<svg [^>]*>.*?<svg [^>]*>", "", svg)
    files = {path.stem: path.read_text(encoding="utf-8").replace("\n", "") for path in DRAWINGS}
    return next(name for name, text in files.items() if inner.startswith(text.split(">", 1)[1]))


@pytest.mark.parametrize(
    ("title", "category", "drawing"),
    [
        ("Osier Glass Mug", "Kitchen", "mug"),
        ("Alba Ash Table Lamp, midnight", "Living", "table-lamp"),
        ("Marble Tray “Sorrel”", "Living", "tray"),
        ("Wooden Marble Run", "Toys", "marble-run"),
        ("Steel Camping Mug", "Outdoor", "mug"),
        ("Daypack with a bottle", None, "flask"),  # the last word that names a product
        ("ESPRESSO BEANS", "Food", "coffee"),
        ("Model XJ-9", "Garden", "planter"),
        ("Model XJ-9", "Pets", "parcel"),
        ("", None, "parcel"),
    ],
)
def test_a_product_is_drawn_as_its_title_or_category_says(
    title: str, category: str | None, drawing: str
) -> None:
    assert drawing_of(product(title, category)) == drawing


def test_each_product_of_the_playground_has_a_drawing() -> None:
    nouns = [(noun, kind.department) for kind in TYPES for noun in kind.nouns]
    by_title = {noun: drawing_of(product(f"Fern {noun}", None)) for noun, _ in nouns}

    assert "parcel" not in by_title.values()
    assert len(set(by_title.values())) > 80


def test_a_product_has_the_colour_that_its_title_names() -> None:
    def colour(title: str) -> str:
        return str(re.findall(r'color="(#\w+)"', product(title, None))[0])

    assert colour("Enamel Mug, plum") == colour("Copper Mug, plum") != colour("Copper Mug")
    assert colour("Copper Mug") == colour("Copper Vase") != colour("Zinc Vase")
    assert len({colour(f"Mug {n}") for n in range(40)}) > 3


@settings(max_examples=150)
@given(title=st.text(), category=st.none() | st.text())
def test_the_picture_of_a_product_is_a_square_without_its_title(
    title: str, category: str | None
) -> None:
    drawn = ET.fromstring(product(title, category))  # noqa: S314 # our own

    assert drawn.get("width") == drawn.get("height") == "300"
    assert not list(drawn.iter(f"{SVG}text"))


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_a_drawing_is_a_picture_by_itself_in_one_main_colour(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert ET.fromstring(text).get("viewBox") == "0 0 200 200"  # noqa: S314 # our own
    assert "currentColor" in text
    assert text.count(products.START_COLOUR) == 1
