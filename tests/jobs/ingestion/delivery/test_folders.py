import os
from pathlib import Path

import pytest

from jobs.ingestion import sources
from jobs.runtime.errors import JobError, NothingSentError, UnreadableFileError
from tests.support.jobs.product import HEADER, product, send
from warehouse.datasets import Dataset

RATINGS = product(items=None, users=None)


def named(file: str) -> Dataset:
    ratings = RATINGS.ratings
    assert ratings is not None
    return RATINGS.model_copy(update={"ratings": ratings.model_copy(update={"file": file})})


def delivered(dataset: Dataset, inbox: Path, **options: object) -> list[str]:
    with sources.delivered(dataset, inbox, str(inbox), **options) as files:  # type: ignore[arg-type]
        return [file.name for file in files]


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the right to read files of this name, also from root, who may read everything."""
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != "ratings.csv" and access(path, mode)
    )


def test_names_that_a_disk_can_have_are_read(tmp_path: Path) -> None:
    names = ["ratings 2026-03-01T00:00:00.csv", "ratings [1] é%20.csv"]
    for name in names:
        send(tmp_path, name, HEADER, name)

    assert delivered(RATINGS, tmp_path) == names


def test_a_name_that_is_not_utf8_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    """Before, `land` ended with a stack trace after it had written the rows of other files."""
    send(tmp_path, "ratings-1.csv", HEADER)
    send(tmp_path, "ratings-\udcff.csv", HEADER)

    with pytest.raises(UnreadableFileError, match=r"\\udcff\.csv: a name that is not UTF-8"):
        delivered(named("ratings*.csv"), tmp_path)


def test_files_of_programs_are_skipped_unless_the_manifest_names_them(tmp_path: Path) -> None:
    for name in ("_ratings.csv", ".ratings.csv.part", "ratings.csv"):
        send(tmp_path, name, HEADER, name)

    assert delivered(named("*"), tmp_path) == ["ratings.csv"]
    assert delivered(named("_ratings.csv"), tmp_path) == ["_ratings.csv"]
    (tmp_path / "ratings.csv").unlink()
    with pytest.raises(NothingSentError, match=r"_ratings\.csv is skipped, as its name begins"):
        delivered(named("*.csv"), tmp_path)


@pytest.mark.usefixtures("unreadable")
def test_a_file_that_may_not_be_read_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    for name in ("ratings.csv", "ratings-2.csv"):
        send(tmp_path, name, HEADER, name)

    with pytest.raises(
        UnreadableFileError, match=r"ratings\.csv: may not be read: run `chmod a\+r"
    ):
        delivered(RATINGS, tmp_path)


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").symlink_to(tmp_path / "gone.csv")

    for pattern in ("ratings.csv", "ratings*.csv"):
        with pytest.raises(UnreadableFileError, match=r"a link to .*gone\.csv, which does not"):
            delivered(named(pattern), tmp_path)


def test_a_folder_of_the_name_is_an_error_that_shows_the_pattern_for_its_files(
    tmp_path: Path,
) -> None:
    send(tmp_path / "ratings.csv", "part-0.csv", HEADER)

    for pattern in ("ratings.csv", "*.csv"):
        with pytest.raises(UnreadableFileError, match=r'a folder.* `file = "ratings\.csv/\*"`'):
            delivered(named(pattern), tmp_path)
    assert delivered(named("ratings.csv/*"), tmp_path) == ["ratings.csv/part-0.csv"]


def test_a_misspelt_file_of_ratings_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    send(tmp_path, "ratings.csv", HEADER)
    send(tmp_path, "items.csv", "item,title,kinds")
    dataset = product(users=None, ratings={"file": "rating.csv"})

    with pytest.raises(
        NothingSentError, match=r"`rating\.csv` of `\[ratings\]` \(did you mean rat"
    ):
        delivered(dataset, tmp_path)


def test_ratings_that_landed_before_need_not_be_there_any_more(tmp_path: Path) -> None:
    send(tmp_path, "items.csv", "item,title,kinds")

    with pytest.raises(NothingSentError, match=r"`ratings\*\.csv` of `\[ratings\]`"):
        delivered(product(users=None), tmp_path)
    landed = {("ratings", "ratings-1.csv")}
    assert delivered(product(users=None), tmp_path, landed=landed) == ["items.csv"]


def test_each_entry_of_events_needs_a_file(tmp_path: Path) -> None:
    send(tmp_path, "all.csv", "user,item,time,action")
    entry = {"file": "all.csv", "kind": "view"}
    shop = product(
        ratings=None,
        items=None,
        users=None,
        events=[entry, {**entry, "kind": "buy"}, {**entry, "file": "plays.csv"}],
        kinds={"view": {}, "buy": {}},
    )

    with pytest.raises(JobError, match=r"`plays\.csv` of `\[\[events\]\]` \(did you"):
        delivered(shop, tmp_path)

    send(tmp_path, "plays.csv", "user,item,time")
    with sources.delivered(shop, tmp_path, str(tmp_path)) as files:
        assert [(file.target, file.section_name) for file in files] == [
            ("events", "all.csv"),
            ("events", "all.csv#2"),
            ("events", "plays.csv"),
        ]
        assert len({file.landing_id for file in files}) == 3
