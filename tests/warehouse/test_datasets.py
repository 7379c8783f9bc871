from pathlib import Path

import pytest

from warehouse import datasets
from warehouse.errors import ManifestError

SHOP = """
title = "Shop"
licence = "ours"
[source]
kind = "inbox"
[ratings]
file = "points.csv"
[scale]
lowest = 1
highest = 10
step = 1
relevant_from = 8
"""


def test_the_file_name_is_the_data_sets_name(folder: Path) -> None:
    (folder / "shop.toml").write_text(SHOP)

    assert [d.name for d in datasets.installed()] == ["shop"]
    assert datasets.load_named("shop").scale.relevant_from == 8


def test_an_invalid_manifest_does_not_affect_the_others(folder: Path) -> None:
    (folder / "shop.toml").write_text(SHOP)
    (folder / "bad.toml").write_text("title = ")

    assert [d.name for d in datasets.installed()] == ["shop"]
    assert [str(e).split(":")[0] for e in datasets.broken()] == ["bad.toml"]
    with pytest.raises(ManifestError, match=r"bad\.toml"):
        datasets.load_named("bad")


def test_the_error_for_an_unknown_name_lists_the_data_sets(folder: Path) -> None:
    (folder / "shop.toml").write_text(SHOP)

    with pytest.raises(ManifestError, match="no data set 'shoe'; installed: shop"):
        datasets.load_named("shoe")


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ("lowest = 1\n", "", "lowest"),
        ("lowest = 1", "lowest = 10", "`lowest` must be below"),
        ("relevant_from = 8", "relevant_from = 11", "must be on the scale"),
        ('kind = "inbox"', 'kind = "folder"', "needs `url`"),
        ('file = "points.csv"', 'file = "../points.csv"', "must stay inside"),
        ('file = "points.csv"', 'file = "points.csv"\nheader = false', "needs `fields`"),
        ('title = "Shop"', 'title = "Shop"\ntypo = 1', "typo"),
        ("step = 1", "step = 0", "step"),
    ],
)
def test_an_invalid_value_is_an_error_that_names_the_field(
    tmp_path: Path, was: str, becomes: str, complaint: str
) -> None:
    assert was in SHOP
    path = tmp_path / "shop.toml"
    path.write_text(SHOP.replace(was, becomes))

    with pytest.raises(ManifestError, match=rf"(?s)shop\.toml.*{complaint}"):
        datasets.load(path)


@pytest.mark.parametrize("opening", ["[", "{a = "])
def test_a_deeply_nested_value_is_an_error_of_this_manifest_alone(
    tmp_path: Path, opening: str
) -> None:
    path = tmp_path / "shop.toml"
    path.write_text("title = " + opening * 20_000)

    with pytest.raises(ManifestError, match=r"shop\.toml: its brackets are nested too deeply"):
        datasets.load(path)


def test_the_error_for_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        datasets.load(tmp_path / "shop.toml")


def test_all_manifests_that_ship_are_valid() -> None:
    assert datasets.broken() == ()
    assert {d.name for d in datasets.installed()} == {
        "movielens_1m",
        "movielens_small",
        "movietweetings",
        "playground",
        "playground_shop",
    }


def test_entries_of_events_with_one_pattern_have_different_names() -> None:
    files = ["a.csv", "b.csv", "a.csv", "a.csv"]
    events = [{"file": file, "kind": "view"} for file in files]
    dataset = datasets.Dataset.model_validate(
        {
            "title": "Shop",
            "licence": "Invented.",
            "source": {"kind": "inbox"},
            "events": events,
            "kinds": {"view": {}},
        }
    )

    assert [*dataset.event_sections] == ["a.csv", "b.csv", "a.csv#2", "a.csv#3"]


DISPLAY = """
[items]
file = "products.csv"
attributes = { price = "number", photo = "text" }

[display]
price = "price"
currency = "EUR"
picture = "photo"
picture_hosts = ["img.example.org", "cdn.example.com:8443"]
"""


def test_a_shop_names_what_the_app_shows(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(SHOP + DISPLAY)

    display = datasets.load(path).display

    assert display.types == {"price": "number", "photo": "text"}
    assert display.picture_hosts == ("img.example.org", "cdn.example.com:8443")


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ('price = "number"', 'price = "text"', 'attributes = { price = "number" }'),
        ('picture = "photo"', 'stock = "pieces"', 'attributes = { pieces = "number" }'),
        ('"EUR"', '"euros"', "display.currency"),
        ('"img.example.org"', '"https://img.example.org"', "display.picture_hosts"),
        ('"img.example.org"', '"img.example.org; script-src *"', "display.picture_hosts"),
        ('"img.example.org"', '"*"', "display.picture_hosts"),
    ],
)
def test_what_the_app_cannot_show_is_an_error(
    tmp_path: Path, was: str, becomes: str, complaint: str
) -> None:
    assert was in DISPLAY
    path = tmp_path / "shop.toml"
    path.write_text(SHOP + DISPLAY.replace(was, becomes))

    with pytest.raises(ManifestError) as error:
        datasets.load(path)

    assert complaint in str(error.value)
