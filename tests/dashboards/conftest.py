"""Pages run by AppTest, over a data module that answers from the invented shop."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import dashboards
from dashboards import product_api
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, fresh_or_none
from tests.support.dashboards.browsing import (  # noqa: F401 # fixtures
    app,
    browser,
    desktop,
    phone,
    settings,
    themed,
    told,
)
from tests.support.dashboards.fake_api import KEY, fake_api
from tests.support.dashboards.visitors import Visitors

HERE = Path(dashboards.__file__).parent


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEMO_API_URL", "DEMO_KEYS_FILE", "DEMO_DATASET"):
        monkeypatch.delenv(name, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's questions, answered without any API."""
    answers = {
        "datasets": lambda: ("playground",),
        "title": lambda _dataset: shop.about().title,
        "about": lambda _dataset: fresh(shop.about()),
        "users": lambda _dataset: fresh(shop.people()),
        "recommendations": lambda _dataset, user_id, n: fresh(shop.recommendations(user_id, n)),
        "ratings": lambda _dataset, user_id: fresh(Visitors().ratings(user_id, 100)),
        "explanation": lambda _dataset, user_id, i: fresh(Visitors().explanation(user_id, i)),
        "popular": lambda _dataset, category, n: fresh(shop.shelf(n, category=category)),
        "trending": lambda _dataset, n: fresh(shop.shelf(n, start=20)),
        "popular_in_years": lambda _dataset, first, last, n: fresh(
            shop.shelf(n, years=(first, last))
        ),
        "vendor_items": lambda _dataset, _vendor, n: fresh(shop.shelf(n, start=40)),
        "item": lambda _dataset, item_id: fresh_or_none(shop.item(item_id)),
        "items": lambda _dataset, *asked: fresh(shop.items(*asked)),
        "similar": lambda _dataset, item_id, n: fresh_or_none(shop.similar(item_id, n)),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(product_api, name, answer)


@pytest.fixture
def visitors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitors]:
    """A shop behind an API on loopback that people can tell something."""
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"playground": KEY}))
    found = Visitors()
    with fake_api(found) as url:
        monkeypatch.setenv("DEMO_KEYS_FILE", str(keys))
        monkeypatch.setenv("DEMO_API_URL", url)
        yield found


@pytest.fixture
def page() -> Page:
    """Run one page, named by its file below `dashboards/`."""
    return lambda name: AppTest.from_file(HERE / name, default_timeout=20)
