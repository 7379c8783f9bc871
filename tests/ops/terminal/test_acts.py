"""Operators' acts from the terminal: through the API, and directly in Postgres."""

from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text

from ops.machine import credentials, database, postgres
from ops.machine.ports import Ports
from ops.machine.postgres import Server
from ops.settings import OpsSettings
from ops.terminal import acts
from serving.storage import database as serving
from tests.ops.terminal.test_cli import lantern
from tests.support.serving import shop
from tests.support.serving.airflow_users import AirflowUsers
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import free_port

DATASET = "playground"
WHY = ("--reason", "the lists repeat one vendor")


@pytest.fixture
def stack(
    server: Server, settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimpleNamespace]:
    """A platform that counts as running: Postgres with two releases, but no API."""
    secrets = credentials.of(settings)
    with closing(postgres.connect(server)) as connection:
        database.prepare(connection, secrets)
    url = server.url("lantern", "lantern_owner", secrets.of("lantern_owner"))
    engine = serving.connect(url, DATASET)
    with engine.begin() as connection:  # other tests may have installed it
        connection.execute(text(f"drop schema if exists {DATASET} cascade"))
    database.install(url, DATASET, settings)
    first = shop.release(engine, "one", instead_of=None)
    shop.release(engine, "two", instead_of=first)
    nowhere = Ports(server.port, free_port(), free_port(), free_port())
    fake = SimpleNamespace(server=server, secrets=secrets, ports=nowhere, engine=engine)
    monkeypatch.setattr(acts, "running", lambda: fake)
    yield fake
    engine.dispose()


@pytest.fixture
def with_api(stack: SimpleNamespace) -> Iterator[None]:
    """The same platform with an API and Airflow."""
    url = stack.server.url("lantern", "api", stack.secrets.of("api"))
    with AirflowUsers().served() as airflow:
        settings = UNCACHED.model_copy(update={"airflow_url": airflow, "datasets": (DATASET,)})
        with running_api(url, settings) as api:
            ports = {"airflow": airflow, "api": api}
            chosen = {name: int(url.rpartition(":")[2]) for name, url in ports.items()}
            stack.ports = Ports(postgres=stack.server.port, app=1, **chosen)
            yield


def audit(engine: Engine) -> list[tuple[object, ...]]:
    return shop.rows(
        engine, "select actor, action, outcome from audit where action <> 'publish' order by 1, 2"
    )


@pytest.mark.usefixtures("with_api")
def test_an_act_is_the_operators_and_goes_through_the_api(
    stack: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lantern("rollback", "--dataset", DATASET, *WHY) == 0
    assert "release 1 is live" in capsys.readouterr().out
    assert lantern("releases", "--dataset", DATASET) == 0
    assert "publishing paused by ada" in capsys.readouterr().out
    assert lantern("activate", "2", "--dataset", DATASET, *WHY) == 0
    assert lantern("pause", "--dataset", DATASET, *WHY) == 0
    assert lantern("resume", "--dataset", DATASET) == 0
    assert lantern("keys", "add", DATASET, "shop", "--scope", "read") == 0
    assert lantern("keys", "revoke", DATASET, "shop") == 0

    actions = ["activate", "create_key", "pause", "resume", "revoke_key", "roll_back"]
    assert audit(stack.engine) == [("ada", action, "done") for action in actions]
    capsys.readouterr()
    assert lantern("audit", "--dataset", DATASET, "--action", "roll_back") == 0
    shown = capsys.readouterr().out
    assert "the lists repeat one vendor" in shown
    assert "1 of 1 acts" in shown


def test_without_the_api_an_act_is_refused_and_names_the_way_out(
    stack: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lantern("rollback", "--dataset", DATASET, *WHY) == 1
    assert "--direct" in capsys.readouterr().err
    assert audit(stack.engine) == []

    assert lantern("rollback", "--dataset", DATASET, *WHY, "--direct") == 0

    [(actor, action, outcome)] = audit(stack.engine)
    assert str(actor).endswith("(lantern)")
    assert (action, outcome) == ("roll_back", "done")


@pytest.mark.usefixtures("stack")
def test_a_rollback_needs_a_reason() -> None:
    assert lantern("rollback", "--dataset", DATASET, "--direct") == 2


def test_a_refusal_is_audited(stack: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert lantern("activate", "99", "--dataset", DATASET, *WHY, "--direct") == 1
    assert "Release 99" in capsys.readouterr().err
    assert [row[1:] for row in audit(stack.engine)] == [("activate", "refused")]
