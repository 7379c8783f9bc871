"""The picture of a release's lineage, in the DOT language."""

from dataclasses import replace

import pytest

from dashboards import pages
from dashboards.console.lineage import picture
from dashboards.console.lineage.picture import Colours
from tests.dashboards.console.lineage.conftest import source
from tests.support.dashboards import shop
from warehouse.lineage import Lineage

COLOURS = Colours("#111111", "#222222", dict.fromkeys(picture.HUES, "#33333333"))


def drawn(lineage: Lineage) -> str:
    return picture.dot(lineage, shop.releases()[0], title='A "shop"', colours=COLOURS)


@pytest.mark.usefixtures("console")
def test_every_table_is_between_the_files_and_the_lists(lineage: Lineage) -> None:
    text = drawn(lineage)

    for source_, target in (
        ("file/bronze.ratings/0", "bronze.ratings"),
        ("bronze.ratings", "refine"),
        ("refine", "silver.interactions"),
        ("silver.interactions", "fit"),
        ("fit", "gold.recommendations"),
        ("gold.recommendations", "publish"),
        ("publish", "release"),
        ("release", "lists"),
    ):
        assert f'"{source_}" -> "{target}"' in text
    assert 'label="silver.interactions\\nversion 7 · 170 rows"' in text
    assert 'label="bronze.ratings\\n200 rows"' in text


@pytest.mark.usefixtures("console")
def test_tables_link_to_their_page_and_jobs_to_their_run(lineage: Lineage) -> None:
    text = drawn(lineage)

    assert 'URL="data?table=silver.items"' in text
    assert 'dags/playground__ingest/runs/manual__1"' in text
    run_id = shop.RETRAIN.partition("/")[2]
    assert text.count(f"dags/playground__retrain/runs/{run_id}") == 2  # fit and publish


@pytest.mark.usefixtures("console")
def test_links_carry_the_data_set(lineage: Lineage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "address", lambda: {"dataset": "books & more"})

    text = drawn(lineage)

    assert 'URL="data?dataset=books+%26+more&table=silver.items"' in text
    assert 'URL="releases?dataset=books+%26+more"' in text


@pytest.mark.usefixtures("console")
def test_no_name_ends_its_string_or_begins_an_escape(lineage: Lineage) -> None:
    text = drawn(lineage)

    assert r'label="june \"new\" \\N *.csv\n100 rows"' in text
    assert r'label="A \"shop\"\nlists of' in text


@pytest.mark.usefixtures("console")
def test_many_files_are_one_box(lineage: Lineage) -> None:
    files = tuple(source(day, f"{day}.csv") for day in range(1, 29))

    text = drawn(replace(lineage, sources=files))

    assert "22 older landings\\n2,200 rows" in text
    assert "28.csv" in text
    assert "22.csv" not in text
