"""Pages run by AppTest, over a fake API that answers from the invented shop."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

import dashboards
from dashboards import fetching
from dashboards.answers import AnswerMemory
from dashboards.console.signing_in import sign_in
from dashboards.console.signing_in.attempts import Attempts
from tests.support.dashboards.app_pages import Page
from tests.support.dashboards.browsing import (  # noqa: F401 # fixtures
    app,
    app_airflow,
    app_visitors,
    browser,
    desktop,
    phone,
    settings,
    themed,
)
from tests.support.dashboards.demo_pages import SECRET
from tests.support.dashboards.fake_api import KEY, fake_api
from tests.support.dashboards.visitors import Visitors

HERE = Path(dashboards.__file__).parent


@pytest.fixture(scope="session", autouse=True)
def _components_found_once() -> Iterator[None]:
    """AppTest reads the metadata of all installed packages in each test: 0.25 s."""
    with pytest.MonkeyPatch.context() as patch:
        found = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", found)
        yield


@pytest.fixture(autouse=True)
def _empty_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEMO_API_URL", "DEMO_KEYS_FILE", "DEMO_DATASET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VISITOR_SECRET", SECRET)
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(fetching, "MEMORY", AnswerMemory())
    monkeypatch.setattr(sign_in, "ATTEMPTS", Attempts())


@pytest.fixture
def visitors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitors]:
    """The feedback of the invented shop, which is behind an API on loopback."""
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"playground": KEY}))
    feedback = Visitors()
    with fake_api(feedback) as url:
        monkeypatch.setenv("DEMO_KEYS_FILE", str(keys))
        monkeypatch.setenv("DEMO_API_URL", url)
        yield feedback


@pytest.fixture
def page() -> Page:
    """Run one page, named by its file below `dashboards/`."""
    return lambda name: AppTest.from_file(HERE / name, default_timeout=20)
