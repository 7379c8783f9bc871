"""Engines, migrations and grants of the data sets' schemas.

Each data set has a schema and engines of its own. The schema is the connection's `search_path`, so
no statement names it and none reaches the rows of another data set.
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
from sqlalchemy import Dialect, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from serving.errors import UnknownDatasetError
from serving.tables import LISTS

ALEMBIC_INI = Path(__file__).parents[1] / "alembic.ini"
TRUSTED_SECONDS = 5.0  # idle time below which a silent connection is assumed to be alive
_RETURNED_AT = "returned_at"
PUBLISHER, API = "publisher", "api"
# privileges by role and table; only the owner may create, alter or drop tables
GRANTS = {
    PUBLISHER: {
        **dict.fromkeys(LISTS, "select, insert, delete, maintain"),
        "items": "select, insert, update, maintain",
        "item_changes": "select, delete",
        "item_changes_cursor": "select, insert, update",
        "about": "select, insert, update",
        "releases": "select, insert, update",
        "live_release": "select, insert, update",
        "activations": "select, insert",
        "audit": "select, insert, delete",  # `maintain` deletes old entries as publisher
        "verdicts": "select, insert, update",
        "window_lists": "select, insert, delete",
        "shown_lists": "select, delete",
        "outbox": "select, delete",  # `collect` and `prune` run as publisher
        "user_tokens": "select, update (in_lake), delete",
        "user_attributes": "select",
        "user_attributes_cursor": "select, insert, update",
        "feedback": "select, update (undone_at)",
        "outbox_cursor": "select, insert, update",
        "quarantine_decisions": "select",  # `settle` copies them to the lake
        "erasures": "select, insert, update",  # `erase` records its progress
        **dict.fromkeys(("measurements", "alerts"), "select, insert, update, delete"),
        "alembic_version": "select",
    },
    API: {
        **dict.fromkeys(LISTS, "select"),
        # an erasure deletes these rows at once
        "recommendations": "select, delete",
        "profiles": "select, delete",
        "outbox": "select, insert, delete",
        "shown_lists": "select, insert, delete",
        "feedback": "select, insert, update, delete",
        "outbox_cursor": "select",
        "erasures": "select, insert, update",
        "user_tokens": "select, insert, delete",
        "user_attributes": "select, insert, update, delete",
        "items": "select, insert, update",
        "item_changes": "select, insert",
        "item_changes_cursor": "select",
        "rules": "select, insert",
        "slate": "select, update",
        "placements": "select, insert",
        "unavailable_items": "select, insert, delete",
        "window_lists": "select, delete",
        # operators activate releases, pause publishing and manage keys through the API
        "about": "select, update (categories, n_items)",
        "releases": "select, update (publishing_paused_by, publishing_paused_at)",
        "live_release": "select, insert, update",
        "activations": "select, insert",
        "audit": "select, insert",
        "verdicts": "select",
        "measurements": "select",
        "alerts": "select",
        "quarantine_decisions": "select, insert",
        "api_keys": "select, insert, delete",
        "alembic_version": "select",
    },
}


class ServingSettings(BaseSettings):
    """Variables that begin with SERVING_. The URL is required, with the driver `+psycopg2`."""

    model_config = SettingsConfigDict(env_prefix="SERVING_", frozen=True)

    database_url: SecretStr = Field(
        description="`postgresql+psycopg2://role:password@host:port/lantern`; the role is `api` in "
        "the API, `publisher` in jobs, the owner for migrations."
    )


@cache
def engine(dataset: str) -> Engine:
    """Return the engine for transactions on one data set's schema."""
    return connect(ServingSettings().database_url.get_secret_value(), dataset)


