"""Contents of our Postgres: roles, two databases, a schema and a demo key per data set."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

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
DATABASES = {"lantern": (OWNER, PUBLISHER, API), "airflow": (AIRFLOW,)}  # owner first
DEMO = keys.DEMO


def prepare(connection: Connection, secrets: Credentials) -> None:
    """Create roles and databases, and set the roles' passwords.

    The connection is a superuser's and commits by itself.
    """
    with connection.cursor() as cursor:
        for database, roles in DATABASES.items():
            for role in roles:
                verifier = encrypt_password(secrets.of(role), role, connection, "scram-sha-256")
                _make_role(cursor, role, verifier)
            _make_database(cursor, database, roles)
        for database in ("postgres", "template1"):  # the superuser's own
            name = sql.Identifier(database)
            cursor.execute(sql.SQL("revoke all on database {} from public").format(name))


def install(url: str, dataset: str, settings: OpsSettings) -> None:
    """Bring a data set's schema up to date as its owner, with grants and the demo's API key."""
    serving.migrate(url, dataset)
    serving.grant(url, dataset)
    with transaction(url, dataset) as session:
        _make_demo_key(session, dataset, settings)


@contextmanager
def transaction(url: str, dataset: str) -> Iterator[Session]:
    """Yield a session in a data set's schema, whose transaction is committed at the end."""
    engine = serving.connect(url, dataset)
    try:
        with Session(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def largest_tables(server: Server, n: int) -> list[tuple[str, int]]:
    """Return the largest tables of all data sets, as `schema.table`, with their size in bytes."""
    statement = (
        "select schemaname || '.' || relname, pg_total_relation_size(relid) as n_bytes"
        " from pg_stat_user_tables order by n_bytes desc, 1 limit %s"
    )
    with closing(postgres.connect(server, "lantern")) as connection, connection.cursor() as cursor:
        cursor.execute(statement, (n,))
        return cursor.fetchall()


def mark(server: Server, database: str) -> str | None:
    """Return the note stored with a database, or None."""
    statement = "select shobj_description(oid, 'pg_database') from pg_database where datname = %s"
    with closing(postgres.connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, (database,))
        row = cursor.fetchone()
    return row[0] if row else None


def set_mark(server: Server, database: str, note: str) -> None:
    """Store a note with a database: the version of its set-up."""
    statement = sql.SQL("comment on database {} is {}")
    with closing(postgres.connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute(statement.format(sql.Identifier(database), sql.Literal(note)))


def demo_keys(settings: OpsSettings) -> dict[str, str]:
    """Return the demo's keys by data set."""
    if not settings.demo_keys.exists():
        return {}
    keys_by_dataset: dict[str, str] = json.loads(settings.demo_keys.read_text())
    return keys_by_dataset


def _make_demo_key(session: Session, dataset: str, settings: OpsSettings) -> None:
    kept = demo_keys(settings)
    key = kept.get(dataset)
    statement = text("select 1 from api_keys where digest = :digest")
    if key and session.execute(statement, {"digest": keys.digest(key)}).first():
        return
    new_key = keys.create(session, DEMO, ("read", "feedback"))
    credentials.keep(settings.demo_keys, json.dumps(kept | {dataset: new_key}))


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
