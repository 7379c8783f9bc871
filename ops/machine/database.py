"""What is inside our Postgres: roles, the two databases, a schema and a key for each data set."""

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
DATABASES = {"lantern": (OWNER, PUBLISHER, API), "airflow": (AIRFLOW,)}  # the first one owns it
DEMO = "demo"


def prepare(server: Server, secrets: Credentials) -> None:
    """Make roles and databases, and set the roles' passwords to those that we keep."""
    opened = postgres.connect(server)
    try:
        prepare_at(opened, secrets)
    finally:
        opened.close()


def prepare_at(opened: Connection, secrets: Credentials) -> None:
    """Do so through a superuser's connection to any server. It commits by itself."""
    with opened.cursor() as cursor:
        for database, roles in DATABASES.items():
            for role in roles:
                _make_role(cursor, role, _scram(opened, role, secrets.of(role)))
            _make_database(cursor, database, roles)


def install(server: Server, secrets: Credentials, dataset: str, settings: OpsSettings) -> None:
    """Bring a data set's schema up to date, with its grants and the demo's API key."""
    install_at(server.url("lantern", OWNER, secrets.of(OWNER)), dataset, settings)


def install_at(url: str, dataset: str, settings: OpsSettings) -> None:
    """Do so in the database at any address, as its owner."""
    serving.migrate(url, dataset)
    serving.grant(url, dataset)
    engine = serving.connect(url, dataset)
    with Session(engine) as session, session.begin():
        _make_demo_key(session, dataset, settings)
    engine.dispose()


def mark(server: Server, database: str) -> str | None:
    """Return what was last noted on a database: it lives and dies with the data."""
    opened = postgres.connect(server)
    with opened.cursor() as cursor:
        cursor.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s",
            (database,),
        )
        row = cursor.fetchone()
    opened.close()
    return row[0] if row else None


def set_mark(server: Server, database: str, note: str) -> None:
    """Note on a database how far its set-up is."""
    opened = postgres.connect(server)
    with opened.cursor() as cursor:
        cursor.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(database), sql.Literal(note)
            )
        )
    opened.close()


def demo_key(settings: OpsSettings, dataset: str) -> str | None:
    """Return the demo's key for a data set, or None where none was made."""
    return _demo_keys(settings).get(dataset)


def _demo_keys(settings: OpsSettings) -> dict[str, str]:
    if not settings.demo_keys.exists():
        return {}
    found: dict[str, str] = json.loads(settings.demo_keys.read_text())
    return found


def _make_demo_key(session: Session, dataset: str, settings: OpsSettings) -> None:
    known = demo_key(settings, dataset)
    statement = text("select 1 from api_keys where digest = :digest")
    if known and session.execute(statement, {"digest": keys.digest(known)}).first():
        return
    made = keys.create(session, DEMO, ("read", "feedback"))
    credentials.keep(settings.demo_keys, json.dumps(_demo_keys(settings) | {dataset: made}))


def _scram(opened: Connection, role: str, password: str) -> str:
    return encrypt_password(password, role, opened, "scram-sha-256")


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
