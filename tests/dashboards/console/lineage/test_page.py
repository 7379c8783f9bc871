"""The page "Lineage": a release's files, tables and runs."""

from dataclasses import replace

import pytest

from dashboards.console import lake_data, sources
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, cells, fresh, words
from tests.support.dashboards.console_pages import LINEAGE, metrics, opened, warnings
from warehouse.errors import TableMissingError
from warehouse.lineage import Lineage


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, lineage: Lineage) -> list[str]:
    """The retrains whose lineage was read."""
    retrains: list[str] = []

    def read(_: str, retrain_id: str) -> Lineage:
        retrains.append(retrain_id)
        return lineage

    monkeypatch.setattr(lake_data, "lineage", read)
    return retrains


@pytest.mark.usefixtures("console")
def test_the_live_release_is_shown_first(page: Page, asked: list[str]) -> None:
    app = opened(page, LINEAGE)

    live = next(release for release in shop.releases() if release.live)
    assert asked == [live.retrain_id]
    assert metrics(app)["Rows accepted"] == ("180", "")
    assert metrics(app)["Rows quarantined"] == ("10", "")
    assert "digraph" in app.get("graphviz_chart")[0].proto.spec
    assert r"may\.csv" in cells(app).replace("\\\\", "\\")
    assert cells(app).index("june") < cells(app).index("may")  # the newest landing is first
    assert "'Version': ['7', '3', '5']" in cells(app)
    assert "release" not in app.query_params


@pytest.mark.usefixtures("console")
def test_a_link_names_another_release(page: Page, asked: list[str]) -> None:
    other = next(release for release in shop.releases() if not release.live)

    app = opened(page, LINEAGE, release=str(other.release_id))

    assert asked[-1] == other.retrain_id
    assert app.query_params["release"] == str(other.release_id)
    opened(page, LINEAGE, release="1e9")  # no number of a release


@pytest.mark.usefixtures("console")
def test_counts_after_an_erasure_are_marked(
    page: Page, lineage: Lineage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_data, "lineage", lambda *_: replace(lineage, is_exact=False))

    assert "users were erased since this fit" in warnings(opened(page, LINEAGE))


@pytest.mark.usefixtures("console")
def test_without_a_record_the_page_says_so(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_data, "lineage", lambda *_: None)
    assert "No record of this release" in words(opened(page, LINEAGE))

    monkeypatch.setattr(sources, "releases", lambda _: fresh([]))
    assert "No release yet" in words(opened(page, LINEAGE))


@pytest.mark.usefixtures("console")
def test_a_lake_that_cannot_be_read_is_a_message(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: str) -> None:
        raise TableMissingError("gold.fits", "x")

    monkeypatch.setattr(lake_data, "lineage", fail)

    assert "lake cannot be read" in warnings(opened(page, LINEAGE))
