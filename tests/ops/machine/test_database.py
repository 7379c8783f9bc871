from contextlib import closing

import psycopg2
import pytest

from ops.machine import credentials, database, postgres
from ops.machine.credentials import Credentials
from ops.machine.postgres import Server
from ops.settings import OpsSettings


@pytest.fixture
def secrets(settings: OpsSettings, server: Server) -> Credentials:
    kept = credentials.of(settings)
    prepare(server, kept)
    return kept


def prepare(server: Server, secrets: Credentials) -> None:
    with closing(postgres.connect(server)) as connection:
        database.prepare(connection, secrets)


def install(server: Server, secrets: Credentials, dataset: str, settings: OpsSettings) -> None:
    url = server.url("lantern", "lantern_owner", secrets.of("lantern_owner"))
    database.install(url, dataset, settings)


def ask(
    server: Server, role: str, secrets: Credentials, statement: str, name: str = "lantern"
) -> None:
    opened = psycopg2.connect(
        host="127.0.0.1", port=server.port, user=role, password=secrets.of(role), dbname=name
    )
    try:
        with opened, opened.cursor() as cursor:
            cursor.execute(statement)
    finally:
        opened.close()


def test_every_role_signs_in_with_the_password_that_is_kept(
    server: Server, secrets: Credentials
) -> None:
    for name, roles in database.DATABASES.items():
        for role in roles:
            ask(server, role, secrets, "select 1", name)


def test_a_lost_password_is_replaced_by_running_it_again(
    server: Server, secrets: Credentials
) -> None:
    secrets.path("api").unlink()
    prepare(server, secrets)
    ask(server, "api", secrets, "select 1")


def test_airflow_and_the_platform_cannot_enter_each_others_database(
    server: Server, secrets: Credentials
) -> None:
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        ask(server, "airflow", secrets, "select 1", "lantern")
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        ask(server, "publisher", secrets, "select 1", "airflow")


def test_a_data_set_gets_its_schema_and_one_key(
    server: Server, secrets: Credentials, settings: OpsSettings
) -> None:
    install(server, secrets, "shop", settings)
    key = database.demo_keys(settings).get("shop")
    install(server, secrets, "shop", settings)
    assert key is not None
    assert database.demo_keys(settings).get("shop") == key
    assert database.demo_keys(settings).get("other") is None
    assert settings.demo_keys.stat().st_mode & 0o777 == 0o600
    ask(server, "api", secrets, "select * from shop.releases")
    for role in ("api", "publisher"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(server, role, secrets, "create table shop.mine (x int)")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(server, "api", secrets, "delete from shop.live_release")


def test_a_key_that_the_database_lost_is_made_anew(
    server: Server, secrets: Credentials, settings: OpsSettings
) -> None:
    install(server, secrets, "lost", settings)
    first = database.demo_keys(settings).get("lost")
    ask(server, "lantern_owner", secrets, "delete from lost.api_keys")
    install(server, secrets, "lost", settings)
    assert database.demo_keys(settings).get("lost") != first


def test_a_mark_lives_with_the_database(server: Server, secrets: Credentials) -> None:
    assert secrets.folder.exists()
    database.set_mark(server, "airflow", "it's done")
    assert database.mark(server, "airflow") == "it's done"
    assert database.mark(server, "none") is None


def test_no_password_reaches_the_server_in_clear(server: Server, secrets: Credentials) -> None:
    opened = postgres.connect(server)
    with opened.cursor() as cursor:
        cursor.execute("select rolpassword from pg_authid where rolname = 'api'")
        row = cursor.fetchone()
    opened.close()
    assert row is not None
    assert row[0].startswith("SCRAM-SHA-256$")
    assert secrets.of("api") not in row[0]


@pytest.mark.parametrize("name", ["postgres", "template1"])
def test_only_the_superuser_enters_postgres_own_databases(
    server: Server, secrets: Credentials, name: str
) -> None:
    for role in ("api", "publisher", "airflow"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            ask(server, role, secrets, "select 1", name)
