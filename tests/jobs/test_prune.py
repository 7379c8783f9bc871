"""What `prune` records about each kind of record."""

from pathlib import Path

import pytest

from jobs import prune
from serving.storage import database, pruning
from serving.storage.pruning import Deleted
from tests.support.jobs.product import install, product
from warehouse.query import Lake
from warehouse.tables import GOLD_MAINTENANCE


def test_each_kind_of_record_has_its_own_duration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, product(), str(tmp_path))
    monkeypatch.setattr(database, "engine", lambda _: None)
    deleted = {
        "events": Deleted(3, 20.0),
        "unused_users": Deleted(0, 4.0),
        "audit_entries": Deleted(1, 5.0),
    }
    monkeypatch.setattr(pruning, "prune", lambda *_, **__: deleted)

    prune.main(["--dataset", "product", "--run-key", "product__maintain/1/prune"])

    rows = Lake(str(tmp_path)).rows(GOLD_MAINTENANCE)
    assert {row["subject"]: row["n_done"] for row in rows} == {
        "all": 4, "events": 3, "audit_entries": 1,
    }  # fmt: skip
    seconds = {row["subject"]: row["seconds"] for row in rows}
    assert (seconds["events"], seconds["audit_entries"]) == (20.0, 5.0)
