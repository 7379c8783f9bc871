from pathlib import Path

import pytest

from ops import docs
from ops.settings import ROOT
from warehouse import tables


def test_the_committed_documents_say_what_the_code_says() -> None:
    assert docs.main(["--check"]) == 0


def test_every_table_and_column_is_in_the_reference() -> None:
    page = docs.tables_page()
    every = [value for value in vars(tables).values() if isinstance(value, tables.Table)]
    for table in every:
        assert f"## {table.full_name}\n" in page
        for column in table.columns:
            assert f"| `{column.name}` |" in page
    assert len(every) == len(tables.TABLES)


def test_every_setting_is_in_the_reference_and_the_example() -> None:
    page, example = docs.settings_page(), docs.env_example()
    for name in ("OPS_VAR", "LAKE_ROOT", "API_DATASETS", "SERVING_DATABASE_URL", "DEMO_API_URL"):
        assert f"| `{name}` |" in page
        assert f"#{name}=" in example


def test_every_part_of_a_manifest_is_in_the_reference() -> None:
    page = docs.datasets_page()
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
    for text in docs.documents().values():
        assert str(ROOT) not in text


def test_a_difference_is_named_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    assert docs.main(["--check"]) == 1
    assert "docs/tables.md" in capsys.readouterr().out
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0