def connect(
    url: str,
    dataset: str,
    *,
    autocommit: bool = False,
    pool_size: int = 5,
    statement_timeout_ms: int = 0,
) -> Engine:
    """Return a new engine whose connections see only the data set's schema.

    Prepared statements are planned once. By default Postgres may plan long ones at each call.

    Args:
        url: `postgresql+psycopg2://…`.
        dataset: the name of the data set and of its schema.
        autocommit: no transactions: single statements are twice as fast. It is set when a
            connection is opened; as an execution option it would cost two round trips at each
            checkout.
        pool_size: connections kept open. Under load up to twice as many are opened.
        statement_timeout_ms: 0 means no limit.

    Raises:
        UnknownDatasetError: it is not a valid name of a data set.
    """
    parameters = {
        "search_path": schema_name(dataset),
        "statement_timeout": statement_timeout_ms,
        "plan_cache_mode": "force_generic_plan",
        "timezone": "UTC",
    }
    options = " ".join(f"-c{name}={value}" for name, value in parameters.items())
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"options": options, "connect_timeout": 3},
        hide_parameters=True,  # a trace in a log would have ids of users
    )
    event.listen(engine, "checkin", _note_return)
    event.listen(engine, "checkout", partial(_ping_if_doubtful, engine.dialect))
    return engine


def schema_name(dataset: str) -> str:
    """Return the data set's schema: its name, after a check that it is safe to quote.

    Raises:
        UnknownDatasetError: it is not a valid name of a data set.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", dataset):
        raise UnknownDatasetError(f"{dataset!r} is not a valid name of a data set")
    return dataset


def publication_lock(schema: str) -> str:
    """Return SQL of the advisory lock of publications into a schema, given SQL of its name."""
    return f"hashtext('load ' || {schema})"


def migrate(url: str, dataset: str) -> str:
    """Migrate the data set's schema in one transaction and return its revision.

    Creates the schema if it is missing. Concurrent callers wait for each other. If readers hold a
    lock for more than 4 s, it fails and nothing changes.
    """
    engine = connect(url, dataset)
    with engine.begin() as connection:
        connection.execute(
            text("select pg_advisory_xact_lock(hashtext('migrate ' || :d))"), {"d": dataset}
        )
        connection.execute(text(f'create schema if not exists "{schema_name(dataset)}"'))
        config = Config(ALEMBIC_INI)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    return head()


def grant(url: str, dataset: str) -> None:
    """Grant the roles `publisher` and `api` their privileges on the data set's schema.

    Run it as the owner after `migrate`. It revokes everything first, so it can be repeated.
    """
    engine, schema = connect(url, dataset), schema_name(dataset)
    with engine.begin() as connection:
        for role, privileges_by_table in GRANTS.items():
            connection.execute(text(f'revoke all on schema "{schema}" from {role}'))
            connection.execute(text(f'revoke all on all tables in schema "{schema}" from {role}'))
            connection.execute(text(f'grant usage on schema "{schema}" to {role}'))
            for table, privileges in privileges_by_table.items():
                connection.execute(text(f'grant {privileges} on "{schema}"."{table}" to {role}'))
        name = connection.scalar(text("select quote_ident(current_database())"))
        staging = text(f"grant temporary on database {name} to {PUBLISHER}")  # for staged items
        connection.execute(staging)
    engine.dispose()


def head() -> str:
    """Return the newest revision of this code's migrations."""
    revision = ScriptDirectory.from_config(Config(ALEMBIC_INI)).get_current_head()
    if revision is None:
        raise RuntimeError(f"no migrations next to {ALEMBIC_INI}: reinstall the package")
    return revision


def _note_return(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info[_RETURNED_AT] = time.monotonic()


def _ping_if_doubtful(
    dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _: Any
) -> None:
    """Ping the server if its socket has unread data or the connection was idle for a while.

    A server that closes a connection sends data; one that vanished does not, hence the idle time.
    `pool_pre_ping` would add a round trip to every request.
    """
    returned_at = record.info.get(_RETURNED_AT, math.inf)
    if time.monotonic() - returned_at < TRUSTED_SECONDS and not _has_unread(connection):
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError(str(error)) from error  # the pool opens a new one


def _has_unread(connection: Any) -> bool:
    """Return whether the server sent data outside of a statement."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
