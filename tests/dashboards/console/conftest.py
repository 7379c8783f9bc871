"""The console's pages over a fake Airflow, a fake API and a lake in a temporary folder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.console import sources
from serving.schemas import OutboxState
from tests.support.dashboards import fake_retrains, searched, shop
from tests.support.dashboards.app_pages import fresh
from tests.support.dashboards.fake_airflow import FakeAirflow
from tests.support.dashboards.fake_api import KEY, fake_api
from tests.support.dashboards.fake_inspections import FakeInspections
from tests.support.dashboards.fake_operations import FakeOperations
from tests.support.dashboards.fake_placements import FakePlacements
from tests.support.dashboards.fake_rules import FakeRules
from tests.support.dashboards.visitors import Visitors


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAirflow]:
    """A fake Airflow that the console is set up for."""
    fake = FakeAirflow()
    with fake.served() as url:
        monkeypatch.setenv("CONSOLE_AIRFLOW_URL", url)
        yield fake


@pytest.fixture
def lake_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Root of the data set's lake, which is empty."""
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path / "lake"))
    monkeypatch.setenv("LAKE_INBOX", str(tmp_path / "inbox"))
    return str(tmp_path / "lake" / "playground")


@pytest.fixture
def retrained_lake(lake_root: str) -> str:
    """Root of a lake with three retrains: promoted after a search, refreshed, and running."""
    searched.write(lake_root, n_trials=14)
    return lake_root


@pytest.fixture
def console(
    airflow: FakeAirflow,
    visitors: Visitors,  # noqa: ARG001 # serves the fake API
    lake_root: str,  # noqa: ARG001 # sets the lake's address
    monkeypatch: pytest.MonkeyPatch,
) -> FakeAirflow:
    """The console with releases and verdicts, over an empty lake."""
    monkeypatch.setattr(sources, "releases", lambda _: fresh(shop.releases()))
    monkeypatch.setattr(sources, "verdicts", lambda _: fresh(shop.verdicts()))
    monkeypatch.setattr(sources, "outbox", lambda _: fresh(OutboxState(n_events=0, n_waiting=0)))
    return airflow


@pytest.fixture
def retraining(
    operations: FakeOperations,
    lake_root: str,  # noqa: ARG001 # sets the lake's address
    monkeypatch: pytest.MonkeyPatch,
) -> FakeOperations:
    """The console with verdicts and a running retrain, whose acts reach the fake Airflow."""
    monkeypatch.setattr(sources, "verdicts", lambda _: fresh(shop.verdicts()))
    return operations


@pytest.fixture
def keys_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app's key of the shop."""
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"playground": KEY}))
    monkeypatch.setenv("DEMO_KEYS_FILE", str(file))


@pytest.fixture
def rules(
    airflow: FakeAirflow,  # noqa: ARG001 # to sign in to
    keys_file: None,  # noqa: ARG001 # sets the file's address
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FakeRules]:
    """A shop with slate rules behind an API on loopback."""
    fake = FakeRules()
    with fake_api(rules=fake) as api:
        monkeypatch.setenv("DEMO_API_URL", api)
        yield fake


@pytest.fixture
def placements(
    airflow: FakeAirflow,  # noqa: ARG001 # to sign in to
    keys_file: None,  # noqa: ARG001 # sets the file's address
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FakePlacements]:
    """A shop with placements behind an API on loopback."""
    fake = FakePlacements()
    with fake_api(placements=fake) as api:
        monkeypatch.setenv("DEMO_API_URL", api)
        yield fake


@pytest.fixture
def operations(
    airflow: FakeAirflow,
    keys_file: None,  # noqa: ARG001 # sets the file's address
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FakeOperations]:
    """A shop with releases and an audit behind an API on loopback."""
    fake = FakeOperations(airflow=airflow)
    airflow.params = fake_retrains.PARAMS
    with fake_api(operations=fake) as api:
        monkeypatch.setenv("DEMO_API_URL", api)
        yield fake


@pytest.fixture
def inspections(
    airflow: FakeAirflow,  # noqa: ARG001 # to sign in to
    keys_file: None,  # noqa: ARG001 # sets the file's address
    operations: FakeOperations,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FakeInspections]:
    """A shop whose users and items can be inspected, behind an API on loopback."""
    fake = FakeInspections()
    with fake_api(operations=operations, inspections=fake) as api:
        monkeypatch.setenv("DEMO_API_URL", api)
        yield fake
