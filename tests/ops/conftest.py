"""Settings in a folder of the test's own, and one Postgres server for the run."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import settings as settings_module
from ops.machine import processes
from ops.machine.postgres import Server
from ops.settings import OpsSettings
from tests.support.serving.server import temporary_server


@pytest.fixture
def settings() -> Iterator[OpsSettings]:
    """Settings whose folder Postgres' user can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="lantern-ops-"))
    folder.chmod(0o711)
    # not the test's own: its patches have to be undone before processes are ended here
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings_module, "data_home", lambda: folder / "share")
        made = OpsSettings(var=folder / "var")
        yield made
    left = processes.of(made.folder)
    processes.end(left)
    shutil.rmtree(folder)
    assert left == [], "the test left processes behind"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with temporary_server() as running:
        yield running
