"""Names and files that a manifest cannot have, and the commands that are printed."""

import shlex
import subprocess
from pathlib import Path

import pytest

from jobs.ingestion import check
from jobs.ingestion.proposals import propose
from tests.jobs.ingestion.proposals.shapes import STARS, send


@pytest.fixture
def stars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of ratings, in which the command runs."""
    folder = tmp_path / "from shop"
    send(folder, {"ratings.csv": STARS, "sub/more.csv": STARS})
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.usefixtures("stars")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--name", "Bad Name"], "such as `--name bad_name`"),
        (["--name", ""], "such as `--name data`"),
        (["--name", "public"], "Postgres reserves the name 'public'. Choose another one, such as"),
        (["--name", "pg_shop"], "such as `--name data_pg_shop`"),
        (["--name", "x" * 40], f"such as `--name {'x' * 31}`"),
        (["--out", "Shop.toml"], "such as `--out shop.toml`"),
        (["--out", "shop"], "a manifest ends in .toml. Write `--out shop.toml`"),
        (["--out", "shop.toml", "--name", "store"], "Write `--out store.toml`, or leave `--name`"),
        (["--out", "absent/shop.toml"], "Create it: `mkdir -p absent`"),
        (["--out", "."], "this is a folder. Name a file in it"),
    ],
)
def test_a_target_that_cannot_be_written_is_named_with_the_next_step(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert propose.main(["ratings.csv", *arguments]) == 1
    assert expected in capsys.readouterr().err


def test_files_that_may_not_be_written_are_named_with_the_next_step(
    stars: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    assert propose.main(["ratings.csv", "--out", "shop.toml"]) == 1
    assert "may not be written. Choose another folder, or run `chmod" in capsys.readouterr().err

    monkeypatch.undo()
    (stars / "full.toml").symlink_to("/dev/full")
    assert propose.main([str(stars / "ratings.csv"), "--out", str(stars / "full.toml")]) == 1
    assert "No space left on device. Choose another file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["public", "pg_shop"])
def test_a_folder_with_a_reserved_name_needs_another(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    send(tmp_path / name, {"ratings.csv": STARS})
    assert propose.main([str(tmp_path / name)]) == 1
    assert f"such as `--name data_{name}`" in capsys.readouterr().err


@pytest.mark.parametrize(
    "paths",
    [
        ["./ratings.csv"],
        ["{folder}/ratings.csv"],
        ["ratings.csv", "{folder}/sub/more.csv"],
        ["."],
        ["sub/../ratings.csv", "sub"],
    ],
)
def test_the_printed_commands_work_as_printed(
    paths: list[str], stars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox, out = tmp_path / "in box", tmp_path / "shop.toml"
    sent = [path.format(folder=stars) for path in paths]
    options = ["--inbox", str(inbox), "--name", "shop"]
    assert propose.main([*sent, *options]) == 0
    *_, copy, again = commands(capsys)
    assert again.startswith("lantern datasets propose ")
    assert again.endswith(" --out datasets/shop.toml")

    subprocess.run(["/bin/sh", "-c", copy], check=True, cwd="/")  # noqa: S603  # what was printed
    again_sent = shlex.split(again)[3:-2]
    assert propose.main([*again_sent, "--inbox", str(inbox), "--out", str(out)]) == 0
    assert commands(capsys)[-1] == f"lantern datasets check {out}"
    assert not [x for x in check.grade(out, inbox / "shop") if x.level == "error"]


def test_files_in_their_inbox_are_not_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    send(tmp_path / "shop", {"ratings.csv": STARS})
    assert propose.main([str(tmp_path / "shop"), "--inbox", str(tmp_path)]) == 0
    [only] = commands(capsys)
    assert only.startswith("lantern datasets propose ")


def commands(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the commands that were printed as the next steps."""
    lines = capsys.readouterr().err.splitlines()
    return [line.removeprefix("next: ") for line in lines if line.startswith("next: ")]
