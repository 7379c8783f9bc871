import hashlib
from pathlib import Path

import pytest

from jobs.synthetic.output import SHOP
from ops.errors import OpsError
from ops.settings import OpsSettings
from ops.terminal import demo
from ops.terminal.demo import Options
from warehouse import datasets


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "is_reachable", lambda _: False)


def test_an_archive_is_copied_under_its_publishers_name_with_its_digest(
    tmp_path: Path, settings: OpsSettings
) -> None:
    given = tmp_path / "my copy.zip"
    given.write_bytes(b"zip")
    inbox = settings.inbox / "movielens_1m"
    taken = demo.copy_archive(given, datasets.load_named("movielens_1m"), inbox)
    assert taken == inbox / "ml-1m.zip"
    assert taken.read_bytes() == b"zip"
    digest = hashlib.sha256(b"zip").hexdigest()
    assert (inbox / "ml-1m.zip.sha256").read_text() == f"{digest}  ml-1m.zip\n"
    assert len(list(inbox.iterdir())) == 2


def test_only_a_different_archive_is_new(tmp_path: Path, settings: OpsSettings) -> None:
    dataset, given = datasets.load_named("movielens_1m"), tmp_path / "ml-1m.zip"
    given.write_bytes(b"zip")
    assert demo.is_new_archive(settings, dataset, given)
    demo.copy_archive(given, dataset, settings.inbox / dataset.name)
    assert not demo.is_new_archive(settings, dataset, given)
    assert not demo.is_new_archive(settings, dataset, None)
    given.write_bytes(b"newer")
    assert demo.is_new_archive(settings, dataset, given)


def test_a_missing_archive_is_an_error_before_anything_starts(settings: OpsSettings) -> None:
    with pytest.raises(OpsError, match=r"no file /none.*ARCHIVE"):
        demo.run(settings, Options(archive=Path("/none")))
    assert not settings.folder.exists()


@pytest.mark.usefixtures("unreachable")
def test_without_network_and_archive_the_playground_is_shown(
    settings: OpsSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.choose(settings, Options()).name == "playground"
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "1,000,000" in said


@pytest.mark.usefixtures("unreachable")
def test_available_data_needs_no_network(
    settings: OpsSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox = settings.inbox / "movielens_1m"
    inbox.mkdir(parents=True)
    (inbox / "ml-1m.zip").touch()
    assert demo.choose(settings, Options()).name == "movielens_1m"
    assert demo.choose(settings, Options(dataset="playground")).name == "playground"
    assert capsys.readouterr().out == ""


def test_a_closed_port_is_not_reachable() -> None:
    assert not demo.is_reachable("http://127.0.0.1:1/ml-1m.zip")


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "no://proxy"])
def test_behind_a_proxy_that_cannot_be_used_nothing_is_reachable(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert not demo.is_reachable("https://example.org/ml-1m.zip")


def test_a_failing_playground_shows_its_last_lines(
    settings: OpsSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho the cause\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(OpsError, match="the cause"):
        demo.write_playground(settings, SHOP, 20_000, 1)
