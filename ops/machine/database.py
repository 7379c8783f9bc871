"""Contents of our Postgres: roles, two databases, a schema and a demo key per data set."""

import json
from collections.abc import Iterable

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password
from sqlalchemy import text
from sqlalchemy.orm import Session

from ops.machine import credentials, postgres
from ops.machine.credentials import Credentials
from ops.machine.postgres import Server
from ops.settings import OpsSettings
from serving.storage import database as serving
from serving.storage import keys

OWNER, PUBLISHER, API, AIRFLOW = "lantern_owner", "publisher", "api", "airflow"
DATABASES = {
    "lantern": (OWNER, PUBLISHER, API),
    "airflow": (AIRFLOW,),
}  # owner first
DEMO = "demo"


def prepare(server: Server, secrets: Credentials) -> None:
    """Create roles and databases, and set the roles' passwords."""
    connection = postgres.connect(server)
    try:
        prepare_at(connection, secrets)
    finally:
        connection.close()


def prepare_at(connection: Connection, secrets: Credentials) -> None:
    """Do the same through a superuser's autocommit connection to any server."""
    with connection.cursor() as cursor:
        for database, roles in DATABASES.items():
            for role in roles:
                _make_role(cursor, role, _scram(connection, role, secrets.of(role)))
            _make_database(cursor, database, roles)


def install(server: Server, secrets: Credentials, dataset: str, settings: OpsSettings) -> None:
    """Bring a data set's schema up to date, with its grants and the demo's API key."""
    install_at(server.url("lantern", OWNER, secrets.of(OWNER)), dataset, settings)


def install_at(url: str, dataset: str, settings: OpsSettings) -> None:
    """Do the same in the database at a URL, as its owner."""
    serving.migrate(url, dataset)
    serving.grant(url, dataset)
    engine = serving.connect(url, dataset)
    with Session(engine) as session, session.begin():
        _make_demo_key(session, dataset, settings)
    engine.dispose()


def mark(server: Server, database: str) -> str | None:
    """Return the note stored with a database, or None."""
    connection = postgres.connect(server)
    with connection.cursor() as cursor:
        cursor.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s",
            (database,),
        )
        row = cursor.fetchone()
    connection.close()
    return row[0] if row else None


def set_mark(server: Server, database: str, note: str) -> None:
    """Store a note with a database: the version of its set-up."""
    connection = postgres.connect(server)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(database), sql.Literal(note)
            )
        )
    connection.close()


def demo_key(settings: OpsSettings, dataset: str) -> str | None:
    """Return the demo's key for a data set, or None if there is none."""
    return _demo_keys(settings).get(dataset)


def _demo_keys(settings: OpsSettings) -> dict[str, str]:
    if not settings.demo_keys.exists():
        return {}
    keys_by_dataset: dict[str, str] = json.loads(settings.demo_keys.read_text())
    return keys_by_dataset


def _make_demo_key(session: Session, dataset: str, settings: OpsSettings) -> None:
    key = demo_key(settings, dataset)
    statement = text("select 1 from api_keys where digest = :digest")
    if key and session.execute(statement, {"digest": keys.digest(key)}).first():
        return
    new_key = keys.create(session, DEMO, ("read", "feedback"))
    credentials.keep(settings.demo_keys, json.dumps(_demo_keys(settings) | {dataset: new_key}))


def _scram(connection: Connection, role: str, password: str) -> str:
    return encrypt_password(password, role, connection, "scram-sha-256")


def _make_role(cursor: Cursor, role: str, verifier: str) -> None:
    cursor.execute("select 1 from pg_roles where rolname = %s", (role,))
    verb = "alter" if cursor.fetchone() else "create"
    statement = sql.SQL(f"{verb} role {{}} login password {{}}")
    cursor.execute(statement.format(sql.Identifier(role), sql.Literal(verifier)))


def _make_database(cursor: Cursor, database: str, roles: Iterable[str]) -> None:
    name = sql.Identifier(database)
    owner, *others = roles
    cursor.execute("select 1 from pg_database where datname = %s", (database,))
    if cursor.fetchone() is None:
        statement = sql.SQL("create database {} owner {}")
        cursor.execute(statement.format(name, sql.Identifier(owner)))
    cursor.execute(sql.SQL("revoke all on database {} from public").format(name))
    for role in others:
        statement = sql.SQL("grant connect on database {} to {}")
        cursor.execute(statement.format(name, sql.Identifier(role)))
