from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse import datasets


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install only the manifests that a test writes into this folder."""
    monkeypatch.setenv("DATASETS_MANIFESTS", str(tmp_path))
    datasets._manifests.cache_clear()  # noqa: SLF001
    yield tmp_path
    monkeypatch.undo()
    datasets._manifests.cache_clear()  # noqa: SLF001
