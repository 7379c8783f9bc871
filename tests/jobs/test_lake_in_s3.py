"""A lake in S3 by settings alone: the same lists as a lake on a disk, from the start or moved."""

from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.quick_spark import quick_spark
from tests.support.scale import pipeline
from tests.support.scale.s3_server import S3Server
from tests.warehouse.test_object_store import put

INGEST, RETRAIN = pipeline.SHORT[:2], pipeline.SHORT[2:]


@pytest.mark.scale
@pytest.mark.timeout(3000)
def test_a_lake_in_s3_has_the_lists_of_a_lake_on_a_disk(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf, inbox = quick_spark(tmp_path / "spark"), pipeline.write_files(tmp_path / "inbox")
    in_s3, on_disk = f"{s3_server.root}/{uuid4().hex}", str(tmp_path / "lake")
    moved = f"{s3_server.root}/{uuid4().hex}"

    pipeline.run(conf, in_s3, inbox, s3_server.variables)
    pipeline.run(conf, on_disk, inbox, {}, steps=INGEST)
    put(s3_server, Path(on_disk), moved)
    pipeline.run(conf, on_disk, inbox, {}, steps=RETRAIN)
    pipeline.run(conf, moved, inbox, s3_server.variables, steps=RETRAIN)

    for name, value in s3_server.variables.items():
        monkeypatch.setenv(name, value)
    lists = pipeline.lists(on_disk)
    assert len(lists) > 100
    assert pipeline.lists(in_s3) == lists
    assert pipeline.lists(moved) == lists
