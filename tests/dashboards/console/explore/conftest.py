"""The page "Explore" over a small lake."""

import pytest

from tests.support import small_lake
from tests.support.dashboards.fake_airflow import FakeAirflow
from warehouse.query import Lake
from warehouse.sql import isolated
from warehouse.sql.engine import Limits, opened


@pytest.fixture(scope="module")
def _module_lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("lake")
    small_lake.write(str(folder / small_lake.DATASET))
    return str(folder)


@pytest.fixture
def lake(console: FakeAirflow, _module_lake: str, monkeypatch: pytest.MonkeyPatch) -> FakeAirflow:
    """The console over a small lake."""
    monkeypatch.setenv("LAKE_ROOT", _module_lake)
    return console


class Inside:
    """Runs a query in this process, which takes less time than its own."""

    def __init__(self, root: str, text: str, limits: Limits) -> None:
        self.asked = (root, text, limits)
        self.n_waits = 0

    def result(self, seconds: float) -> isolated.Result | None:  # noqa: ARG002 # as the original
        self.n_waits += 1
        if self.n_waits == 1:
            return None  # the page shows its progress
        root, text, limits = self.asked
        with opened(Lake(root), text, limits) as rows:
            return isolated.Result(rows.read_all(), rows.is_cut, 0.1)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that were run, in this process."""
    texts: list[str] = []

    class Started:
        def __init__(self, root: str, text: str, limits: Limits) -> None:
            texts.append(text)
            self.running = Inside(root, text, limits)

        def __enter__(self) -> Inside:
            return self.running

        def __exit__(self, *_: object) -> None:
            """Nothing runs on."""

    monkeypatch.setattr(isolated, "started", Started)
    return texts
