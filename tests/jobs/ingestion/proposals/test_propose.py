"""The command: what it writes and prints, and what it says when it cannot."""

import tomllib
from pathlib import Path

import pytest

from jobs.ingestion import check
from jobs.ingestion.proposals import propose
from jobs.runtime.errors import NothingSentError
from tests.jobs.ingestion.proposals.shapes import STARS, Files, manifest, proposed
from warehouse import datasets


def test_guessed_lines_have_a_reason_and_certain_ones_have_none(tmp_path: Path) -> None:
    proposed(tmp_path, {"ratings.csv": STARS})
    lines = (tmp_path / "shop.toml").read_text().splitlines()

    assert 'user = "user_id"' in lines
    assert "highest = 5  # guess: the highest value found" in lines


def test_the_command_shows_rows_and_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ratings.csv").write_text(STARS)
    out = tmp_path / "out" / "shop.toml"
    out.parent.mkdir()
    assert propose.main([str(tmp_path / "ratings.csv"), "--out", str(out)]) == 0
    shown = capsys.readouterr().err
    assert "1997-07-27 10:40:01" in shown
    assert "every field is valid" in shown
    assert datasets.load(out).title == "Ratings"


def test_files_without_users_and_items_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("colour,size\nred,1\nblue,2\n")
    assert propose.main([str(tmp_path)]) == 1
    assert "a.csv has colour, size). Rename these columns" in capsys.readouterr().err

    with pytest.raises(NothingSentError, match=r"no file .*absent\.csv"):
        propose.proposal([tmp_path / "absent.csv"])


def test_a_name_that_is_not_utf8_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before, the command ended with a stack trace and left an empty manifest."""
    folder, out = tmp_path / "files", tmp_path / "shop.toml"
    folder.mkdir()
    (folder / "ratings\udcff.csv").write_text(STARS)

    assert propose.main([str(folder), "--out", str(out)]) == 1

    assert "ratings\\udcff.csv: a name that is not UTF-8" in capsys.readouterr().err
    assert not out.exists()


def test_texts_of_files_cannot_control_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    title = "\x1b]0;owned\x07"
    (tmp_path / "ratings.csv").write_text(STARS.replace("item_id", f"item_id,{title}", 1))
    (tmp_path / "rows.csv").write_text(f"user_id,item_id,rating\nu{title},i,3\n\x9b2J,j,4\n")
    out = tmp_path / "shop.toml"

    for arguments in ([], ["--out", str(out)]):
        propose.main([str(tmp_path), "--name", "shop", *arguments])
    check.main([str(out), "--inbox", str(tmp_path)])
    propose.main([str(tmp_path / f"{title}.csv")])

    shown = "".join(capsys.readouterr())
    assert "owned" in shown
    assert not {"\x1b", "\x07", "\x9b"} & {*shown}


def test_names_of_files_write_no_line_of_the_manifest(tmp_path: Path) -> None:
    names = ("friends\n[schedule]\nretrain_after_events = 1\n# x.csv", "empty\n[gate]\n# y.csv")
    files: Files = {"ratings.csv": STARS, names[0]: "user,friend\n1,2\n", names[1]: ""}
    text = manifest(tmp_path, files)

    assert {"schedule", "gate"}.isdisjoint(tomllib.loads(text))
    assert text.count("# not used: ") == len(names)


@pytest.mark.parametrize("kind", ["k\x7f", "abc\n", "\x9b31m", '"""'])
def test_every_text_in_a_column_of_kinds_can_be_a_key(kind: str, tmp_path: Path) -> None:
    lines = [f"u{n % 9},i{n % 7},buy,{n}" for n in range(50)]
    quoted = kind.replace('"', '""')
    lines += [f'u{n % 9},i{n % 7},"{quoted}",{n}' for n in range(50)]
    text = manifest(tmp_path, {"r.csv": "user,item,kind,time\n" + "\n".join(lines) + "\n"})

    [events] = tomllib.loads(text)["events"]
    assert "buy" in events["kinds"]
