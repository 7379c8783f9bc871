import pytest

from jobs.ingestion.delivery.names import matches


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("ratings.csv", "ratings.csv"),
        ("a/*.csv", "a/one.csv"),
        ("*/r.csv", "2026/r.csv"),
        ("**/r.csv", "r.csv"),
        ("**/r.csv", "a/b/r.csv"),
        ("r?.csv", "r1.csv"),
        ("a [1].csv", "a [1].csv"),
        ("_r.csv", "_r.csv"),
        (".r*.csv", ".r1.csv"),
        ("*:*.csv", "2026-03-01T00:00.csv"),
    ],
)
def test_a_name_matches_as_in_a_shell(pattern: str, name: str) -> None:
    assert matches(pattern, name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*.csv", "a/one.csv"),
        ("a/*.csv", "one.csv"),
        ("r.csv", "R.csv"),
        ("*", "_SUCCESS"),
        ("*.csv", "._ratings.csv"),
        ("**/*.csv", "__MACOSX/r.csv"),
        ("*/r.csv", "../r.csv"),
        ("**", ""),
    ],
)
def test_other_names_and_files_of_programs_do_not_match(pattern: str, name: str) -> None:
    assert not matches(pattern, name)
