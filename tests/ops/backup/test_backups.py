"""Backup of a running Postgres and a lake, restored into an empty folder."""

import errno
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from ops.backup import backups, lake_copy, postgres_copy
from ops.backup.archive import BackupError
from ops.backup.backups import Files
from ops.machine import credentials, database, postgres
from ops.machine.airflow import config as airflow_config
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


def a_publication_could_begin(server: Server) -> bool:
    """Return whether the lock that publications take is free, in schema `public`."""
    with closing(postgres.connect(server, "lantern")) as connection:
        cursor = connection.cursor()
        cursor.execute("select pg_try_advisory_lock(hashtext('load public'))")
        [is_free] = cursor.fetchone() or [None]
    return bool(is_free)


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
        assert a_publication_could_begin(server)
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


def test_a_restore_of_postgres_that_fails_leaves_no_data(
    files: Files, settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, it left the rows of all users in a folder that nothing deletes."""

    def fail(_folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(postgres_copy, "_hand_over", fail)  # after all files were extracted

    with pytest.raises(OSError, match="No space left"):
        backups.restore(settings, files)
    assert not [*postgres.home(settings.folder).iterdir()]


@pytest.mark.parametrize("size", [0, 10, 1000, 100_000])
def test_a_copy_of_postgres_that_is_cut_short_is_no_backup(tmp_path: Path, size: int) -> None:
    """Before, the command said no more than that it was aborted."""
    members = tmp_path / "postgres"
    members.mkdir()
    noise = tmp_path / "noise"
    noise.write_bytes(os.urandom(200_000))
    for name in postgres_copy.MEMBERS:
        with tarfile.open(members / name, "w:gz") as tar:
            tar.add(noise, "noise")
    cut = members / [*postgres_copy.MEMBERS][-1]
    os.truncate(cut, size)
    server = Server(tmp_path / "home", free(), "x")

    with pytest.raises(BackupError, match=f"{cut.name} of the backup is damaged"):
        postgres_copy.restore(tmp_path, server)
    assert not [*server.home.iterdir()]


def test_no_secret_is_in_the_backup(files: Files, folder: Path) -> None:
    content = files.backup.read_bytes()

    for path in (folder / "var/secrets").iterdir():
        assert path.read_bytes() not in content
    assert files.secrets is not None
    assert files.secrets.stat().st_mode & 0o777 == 0o600


def test_a_failed_copy_of_postgres_leaves_no_file(folder: Path, settings: OpsSettings) -> None:
    settings.make_folders()
    unreachable = Server(postgres.home(settings.folder), free(), "wrong")

    with pytest.raises(BackupError, match=r"(?s)Postgres does not answer: .*refused.*`lantern up`"):
        backups.back_up(settings, unreachable, Files(folder / "other.tar"))
    assert not [path for path in folder.iterdir() if "other" in path.name]


def test_a_backup_deletes_what_killed_ones_left(folder: Path, settings: OpsSettings) -> None:
    settings.folder.mkdir(exist_ok=True)
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    running_one = settings.folder / f"backup-{os.getpid()}-a"
    for left in (running_one, settings.folder / f"backup-{ended.pid}-b"):
        (left / "postgres").mkdir(parents=True)

    with pytest.raises(BackupError, match="does not answer"):  # there is no server
        backups.back_up(settings, Server(folder, free(), ""), Files(folder / "none"))

    assert [*settings.folder.glob("backup-*")] == [running_one]


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


def test_a_lake_elsewhere_is_not_left_out_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, server = OpsSettings(var=tmp_path), Server(tmp_path, free(), "-")
    monkeypatch.setenv("LAKE_ROOT", "s3://company/lake")
    with pytest.raises(BackupError, match="LAKE_ROOT is s3://company/lake"):
        backups.back_up(settings, server, Files(tmp_path / "b.tar"))
    assert not (tmp_path / "b.tar").exists()


def test_publications_wait_until_lake_and_postgres_are_copied(
    settings: OpsSettings, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups.restore(settings, files)
    could_begin: list[bool] = []

    def watch(module: ModuleType) -> None:
        copy = module.add

        def watched(*arguments: Any) -> Any:
            could_begin.append(a_publication_could_begin(server))
            return copy(*arguments)

        monkeypatch.setattr(module, "add", watched)

    with running(settings) as server:
        watch(lake_copy)
        watch(postgres_copy)
        backups.back_up(settings, server, Files(tmp_path / "b.tar"))
    assert could_begin == [False, False]
