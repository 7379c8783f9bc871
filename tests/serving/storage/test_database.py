from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from serving.api.datasets import Datasets
from serving.api.settings import ApiSettings
from serving.errors import UnknownDatasetError
from serving.storage import database
from serving.tables import Base
from tests.conftest import schema_of
from tests.support.serving import shop


def test_models_and_migrations_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrations_are_found_in_a_folder_whose_name_has_a_percent() -> None:
    """Alembic reads `%` in a path as the beginning of a variable, so its file has no path."""
    assert "here" not in database.ALEMBIC_INI.read_text()


def test_a_second_migration_changes_nothing(owner: Engine, committing: str) -> None:
    assert database.migrate(committing, schema_of(owner)) == database.head()

    with owner.connect() as connection:
        versions = connection.scalars(text("select version_num from alembic_version")).all()
    assert versions == [database.head()]


def test_a_downgrade_leaves_no_table(owner: Engine) -> None:
    with owner.begin() as connection:
        config = Config(database.ALEMBIC_INI)
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    tables = "select tablename from pg_tables where schemaname = current_schema()"
    with owner.connect() as connection:
        assert connection.scalars(text(tables)).all() == ["alembic_version"]


def test_a_failed_migration_creates_no_schema(
    committing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(command, "upgrade", broken)
    with pytest.raises(OSError, match="disk is full"):
        database.migrate(committing, "never_created")

    engine = database.connect(committing, "never_created")
    with engine.connect() as connection:
        assert connection.scalar(text("select to_regnamespace('never_created')")) is None
    engine.dispose()


def test_a_data_set_sees_only_its_own_rows(publisher: Engine, committing: str) -> None:
    shop.release(publisher, "one", instead_of=None)
    database.migrate(committing, "another_shop")

    other = database.connect(committing, "another_shop")
    with other.connect() as connection:
        assert connection.scalar(text("select count(*) from releases")) == 0
    other.dispose()


@pytest.mark.parametrize(("trusted", "n_pings"), [(60.0, 0), (0.0, 3)])
def test_an_idle_connection_is_pinged_before_use(
    owner: Engine, monkeypatch: pytest.MonkeyPatch, trusted: float, n_pings: int
) -> None:
    pings: list[Any] = []
    monkeypatch.setattr(database, "TRUSTED_SECONDS", trusted)
    owner.connect().close()
    monkeypatch.setattr(owner.dialect, "do_ping", pings.append)

    for _ in range(3):
        owner.connect().close()

    assert len(pings) == n_pings


def test_a_connection_closed_by_the_server_is_replaced_even_if_used_recently(
    owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "TRUSTED_SECONDS", 60.0)
    with owner.connect() as ended, owner.connect() as ending:
        pid = ended.scalar(text("select pg_backend_pid()"))
        ended.close()
        ending.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})

        with owner.connect() as connection:
            assert connection.scalar(text("select pg_backend_pid()")) != pid


def test_an_error_has_no_values_of_a_statement(committing: str, owner: Engine) -> None:
    datasets = Datasets(committing, ApiSettings())
    for engine in (database.connect(committing, schema_of(owner)), datasets._overview):  # noqa: SLF001
        with engine.connect() as connection, pytest.raises(DBAPIError) as failed:
            connection.execute(text("select length(:user_id) / 0"), {"user_id": "u-17"})

        assert "u-17" not in str(failed.value)
        assert "hide_parameters" in str(failed.value)
        engine.dispose()


def test_long_statements_are_planned_once(owner: Engine) -> None:
    with owner.connect() as connection:
        assert connection.scalar(text("show plan_cache_mode")) == "force_generic_plan"


@pytest.mark.parametrize(
    "name", ["", "Shop", "shop; drop table items", "1shop", "a" * 64, "shop\n"]
)
def test_an_invalid_name_of_a_data_set_is_refused(name: str) -> None:
    with pytest.raises(UnknownDatasetError):
        database.schema_name(name)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from items",
        "delete from live_release",
        "update api_keys set scopes = '{operate}'",
        "update releases set checksum = null",
        "delete from releases",
        "update about set title = 'mine'",
        "update activations set actor = 'another'",
        "delete from audit",
        "update audit set actor = 'another'",
        "create table mine (id int)",
        "alter table items add column mine int",
        "drop table items",
        "truncate recommendations",
        "update rules set actor = 'another'",
        "delete from rules",
        "insert into slate values (false, 0, 0, true, false)",
        "delete from slate",
        "update window_lists set relevant = item_ids",
    ],
)
def test_the_role_api_may_not_change_lists_or_history(
    publisher: Engine, api: Engine, statement: str
) -> None:
    shop.release(publisher, "one", instead_of=None)

    with api.connect() as connection:
        assert connection.scalar(text("select count(*) from recommendations")) == 2
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "select * from api_keys",
        "delete from activations",
        "update activations set actor = 'another'",
        "update audit set actor = 'another'",
        "delete from releases",
        "insert into rules (version, rules, actor, reason) values (1, '{}', 'x', 'y')",
        "update slate set plain = true",
        "delete from unavailable_items",
        "create table mine (id int)",
        "alter table items add column mine int",
        "drop table items",
        "truncate recommendations",
    ],
)
def test_the_role_publisher_may_not_change_the_schema_or_history(
    publisher: Engine, statement: str
) -> None:
    shop.release(publisher, "one", instead_of=None)

    with (
        publisher.connect() as connection,
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        connection.execute(text(statement))


def test_settings_come_from_the_environment(
    committing: str, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVING_DATABASE_URL", committing)
    database.engine.cache_clear()

    engine = database.engine(schema_of(owner))
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from items")) == 0

    engine.dispose()
    database.engine.cache_clear()


def test_autocommit_is_set_when_a_connection_is_opened(committing: str, owner: Engine) -> None:
    reader = database.connect(committing, schema_of(owner), autocommit=True)
    with reader.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        assert raw.autocommit
    reader.dispose()


def test_the_settings_do_not_print_the_password() -> None:
    settings = database.ServingSettings(database_url="postgresql+psycopg2://api:canary@localhost/x")

    assert "canary" not in f"{settings!r} {settings}"
