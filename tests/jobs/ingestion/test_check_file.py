"""One file is graded as all files of a data set are."""

import json
import resource
from pathlib import Path

import pytest

from jobs.ingestion import check_file
from jobs.ingestion.findings.finding import Finding
from jobs.ingestion.reading import memory
from tests.support.jobs.product import HEADER, install, product, send, shop

GOOD = (HEADER, *(f"u{n},i{n},{1 + n % 5},{1760000000 + n}" for n in range(20)))


def graded(folder: Path, *lines: str, name: str = "ratings_2.csv") -> list[Finding]:
    """Return the findings on a file of these lines, which has another name before."""
    return check_file.grade(product(), send(folder, "upload", *lines), name)


def test_a_good_file_has_only_notes_and_its_counts(tmp_path: Path) -> None:
    findings = graded(tmp_path, *GOOD)

    assert {finding.level for finding in findings} == {"note"}
    assert "20 pass the checks, 0 go to the quarantine" in findings[0].text
    assert {finding.about for finding in findings} == {"ratings"}  # no file of items is missed


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (("user,item,grade,at", "u,i,3,1"), "stars"),
        ((HEADER,), "has no row"),
        ((HEADER, *(f"u{n},i,99,{n}" for n in range(20))), "rating_off_scale 20"),
        (("\x00\x01\x02",), ""),
    ],
)
def test_a_file_that_could_not_be_landed_or_refined_has_an_error(
    tmp_path: Path, lines: tuple[str, ...], text: str
) -> None:
    worst = graded(tmp_path, *lines)[0]

    assert worst.level == "error"
    assert text in worst.text


@pytest.mark.parametrize("name", ["clicks.csv", "ratings.csv.exe", "_ratings.csv", "a/ratings.csv"])
def test_a_file_that_the_manifest_does_not_describe_has_an_error(tmp_path: Path, name: str) -> None:
    [finding] = graded(tmp_path, *GOOD, name=name)

    assert finding.level == "error"
    assert "ratings*.csv" in finding.text


def test_a_file_of_two_entries_is_graded_for_both(tmp_path: Path) -> None:
    entries = [
        {"file": "all*.csv", "kind": "view", "time": "at"},
        {"file": "all*.csv", "kind": "buy", "time": "at"},
    ]
    path = send(tmp_path, "upload", "user,item,at", "u,i,1760000000")

    findings = check_file.grade(shop(events=entries, items=None), path, "all_1.csv")

    assert sum(finding.text.startswith("files: 1, sampled rows: 1;") for finding in findings) == 2


def test_the_program_prints_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, product(), str(tmp_path))
    monkeypatch.setattr("resource.setrlimit", lambda *_: None)  # not of the tests' own process
    monkeypatch.setattr(check_file, "OOM_SCORE", tmp_path / "score")
    path = send(tmp_path, "upload", *GOOD)

    code = check_file.main(["--dataset=product", f"--file={path}", "--name=ratings_2.csv"])

    assert code == 0
    assert json.loads(capsys.readouterr().out)[0]["level"] == "note"
    assert (tmp_path / "score").read_text() == "1000"


def test_a_file_that_does_not_fit_into_memory_has_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    limits: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
    monkeypatch.setattr(check_file, "OOM_SCORE", tmp_path / "score")

    def graded(*_: object) -> list[Finding]:
        assert memory.LIMIT_BYTES < limits[resource.RLIMIT_DATA][0] < 8 * memory.LIMIT_BYTES
        raise MemoryError

    monkeypatch.setattr(check_file, "grade", graded)
    install(monkeypatch, product(), str(tmp_path))

    check_file.main(["--dataset=product", "--file=upload", "--name=ratings_2.csv"])

    [finding] = json.loads(capsys.readouterr().out)
    assert finding["level"] == "error"
    assert "needs more than 2,048 MB of memory" in finding["text"]
    assert limits[resource.RLIMIT_CPU] == (60, 60)
