from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text

from ops import settings as settings_module
from ops.machine import credentials, database, postgres
from ops.machine.postgres import Server
from ops.settings import OpsSettings
from ops.terminal import acts
from serving.storage import database as serving
from serving.storage import keys
from tests.ops.terminal.test_cli import lantern

DATASET = "playground"


@pytest.fixture
def owner(
    server: Server, settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """The owner's engine of an installed data set, on a server that counts as running."""
    secrets = credentials.of(settings)
    with closing(postgres.connect(server)) as connection:
        database.prepare(connection, secrets)
    url = server.url("lantern", "lantern_owner", secrets.of("lantern_owner"))
    database.install(url, DATASET, settings)
    stack = SimpleNamespace(server=server, secrets=secrets)
    monkeypatch.setattr(acts, "running", lambda: stack)
    monkeypatch.setattr(settings_module, "read", lambda: settings)
    engine = serving.connect(url, DATASET)
    yield engine
    engine.dispose()


def known(owner: Engine, key: str) -> keys.KnownKey | None:
    with owner.connect() as connection:
        return keys.find(connection, keys.digest(key))


def test_a_key_is_alone_on_standard_output_and_opens_what_was_said(
    owner: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        lantern(
            "keys", "add", DATASET, "shop", "--scope", "read", "--scope", "feedback", "--direct"
        )
        == 0
    )

    shown = capsys.readouterr()
    made = known(owner, shown.out.strip())
    assert made is not None
    assert (made.name, sorted(made.scopes)) == ("shop", ["feedback", "read"])
    assert "key of shop, scopes: feedback, read" in shown.err
    assert shown.out.strip() not in shown.err
    assert "replaces" not in shown.err

    lantern("keys", "add", DATASET, "shop", "--scope", "read", "--direct")
    shown = capsys.readouterr()
    assert "It replaces the key that shop had, which works no longer" in shown.err
    assert known(owner, shown.out.strip()) is not None


def test_a_second_key_of_a_name_ends_the_first(
    owner: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lantern("keys", "add", DATASET, "shop", "--scope", "read", "--direct") == 0
    first = capsys.readouterr().out.strip()
    assert lantern("keys", "add", DATASET, "shop", "--scope", "operate", "--direct") == 0
    second = capsys.readouterr().out.strip()

    assert known(owner, first) is None
    assert known(owner, second) is not None


@pytest.mark.usefixtures("owner")
def test_keys_are_listed_without_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    assert lantern("keys", "add", DATASET, "shop", "--scope", "read", "--direct") == 0
    key = capsys.readouterr().out.strip()
    assert lantern("keys", "list", DATASET, "--direct") == 0

    said = capsys.readouterr().out
    lines = [line.split()[:3] for line in said.splitlines()[1:]]
    assert ["demo", "feedback,", "read"] in lines
    assert "shop" in said
    assert key not in said
    assert keys.digest(key) not in said


def test_a_revoked_key_opens_nothing_and_an_unknown_one_is_named(
    owner: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lantern("keys", "add", DATASET, "shop", "--scope", "read", "--direct") == 0
    key = capsys.readouterr().err.strip()

    assert lantern("keys", "revoke", DATASET, "shop", "--direct") == 0
    assert known(owner, key) is None
    assert lantern("keys", "revoke", DATASET, "shop", "--direct") == 1
    said = capsys.readouterr().err
    assert "no key 'shop'" in said
    assert "demo" in said


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("name", ["demo", "", "a b", "[red]", "x" * 65])
def test_a_name_that_cannot_be_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert lantern("keys", "add", DATASET, name, "--scope", "read", "--direct") == 1
    assert "error:" in capsys.readouterr().err


def test_what_a_key_may_do_is_said_and_known(
    owner: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    with owner.begin() as connection:  # other tests may have installed it
        connection.execute(text("drop schema if exists movietweetings cascade"))
    assert lantern("keys", "add", DATASET, "shop", "--direct") == 2
    assert lantern("keys", "add", DATASET, "shop", "--scope", "everything", "--direct") == 1
    assert "invalid scopes: everything" in capsys.readouterr().err
    assert lantern("keys", "list", "none", "--direct") == 1
    assert lantern("keys", "list", "movietweetings", "--direct") == 1
    assert "lantern up" in capsys.readouterr().err
