"""Schemas of data sets, copied from a migrated one: a third of the time of a migration."""

import subprocess
from pathlib import Path

import psycopg2
from sqlalchemy import make_url

from ops.machine import postgres
from serving.storage import database

TEMPLATE = "template_of_tests"


def migrated(url: str, folder: Path) -> str:
    """Migrate and grant a schema; return SQL that makes it, with its rows, in an empty database."""
    database.migrate(url, TEMPLATE)
    database.grant(url, TEMPLATE)
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    program = str(postgres.binaries(folder) / "pg_dump")
    dumped = subprocess.run(  # noqa: S603 # Postgres' own program
        [program, "--no-owner", "--inserts", "-n", TEMPLATE, address],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = dumped.stdout.splitlines()
    return "\n".join(line for line in lines if not line.startswith("\\"))  # commands of psql


def copy(url: str, template: str, dataset: str) -> None:
    """Make the data set's schema by the SQL of `migrated`."""
    execute(url, template.replace(TEMPLATE, dataset))


def drop(url: str, dataset: str) -> None:
    """Drop the data set's schema, for which the API would otherwise keep connections."""
    execute(url, f'drop schema if exists "{dataset}" cascade')


def execute(url: str, sql: str) -> None:
    """Execute statements in one transaction on a connection of their own, which they may alter."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(address, options="-clock_timeout=20s")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
    finally:
        connection.close()
