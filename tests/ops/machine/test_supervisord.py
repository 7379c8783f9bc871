from configparser import ConfigParser
from pathlib import Path

import pytest

from ops.errors import NotHealthyError, OpsError
from ops.machine import processes
from ops.machine.supervisord import (
    PROGRAMS,
    Program,
    Supervisord,
    configuration,
    fails,
    until,
)
from ops.settings import OpsSettings


def test_the_file_names_every_program_and_no_secret() -> None:
    parsed = ConfigParser(interpolation=None)
    parsed.read_string(configuration())
    assert {f"program:{name}" for name in PROGRAMS} <= set(parsed.sections())
    assert parsed["unix_http_server"]["chmod"] == "0600"
    assert parsed["supervisord"]["umask"] == "077"
    for name in PROGRAMS:
        section = parsed[f"program:{name}"]
        assert (section["autostart"], section["autorestart"]) == ("false", "true")
        assert section["killasgroup"] == "true"
        assert "environment" not in section
        waits = range(1, int(section["startretries"]) + 1)  # seconds: one more after each start
        assert sum(waits) > 25 * 60  # a port can be held for some time
    assert parsed["program:postgres"]["stopsignal"] == "INT"


@pytest.mark.parametrize("name", ["var", "v (b) [c] 'd' ä %s ;e #f $x \"g"])
def test_supervisord_starts_reports_its_programs_and_stops(
    settings: OpsSettings, name: str
) -> None:
    settings = OpsSettings(var=settings.folder.parent / name)
    settings.make_folders()
    supervisord = Supervisord(settings)
    assert not supervisord.is_running()
    supervisord.start()
    supervisord.start()
    assert [program.state for program in supervisord.programs()] == ["STOPPED"] * len(PROGRAMS)
    assert supervisord.socket.stat().st_mode & 0o777 == 0o600
    supervisord.stop()
    until(lambda: not processes.of(settings.folder), "the end", 10)
    assert not supervisord.is_running()


def test_a_program_that_cannot_run_is_reported(settings: OpsSettings) -> None:
    settings.make_folders()
    supervisord = Supervisord(settings)
    supervisord.start()
    try:
        supervisord.start_program("api")  # no ports were chosen: it ends at once
        ended = {"BACKOFF", "FATAL", "EXITED"}  # EXITED if the start alone took longer than 5 s
        until(lambda: supervisord.program("api").state in ended, "its end", 60)
        assert "no ports were chosen yet" in (settings.logs / "api.log").read_text()
    finally:
        supervisord.stop()
        until(lambda: not processes.of(settings.folder), "the end", 10)


def test_a_start_fails_once_a_program_has_ended_again_and_again() -> None:
    starts: set[int] = set()
    states = [("BACKOFF", 1), ("STARTING", 2), ("BACKOFF", 2), ("BACKOFF", 2), ("BACKOFF", 3)]
    for state, since in states:
        assert not fails(Program("postgres", state, 0, since, ""), starts)
    assert not fails(Program("postgres", "STARTING", 0, 4, ""), starts)
    assert fails(Program("postgres", "BACKOFF", 0, 4, ""), starts)

    assert fails(Program("postgres", "FATAL", 0, 1, ""), set())


@pytest.mark.parametrize("name", ["x" * 100, "ä" * 50])
def test_a_socket_path_that_is_too_long_is_refused_with_the_next_step(
    tmp_path: Path, name: str
) -> None:
    settings = OpsSettings(var=tmp_path / name)
    settings.make_folders()
    with pytest.raises(OpsError, match="set OPS_VAR elsewhere"):
        Supervisord(settings).start()


def test_a_wait_that_times_out_names_what_it_waited_for() -> None:
    with pytest.raises(NotHealthyError, match="s for rain without success"):
        until(lambda: False, "rain", 0.2)


@pytest.mark.parametrize(
    "name", ["AWS_SECRET_ACCESS_KEY", "KAFKA_SASL_PASSWORD", "ALERT_SMTP_PASSWORD"]
)
def test_secrets_of_the_shell_reach_supervisord(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "of-the-shell")
    monkeypatch.setenv("LAKE_ROOT", "s3a://bucket/lake")
    settings.make_folders()
    supervisord = Supervisord(settings)
    supervisord.start()
    try:
        [process] = processes.of(settings.folder, program="supervisord")
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert f"{name}=of-the-shell".encode() in environment
    finally:
        supervisord.stop()
        until(lambda: not processes.of(settings.folder), "the end of supervisord", 10)
