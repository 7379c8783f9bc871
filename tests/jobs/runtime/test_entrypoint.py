import os
from pathlib import Path

import pytest

from jobs.runtime import entrypoint
from jobs.runtime.errors import EmptyFileError
from tests.support.jobs.product import product
from warehouse import datasets
from warehouse.run_keys import RunKey

OPTIONS = ["--dataset", "product", "--run-key", "product__ingest/1/land"]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_ROOT", "s3a://lake/")
    monkeypatch.setenv("LAKE_INBOX", "/inbox")
    monkeypatch.setattr(datasets, "load_named", lambda name: product(name=name))


def job(options: list[str]) -> entrypoint.Job:
    return entrypoint.job(entrypoint.parser("land", "Land files.").parse_args(options))


def test_a_job_knows_its_data_set_its_tables_and_its_run() -> None:
    land = job(OPTIONS)

    assert (land.name, land.dataset.name) == ("land", "product")
    assert (land.root, land.inbox) == ("s3a://lake/product", "/inbox/product")
    assert land.run_key == RunKey("product__ingest", "1", "land")


def test_a_job_by_hand_has_a_run_key_of_its_own() -> None:
    assert (job(OPTIONS[:2]).run_key.dag, job(OPTIONS[:2]).run_key.task) == ("by-hand", "land")


def test_a_run_key_of_two_parts_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        job([*OPTIONS[:3], "ingest/land"])

    assert "--run-key" in capsys.readouterr().err


@pytest.mark.parametrize(("code", "expected"), [(None, 0), (0, 0), (99, 99)])
def test_the_code_of_main_is_the_exit_code(code: int | None, expected: int) -> None:
    with pytest.raises(SystemExit) as ended:
        entrypoint.run(lambda: code)

    assert ended.value.code == expected


def test_an_expected_error_is_one_line_and_any_other_keeps_its_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails() -> int:
        raise EmptyFileError("product: ratings.csv holds no row")

    def breaks() -> int:
        raise KeyError("a bug")

    with pytest.raises(SystemExit, match="1"):
        entrypoint.run(fails)
    with pytest.raises(SystemExit, match="1"):
        entrypoint.run(breaks, KeyError)
    with pytest.raises(KeyError):
        entrypoint.run(breaks, ValueError)

    assert caplog.messages == [
        "EmptyFileError: product: ratings.csv holds no row",
        "KeyError: 'a bug'",
    ]


def test_what_a_job_writes_is_for_its_user_only(tmp_path: Path) -> None:
    def write() -> None:
        (tmp_path / "rows").mkdir()
        (tmp_path / "rows/part").touch()

    before = os.umask(0o022)
    try:
        with pytest.raises(SystemExit):
            entrypoint.run(write)
    finally:
        os.umask(before)

    assert (tmp_path / "rows").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "rows/part").stat().st_mode & 0o777 == 0o600
