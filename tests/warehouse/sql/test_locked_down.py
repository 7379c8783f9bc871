"""Attacks: nothing but tables of the lake is read, and nothing is written."""

import os
from pathlib import Path

import pytest

from tests.support import small_lake
from warehouse.errors import QueryRefusedError
from warehouse.query import Lake
from warehouse.sql.engine import query

SECRET = "not for analysts"  # noqa: S105 # invented
ATTACKS = (
    # files
    "from read_text('{file}')", "from read_blob('{file}')", "from read_csv('{file}')",
    "from '{file}'", 'from "{file}"', "select * from read_parquet('{file}')",
    "from glob('/etc/*')", "from sniff_csv('{file}')", "from read_json('{file}')",
    "from parquet_metadata('{file}')", "from read_duckdb('{file}')",
    "select (select content from read_text('{file}'))",
    "with x as (from read_text('{file}')) from x",
    "select * from silver.items, lateral (from read_text('{file}'))",
    "from silver.items where title = (select content from read_text('{file}'))",
    "select [x for x in (select list(content) from read_text('{file}'))]",
    "from (pivot read_text('{file}') on filename in ('a') using count(*))",
    "describe select * from read_text('{file}')", "summarize (from read_text('{file}'))",
    # SQL in text, and functions that name tables in text
    "from query('select content from read_text(''{file}'')')", "from query_table('{file}')",
    "select json_execute_serialized_sql('{{}}')", "from json_execute_serialized_sql('{{}}')",
    "from histogram('{file}', 'a')", "from which_secret('s3://x', 's3')",
    # writes
    "copy (select 1) to '{out}'", "copy silver.items to '{out}'", "export database '{out}'",
    "create table x as from silver.items", "create view x as select 1", "create macro m() as 1",
    "insert into silver.items select * from silver.items", "update silver.items set title = 'x'",
    "delete from silver.items", "drop view silver.items", "alter view silver.items rename to y",
    "with x as (insert into silver.items from silver.items returning *) from x",
    "with x as (delete from silver.items returning *) from x",
    "with x as (update silver.items set title = '' returning *) from x",
    "merge into silver.items using silver.items i on true when matched then delete",
    "select write_log('x')", "from enable_logging(storage => 'file', storage_path => '{out}')",
    "from enable_profiling(save_location => '{out}')", "select nextval('s')", "vacuum", "analyze",
    # other databases and programs
    "attach '{out}' as other", "attach 'https://example.com/x.db' as y", "detach memory",
    "use other", "install httpfs", "load httpfs", "force install spatial from community",
    "from read_csv('https://example.com/x.csv')", "from 's3://bucket/x.parquet'",
    "from create_external_resource('a')", "from register_external_resource('a')",
    # settings, secrets, environment
    "set threads = 1", "set enable_external_access = true", "reset enable_external_access",
    "set variable x = 1", "set search_path = 'silver'", "pragma version", "pragma database_list",
    "select current_setting('home_directory')", "select getvariable('x')", "from duckdb_settings()",
    "from duckdb_secrets()", "from duckdb_logs()", "from duckdb_variables()",
    "select getenv('HOME')", "create secret s (type s3)", "from pragma_version()",
    "from pragma_database_size()",
    "from information_schema.tables", "from duckdb_tables", "from pg_catalog.pg_settings",
    'with "pg_catalog.pg_settings" as (select 1) from pg_catalog.pg_settings',
    'with "information_schema.tables" as (select 1) from information_schema.tables',
    "from (with pg_settings as (select 1) from pg_settings), pg_settings",
    "from (with SQLite_Master as (select 1) select 1), sqlite_master",
    "show databases", "show all tables", "from (show tables)", "call pragma_version()",
    # variables and memory of the program
    "from secret", "from SECRET", "from lake", "select * from globals",
    "from python_arrow_scan(1, 2, 3)", "from arrow_scan(1, 2, 3)", "from pandas_scan(1)",
    "from arrow_scan_dumb(1, 2, 3)", "from seq_scan()", "from python_map_function()",
    # more than one statement, or another kind
    "select 1; select 2", "select 1; drop view silver.items", "begin", "commit", "checkpoint",
    "prepare p as select 1", "execute p", "deallocate p", "explain select 1",
    "explain analyze select 1", "from checkpoint()", "from force_checkpoint()",
    # waiting and depth
    "select sleep_ms(100000)", "select pg_sleep(1000)", "select " + "(" * 5000 + "1" + ")" * 5000,
    "select \0 1",
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_an_attack_is_refused_with_a_sentence(lake: Lake, tmp_path: Path, attack: str) -> None:
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text(f"a\n{SECRET}\n")

    with pytest.raises(QueryRefusedError) as refused:
        query(lake, attack.format(file=secret, out=out))

    assert SECRET not in str(refused.value)
    assert not out.exists()


def test_a_write_within_a_select_is_refused_before_it_runs(lake: Lake) -> None:
    for act in ("insert into silver.items from silver.items", "delete from silver.items"):
        with pytest.raises(QueryRefusedError, match="only SELECT is allowed"):
            query(lake, f"with x as ({act} returning *) from x")
    assert query(lake, "from silver.items").num_rows == len(small_lake.ITEMS)


def test_what_parses_as_a_select_is_refused_by_duckdb_too(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from warehouse.sql import names, statements

    monkeypatch.setattr(statements, "_check", lambda _: None)
    monkeypatch.setattr(names, "unknown", lambda _: None)
    monkeypatch.setattr(statements, "_table", lambda path, _: names.find(path))
    secret = tmp_path / "secret.csv"
    secret.write_text(f"a\n{SECRET}\n")

    for attack in ("from read_text('{}')", "from read_csv('{}')", "from '{}'", "from glob('{}')"):
        with pytest.raises(QueryRefusedError) as refused:
            query(lake, attack.format(secret))
        assert SECRET not in str(refused.value)
    for variable in ("secret", "SECRET", "attack"):
        with pytest.raises(QueryRefusedError):
            query(lake, f"from {variable}")
    query(lake, "from duckdb_secrets()")
    settings = query(lake, "select name, value from duckdb_settings()").to_pylist()
    values = {row["name"]: row["value"] for row in settings}
    assert values["lock_configuration"] == "true"
    assert values["enable_external_access"] == "false"
    assert values["python_enable_replacements"] == "false"
    assert values["autoload_known_extensions"] == "false"
    assert values["TimeZone"] == "UTC"


def test_nothing_of_the_environment_is_in_a_setting(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from warehouse.sql import statements

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setattr(statements, "_check", lambda _: None)

    shown = str(query(lake, "from duckdb_settings()").to_pylist())

    assert SECRET in os.environ["AWS_SECRET_ACCESS_KEY"]
    assert SECRET not in shown
