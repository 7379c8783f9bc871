"""A file is uploaded on the page "Data": checked, with a reason, by operators only."""

import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.console.data import checking, reading
from dashboards.console.data.checking import Finding
from dashboards.console.data.inbox import UploadRefusedError
from dashboards.identity.visitors import BROWSERS
from tests.support.dashboards import landed_lake
from tests.support.dashboards.app_pages import Page, cells, keys, words
from tests.support.dashboards.console_pages import ACTIVITY, DATA, opened, press, warnings
from tests.support.dashboards.fake_operations import FakeOperations

NAME, PATH, CONTENT = "ratings-9.parquet", "ratings/ratings-9.parquet", b"PAR1"
GOOD = [Finding("note", "ratings", "2 pass the **checks**")]


@pytest.fixture
def inbox(operations: FakeOperations, lake_root: str, tmp_path: Path) -> Path:  # noqa: ARG001 # the console
    """The inbox of a data set with landed files."""
    landed_lake.write(lake_root)
    return tmp_path / "inbox/playground"


def sent(page: Page, name: str = NAME, content: bytes = CONTENT) -> AppTest:
    """Return the page after an upload."""
    app = opened(page, DATA)
    app.file_uploader(key="upload_0").upload(name, content).run()
    assert not app.exception
    return app


def take(app: AppTest, why: str = "November") -> AppTest:
    [key] = [str(key) for key in keys(app) if str(key).startswith("send_upload_")]
    app.text_input(key=key.replace("send_", "reason_")).set_value(why)
    return press(app, key)


def test_a_file_that_passes_the_check_is_taken_with_a_reason(
    page: Page, inbox: Path, operations: FakeOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[bytes] = []

    def check(_: str, path: Path, name: str) -> list[Finding]:
        assert name == PATH
        checked.append(path.read_bytes())
        return GOOD

    monkeypatch.setattr(checking, "findings", check)
    app = sent(page)
    assert r"2 pass the \*\*checks\*\*" in words(app)
    assert "Enter a reason" in warnings(take(app, " "))
    assert not (inbox / PATH).exists()

    take(app)

    assert (inbox / PATH).read_bytes() == CONTENT
    assert checked == [CONTENT]
    entry = operations.entries[-1]
    assert (entry.action, entry.target, entry.reason) == ("upload", f"file {PATH}", "November")
    assert "is in the inbox" in app.success[0].value
    assert "file\\_uploader" not in words(app)
    assert "Uploaded file" in cells(opened(page, ACTIVITY))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("landed.parquet", "landed before"),
        ("sent.parquet", "in the inbox"),
        ("..", "not allowed"),
        (".hidden.csv", "not allowed"),
    ],
)
def test_a_name_that_is_taken_or_not_allowed_is_refused_unchecked(
    page: Page, inbox: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.setattr(checking, "findings", pytest.fail)
    [landed, *_] = reading.files("playground")
    renamed = replace(landed, name="ratings/landed.parquet")
    monkeypatch.setattr(reading, "files", lambda _: [renamed])
    (inbox / "ratings").mkdir(parents=True)
    (inbox / "ratings/sent.parquet").write_bytes(b"first")

    assert message in warnings(sent(page, name))
    assert [path.name for path in (inbox / "ratings").iterdir()] == ["sent.parquet"]


@pytest.mark.usefixtures("inbox")
def test_a_file_that_fails_the_check_is_not_offered(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = [Finding("error", "ratings", "no column <user>"), Finding("warning", "ratings", "odd")]
    monkeypatch.setattr(checking, "findings", lambda *_: bad)

    app = sent(page)

    assert r"no column \<user\>" in warnings(app)
    assert not [key for key in keys(app) if str(key).startswith("send_upload_")]


def test_a_user_who_is_no_operator_any_more_is_refused_by_the_api(
    page: Page, inbox: Path, operations: FakeOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "findings", lambda *_: GOOD)
    app = sent(page)
    operations.refusal = (403, "scope-missing")

    assert "This needs the role Op or Admin" in warnings(take(app))
    assert not (inbox / PATH).exists()


@pytest.mark.usefixtures("inbox")
def test_a_viewer_and_a_server_without_uploads_have_no_uploader(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as viewer:
        viewer.setattr(BROWSERS, "has_operator", lambda _: False)
        app = opened(page, DATA)
        assert app.button(key="add_file_disabled").help == "Only operators add files"
        assert not app.file_uploader
    monkeypatch.setenv("APP_MAX_UPLOAD_MB", "0")

    app = opened(page, DATA)

    assert "Uploads are off" in app.button(key="add_file_disabled").help
    assert not app.file_uploader


def test_the_check_is_the_program_of_the_jobs(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_text("nonsense\n1\n")

    [finding, *_] = checking.findings("playground", path, "nonsense.csv")
    assert finding.level == "error"
    assert "describes no file 'nonsense.csv'" in finding.text
    with pytest.raises(UploadRefusedError, match="check failed"):
        checking.findings("nonesuch", path, "nonsense.csv")


def test_files_are_checked_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check may take 2 GB of memory."""
    begun, may_end = threading.Event(), threading.Event()

    def check(*_: object, **__: object) -> subprocess.CompletedProcess[bytes]:
        begun.set()
        assert may_end.wait(60)
        return subprocess.CompletedProcess([], 0, b"[]", b"")

    monkeypatch.setattr(subprocess, "run", check)
    monkeypatch.setattr(checking, "WAIT_SECONDS", 0.1)
    first = threading.Thread(target=checking.findings, args=("playground", tmp_path, "a.csv"))
    first.start()
    assert begun.wait(60)
    with pytest.raises(UploadRefusedError, match="Another file is being checked"):
        checking.findings("playground", tmp_path, "b.csv")
    may_end.set()
    first.join()

    assert checking.findings("playground", tmp_path, "b.csv") == []


def test_a_file_that_crashes_the_check_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\nkill -ABRT $$\n")
    crashing.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(crashing))

    with pytest.raises(UploadRefusedError, match="check crashed: the file is damaged, or needs"):
        checking.findings("playground", tmp_path / "upload", "ratings.csv")
