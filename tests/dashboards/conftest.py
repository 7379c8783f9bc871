"""Pages run by AppTest, over a data module that answers from the invented shop."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import dashboards
from dashboards import product_api
from dashboards.answer_cache import Known
from tests.support.dashboards import shop
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

T = TypeVar("T")
HERE = Path(dashboards.__file__).parent
Page = Callable[[str], AppTest]


def known(value: T) -> Known[T]:
    return Known(value, datetime.now(UTC))


def maybe(value: T | None) -> Known[T] | None:
    return None if value is None else known(value)


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
        "about": lambda _dataset: known(shop.about()),
        "people": lambda _dataset: known(shop.people()),
        "recommendations": lambda _dataset, user_id, n: known(shop.recommendations(user_id, n)),
        "ratings": lambda _dataset, user_id: known(Visitors().ratings(user_id, 100)),
        "explanation": lambda _dataset, user_id, i: known(Visitors().explanation(user_id, i)),
        "popular": lambda _dataset, category, n: known(shop.shelf(n, category=category)),
        "trending": lambda _dataset, n: known(shop.shelf(n, start=20)),
        "of_years": lambda _dataset, first, last, n: known(shop.shelf(n, years=(first, last))),
        "of_vendor": lambda _dataset, _vendor, n: known(shop.shelf(n, start=40)),
        "item": lambda _dataset, item_id: maybe(shop.item(item_id)),
        "items": lambda _dataset, *asked: known(shop.items(*asked)),
        "similar": lambda _dataset, item_id, n: maybe(shop.similar(item_id, n)),
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
