from pathlib import Path

import pytest

from ops.settings import ROOT
from tools import references
from warehouse import tables


def test_the_committed_documents_say_what_the_code_says() -> None:
    assert references.main(["--check"]) == 0


def test_every_table_and_column_is_in_the_reference() -> None:
    page = references.tables_page()
    every = [value for value in vars(tables).values() if isinstance(value, tables.Table)]
    for table in every:
        assert f"## {table.full_name}\n" in page
        for column in table.columns:
            assert f"| `{column.name}` |" in page
    assert len(every) == len(tables.TABLES)


def test_every_setting_is_in_the_reference_and_the_example() -> None:
    page, example = references.settings_page(), references.env_example()
    for name in ("OPS_VAR", "LAKE_ROOT", "API_DATASETS", "SERVING_DATABASE_URL", "DEMO_API_URL"):
        assert f"| `{name}` |" in page
        assert f"#{name}=" in example


def test_every_part_of_a_manifest_is_in_the_reference() -> None:
    page = references.datasets_page()
    for part in (
        "top level",
        "[source]",
        "[ratings]",
        "[items]",
        "[users]",
        "[scale]",
        "[schedule]",
    ):
        assert f"## {part}\n" in page
    assert "`archive` or `folder` or `inbox`" in page


def test_no_path_of_this_machine_gets_into_a_document() -> None:
    for text in references.documents().values():
        assert str(ROOT) not in text


def test_a_difference_is_named_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(references, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    assert references.main(["--check"]) == 1
    assert "docs/tables.md" in capsys.readouterr().out
    assert references.main([]) == 0
    assert references.main(["--check"]) == 0
