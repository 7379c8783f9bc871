"""Engines of the data sets' schemas, their migrations and their grants.

One database, one schema per data set, one engine per data set: the schema is the connection's
`search_path`, so no statement names it and none can reach another product's rows.
"""

import math
import re
import select
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from serving.errors import UnknownDatasetError

ALEMBIC_INI = Path(__file__).parents[1] / "alembic.ini"
TRUSTED_SECONDS = 5.0  # so lately used, a connection that says nothing is taken for alive
_LEFT_AT = "left_at"
PUBLISHER, API = "publisher", "api"
LISTS = ("recommendations", "profiles", "item_factors", "similar_items", "fallback_lists")
# What a role may do: table -> privileges. Nobody but the owner may create, alter or drop.
GRANTS = {
    PUBLISHER: {
        **dict.fromkeys(LISTS, "select, insert, delete, maintain"),
        "items": "select, insert, update, maintain",
        "about": "select, insert, update",
        "releases": "select, insert, update",
        "live_release": "select, insert, update",
        "activations": "select, insert",
        "verdicts": "select, insert, update",
        "window_lists": "select, insert, delete",
        "outbox": "select",  # publisher is also who collects
        "outbox_cursor": "select, insert, update",
        "erasures": "select",
        "alembic_version": "select",
    },
    API: {
        **dict.fromkeys(LISTS, "select"),
        # A person who is forgotten goes at once, so these rows the API may delete too.
        "recommendations": "select, delete",
        "profiles": "select, delete",
        "outbox": "select, insert, delete",
        "feedback": "select, insert, update, delete",
        "outbox_cursor": "select",
        "erasures": "select, insert, update",
        "user_tokens": "select, insert, delete",
        "items": "select",
        "rules": "select, insert",
        "slate": "select, update",
        "unavailable_items": "select, insert, delete",
        "window_lists": "select, delete",
        "about": "select",
        "releases": "select",
        "live_release": "select",
        "activations": "select",
        "verdicts": "select",
        "api_keys": "select",
        "alembic_version": "select",
    },
}


class ServingSettings(BaseSettings):
    """Read from variables that begin with SERVING_. The URL is required and says `+psycopg2`."""

    model_config = SettingsConfigDict(env_prefix="SERVING_", frozen=True)

    database_url: SecretStr = Field(
        description="`postgresql+psycopg2://role:password@host:port/lantern`; the role is `api` in "
        "the API, `publisher` in jobs, the owner for migrations."
    )


@cache
def engine(dataset: str) -> Engine:
    """Return the engine for transactions on one data set's schema."""
    return connect(_url(), dataset)


@cache
def reader(dataset: str) -> Engine:
    """Return the engine for single statements: no transaction around them, twice the speed."""
    return connect(_url(), dataset, autocommit=True)


def connect(
    url: str,
    dataset: str,
    *,
    autocommit: bool = False,
    pool_size: int = 5,
    statement_timeout_ms: int = 0,
) -> Engine:
    """Return a new engine whose connections see one data set's schema and nothing else.

    Prepared statements are planned once: left to itself, Postgres may plan long ones each time.

    Args:
        url: `postgresql+psycopg2://…`.
        dataset: its name, which is its schema's.
        autocommit: no transaction around a statement, from the connection's start. (As an execution
            option it costs two more round trips each time that a connection is taken.)
        pool_size: connections kept; as many again may be opened for a while.
        statement_timeout_ms: 0 lets a statement run for ever.

    Raises:
        UnknownDatasetError: the name is none that a data set can have.
    """
    told = {
        "search_path": schema_name(dataset),
        "statement_timeout": statement_timeout_ms,
        "plan_cache_mode": "force_generic_plan",
        "timezone": "UTC",
    }
    options = " ".join(f"-c{name}={value}" for name, value in told.items())
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"options": options, "connect_timeout": 3},
    )
    event.listen(engine, "checkin", _remember)
    event.listen(engine, "checkout", partial(_ask, engine.dialect))
    return engine


def schema_name(dataset: str) -> str:
    """Return the data set's schema: its own name, once that is known to be harmless."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", dataset):
        raise UnknownDatasetError(f"{dataset!r} is no name of a data set")
    return dataset


def migrate(url: str, dataset: str) -> str:
    """Bring the data set's schema up to date in one transaction, and return its revision.

    Creates the schema if it is missing. Two callers take turns; a lock that readers hold for more
    than some seconds ends it with nothing changed.
    """
    migrating = connect(url, dataset)
    with migrating.begin() as connection:
        connection.execute(
            text("select pg_advisory_xact_lock(hashtext('migrate ' || :d))"), {"d": dataset}
        )
        connection.execute(text(f'create schema if not exists "{schema_name(dataset)}"'))
        config = Config(ALEMBIC_INI)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    migrating.dispose()
    return head()


def grant(url: str, dataset: str) -> None:
    """Give the roles `publisher` and `api` what they need on the data set's schema, no more.

    Run by the owner after `migrate`, as often as one likes: it takes everything away first.
    """
    granting = connect(url, dataset)
    with granting.begin() as connection:
        for role in GRANTS:
            _grant(connection, schema_name(dataset), role)
        name = connection.scalar(text("select quote_ident(current_database())"))
        connection.execute(text(f"grant temporary on database {name} to {PUBLISHER}"))  # to stage
    granting.dispose()


def head() -> str:
    """Return the newest revision that this code knows."""
    revision = ScriptDirectory.from_config(Config(ALEMBIC_INI)).get_current_head()
    if revision is None:
        raise RuntimeError(f"no migration beside {ALEMBIC_INI}: the installation is broken")
    return revision


def _grant(connection: Connection, schema: str, role: str) -> None:
    connection.execute(text(f'revoke all on schema "{schema}" from {role}'))
    connection.execute(text(f'revoke all on all tables in schema "{schema}" from {role}'))
    connection.execute(text(f'grant usage on schema "{schema}" to {role}'))
    for table, privileges in GRANTS[role].items():
        connection.execute(text(f'grant {privileges} on "{schema}"."{table}" to {role}'))


def _url() -> str:
    settings = ServingSettings()
    return settings.database_url.get_secret_value()


def _remember(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info[_LEFT_AT] = time.monotonic()


def _ask(
    dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _: Any
) -> None:
    """Ask whether a connection still stands, if there is reason to doubt it.

    `pool_pre_ping` asks each time, which is every other round trip. A server that ends a connection
    says so; of one that vanished nothing is heard, so who was left alone for a while is asked too.
    """
    left_at = record.info.get(_LEFT_AT, math.inf)
    if time.monotonic() - left_at < TRUSTED_SECONDS and not _was_told(connection):
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError(str(error)) from error  # the pool opens new ones


def _was_told(connection: Any) -> bool:
    """Return whether something came from the server that nobody had asked for."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
