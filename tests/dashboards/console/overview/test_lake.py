import pytest

from dashboards.console import lake_data
from dashboards.console.badges import Badge
from dashboards.console.lake_data import TableState
from dashboards.console.overview.lake import freshness
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, cells, words
from tests.support.dashboards.console_pages import OVERVIEW, opened
from warehouse.tables import SILVER_INTERACTIONS, SILVER_ITEMS, SILVER_QUARANTINE


@pytest.mark.usefixtures("console")
def test_tables_that_are_newer_than_the_live_release_are_named(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = TableState(SILVER_INTERACTIONS, 1000209, 5, shop.NOW, 4)
    same = TableState(SILVER_ITEMS, 3883, 1, shop.NOW, 1)
    monkeypatch.setattr(lake_data, "tables", lambda *_: [newer, same])

    app = opened(page, OVERVIEW)

    assert r"Newer than the live release: silver\.interactions" in words(app)
    assert "silver\\.items" not in words(app)
    assert "1,000,209" in cells(app)
    assert "green-badge[:material/check: Live]" in cells(app)


def test_freshness_follows_from_versions() -> None:
    def state(version: int, served: int | None) -> TableState:
        return TableState(SILVER_INTERACTIONS, 10, version, shop.NOW, served)

    assert freshness(state(3, 3)) == Badge("ok", "Live")
    assert freshness(state(4, 3)) == Badge("warning", "Newer than live")
    assert freshness(state(4, None)) is None
    quarantine = TableState(SILVER_QUARANTINE, 7, 1, shop.NOW, None)
    assert freshness(quarantine) == Badge("warning", "7 rows quarantined")
