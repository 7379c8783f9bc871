import re
import sys
from pathlib import Path

import pytest

from ops.setup import commands
from ops.setup.commands import SetupError, UnreachableError

NO_PROXY_ANSWERS = (
    "WARNING: Retrying (Retry(total=4)) after connection broken by 'ProxyError('Cannot connect to "
    "proxy.', NewConnectionError('Failed to establish a new connection'))': /simple/pip/"
)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(commands, "LOG", tmp_path / "setup.log")
    return tmp_path / "setup.log"


def printing(*lines: str) -> list[str]:
    """Return a command that prints the lines and fails."""
    return [sys.executable, "-c", f"print({chr(10).join(lines)!r}); raise SystemExit(3)"]


def test_a_failed_command_ends_with_its_last_lines(log: Path) -> None:
    with pytest.raises(SetupError, match="the cause"):
        commands.run(printing("the cause"))
    assert "the cause" in log.read_text()


def test_a_long_command_says_that_it_lives(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "HEARTBEAT_SECONDS", 0.01)
    commands.run([sys.executable, "-c", "pass"])
    assert "still running" in capsys.readouterr().out
    assert log.exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (NO_PROXY_ANSWERS, r"the package index cannot be reached \(Cannot connect to proxy\)"),
        (
            "error: Failed to fetch: `x`",
            r"cannot be reached \(Failed to fetch\): check the network",
        ),
        ("[Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("SSLError: certificate verify failed: self-signed", "set PIP_CERT and SSL_CERT_FILE"),
    ],
)
@pytest.mark.usefixtures("log")
def test_a_network_that_does_not_answer_is_one_sentence(line: str, sentence: str) -> None:
    with pytest.raises(UnreachableError, match=sentence) as raised:
        commands.run(printing("Collecting pip", line, "ERROR: No matching distribution"))
    assert "\n" not in str(raised.value)
    assert "run `make setup` again" in str(raised.value)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full .* free about 3 GiB"),
        ("OSError: [Errno 30] Read-only file system: '/x'", "a file cannot be written .*'/x'"),
    ],
)
@pytest.mark.usefixtures("log")
def test_a_disk_that_takes_no_file_is_one_sentence(line: str, sentence: str) -> None:
    with pytest.raises(SetupError, match=sentence) as raised:
        commands.run(printing("Installing", line))
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("log")
def test_an_error_of_our_own_program_is_shown_without_what_others_print() -> None:
    lines = ("noise: Connection refused", f"{commands.OUR_ERROR}put the jars there", "  a.jar")
    with pytest.raises(SetupError, match=r"^put the jars there\n  a.jar$"):
        commands.run(printing(*lines))


def test_no_password_of_a_proxy_or_an_index_reaches_the_log_or_the_message(log: Path) -> None:
    line = "cannot use http://bob:s3cret@proxy:3128 for https://me:t0ken@index/simple/pip/"
    with pytest.raises(SetupError) as raised:
        commands.run(printing(line))
    for text in (log.read_text(), str(raised.value)):
        assert not re.search("s3cret|t0ken|bob", text)
        assert "http://***@proxy:3128" in text


@pytest.mark.usefixtures("log")
def test_a_command_reaches_loopback_without_the_proxy(
    monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    monkeypatch.setenv("NO_PROXY", "internal")
    commands.run([sys.executable, "-c", "import os; print(os.environ['no_proxy'])"])
    assert "internal,127.0.0.1,localhost" in log.read_text()
