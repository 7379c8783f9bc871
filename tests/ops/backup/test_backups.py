"""Backup of a running Postgres and a lake, restored into an empty folder."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from ops.backup import backups
from ops.backup.archive import BackupError
from ops.backup.backups import Files
from ops.machine import airflow_config, credentials, database, postgres
from ops.machine.ports import free
from ops.machine.postgres import Server
from ops.settings import OpsSettings
from tests.support.serving.server import start_server

TABLE = "shop/silver/items"


@contextmanager
def running(settings: OpsSettings) -> Iterator[Server]:
    """Run Postgres with the data and the password of the settings' folder."""
    password = credentials.of(settings).of("postgres")
    server = Server(postgres.home(settings.folder), free(), password)
    process = start_server(server)
    try:
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="lantern-backup-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def files(folder: Path) -> Files:
    """A backup of an installation with a row in Postgres, a table, and a manifest."""
    made, files = OpsSettings(var=folder / "var"), Files(folder / "b.tar", folder / "secrets.tar")
    made.make_folders()
    write_deltalake(str(made.lake / TABLE), pa.table({"item_id": ["a", "b"]}))
    with running(made) as server, closing(postgres.connect(server)) as connection:
        database.prepare(connection, credentials.of(made))
        database.set_mark(server, "airflow", "set up")
        connection.cursor().execute("create table kept as select pg_current_xact_id()::text as xid")
        backups.back_up(made, server, files)
        connection.cursor().execute("insert into kept values ('later')")
    return files


def row(server: Server, statement: str) -> str | None:
    with closing(postgres.connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        found = cursor.fetchone()
    return None if found is None else found[0]


def test_contents_are_as_of_the_backup_and_transactions_count_on(
    files: Files, settings: OpsSettings
) -> None:
    about = backups.restore(settings, files)

    assert about.versions == {TABLE: 0}
    rows = DeltaTable(str(settings.lake / TABLE)).to_pyarrow_table()
    assert rows["item_id"].to_pylist() == ["a", "b"]
    with running(settings) as server:
        assert row(server, "select count(*)::text from kept") == "1"
        assert row(
            server, "select (pg_current_xact_id()::text::int > xid::int)::text from kept"
        ) == ("true")
        assert database.mark(server, "airflow") == "set up"
    assert credentials.exposed(settings.secrets) == []


def test_without_the_secrets_the_installation_has_new_ones(
    files: Files, settings: OpsSettings
) -> None:
    backups.restore(settings, replace(files, secrets=None))

    with running(settings) as server:
        assert row(server, "select count(*)::text from kept") == "1"
        assert airflow_config.is_restored(server)
        with closing(postgres.connect(server)) as connection:
            database.prepare(connection, credentials.of(settings))


def test_a_restore_replaces_nothing(files: Files, settings: OpsSettings) -> None:
    settings.make_folders()
    kept = settings.lake / "kept"
    kept.touch()

    with pytest.raises(BackupError, match=f"{settings.lake} is not empty"):
        backups.restore(settings, files)
    assert kept.exists()


def test_a_damaged_backup_leaves_the_folder_empty(
    files: Files, settings: OpsSettings, tmp_path: Path
) -> None:
    content = files.backup.read_bytes()
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(content[: len(content) // 2])

    with pytest.raises(BackupError, match="Use another one"):
        backups.restore(settings, Files(damaged))
    backups.restore(settings, files)
    assert (settings.lake / TABLE).is_dir()


def test_no_secret_is_in_the_backup(files: Files, folder: Path) -> None:
    content = files.backup.read_bytes()

    for path in (folder / "var/secrets").iterdir():
        assert path.read_bytes() not in content
    assert files.secrets is not None
    assert files.secrets.stat().st_mode & 0o777 == 0o600


def test_a_failed_copy_of_postgres_leaves_no_file(folder: Path, settings: OpsSettings) -> None:
    settings.make_folders()
    unreachable = Server(postgres.home(settings.folder), free(), "wrong")

    with pytest.raises(BackupError, match=r"pg_basebackup failed: .*Connection refused"):
        backups.back_up(settings, unreachable, Files(folder / "other.tar"))
    assert not [path for path in folder.iterdir() if "other" in path.name]


def test_a_manifest_that_is_missing_here_is_restored(
    files: Files, settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "movielens_1m.toml").write_text("title = 'Mine'\n")
    monkeypatch.setenv("DATASETS_MANIFESTS", str(tmp_path))

    backups.restore(settings, files)

    assert (tmp_path / "playground.toml").exists()
    assert (tmp_path / "movielens_1m.toml").read_text() == "title = 'Mine'\n"
    assert "movielens_1m.toml differs" in " ".join(capsys.readouterr().out.split())
