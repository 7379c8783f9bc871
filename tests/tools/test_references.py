import re
import shutil
from pathlib import Path

import pytest

from ops.settings import ROOT
from tools import references
from warehouse import tables


def test_the_committed_documents_are_up_to_date() -> None:
    assert references.main(["--check"]) == 0


def sections(page: str) -> dict[str, list[str]]:
    """Return the names in the first column of each section's table, by the section's title."""
    titles = re.split(r"^## (.+)$", page, flags=re.MULTILINE)[1:]
    pairs = zip(titles[::2], titles[1::2], strict=True)
    return {title: re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE) for title, text in pairs}


def test_every_table_has_a_section_with_exactly_its_columns() -> None:
    declared = [value for value in vars(tables).values() if isinstance(value, tables.Table)]
    assert sections(references.tables_page()) == {
        table.full_name: [column.name for column in table.columns] for table in declared
    }


def test_every_setting_is_in_the_reference_and_the_example() -> None:
    names = [
        f"{settings.model_config['env_prefix']}{field}".upper()
        for settings in references.SETTINGS_CLASSES
        for field in settings.model_fields
    ]
    documented = sections(references.settings_page()).values()
    assert [name for section in documented for name in section] == names
    assert re.findall(r"^#(\w+)=", references.env_example(), re.MULTILINE) == names


def test_the_table_of_imports_is_between_its_marks() -> None:
    page = f"before\n{references.BEGIN}old\n{references.END}after\n"
    written = references.architecture_page(page)
    assert written.startswith(f"before\n{references.BEGIN}\n| package | may import |\n")
    assert written.endswith(f"\n{references.END}after\n")
    assert "old" not in written
    assert references.architecture_page(written) == written
    assert "| `jobs.engine` | `ranking`, `warehouse.tables.vocabulary` |" in written


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"docs/architecture\.md needs the lines"):
        references.architecture_page("no marks")


def test_no_document_contains_a_path_of_this_machine() -> None:
    for text in references.documents().values():
        assert str(ROOT) not in text


def test_a_difference_is_reported_and_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(references, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / references.ARCHITECTURE).write_text(references.BEGIN + references.END)
    assert references.main(["--check"]) == 1
    assert "docs/tables.md" in capsys.readouterr().out
    assert references.main([]) == 0
    assert references.main(["--check"]) == 0
