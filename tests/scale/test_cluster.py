"""Jobs on a cluster with the lake in S3: by settings alone, and though machines end meanwhile."""

import json
import signal
from pathlib import Path
from uuid import uuid4

import pytest

from ops.settings import OpsSettings
from ops.terminal import cluster_check
from tests.scale.conftest import World
from tests.support.quick_spark import quick_spark
from tests.support.scale import pipeline
from tests.support.scale.cluster import Cluster
from tests.support.scale.s3_server import S3Server

pytestmark = [pytest.mark.scale, pytest.mark.timeout(3000)]


def test_the_doctor_says_whether_executors_answer(
    settings: dict[str, str],
    shared_s3: S3Server,
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = settings | {
        "LAKE_ROOT": f"{shared_s3.root}/{uuid4().hex}",
        "OPS_INHERIT": json.dumps(["_SPARK_AUTH_SECRET"]),
        "OPS_SPARK_CONF": str(quick_spark(tmp_path / "spark")),
        "OPS_SPARK_MASTER": cluster.url,
        "OPS_VAR": str(tmp_path / "var"),
    }
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    answer, *others = cluster_check.examine(OpsSettings())
    assert (answer.good, len(others)) == (True, 2)
    assert [finding for finding in others if not finding.good] == []

    monkeypatch.setattr(cluster_check, "SECONDS", 60)
    for number in (1, 2):
        cluster.end_worker(number)
    (waiting,) = cluster_check.examine(OpsSettings())
    for number in (1, 2):
        cluster.start_worker(number)
    assert "the job was accepted, and no executor answered within 60 s" in waiting.found


def test_a_cluster_makes_the_lists_of_one_machine_though_workers_and_the_store_end(
    settings: dict[str, str], shared_s3: S3Server, world: World, cluster: Cluster
) -> None:
    root = f"{shared_s3.root}/{uuid4().hex}"

    def restart_store() -> None:
        shared_s3.stop(signal.SIGKILL)
        shared_s3.start()

    def replace_worker() -> None:
        cluster.kill_worker(2)
        cluster.start_worker(2)

    def do_both() -> None:
        restart_store()
        replace_worker()

    at = {"refine": do_both, "evaluate": replace_worker, "fit": replace_worker}
    pipeline.run_and_interfere(world.conf, root, world.inbox, settings, at=at)

    expected = pipeline.lists(world.root)
    assert len(expected) > 100
    assert pipeline.lists(root) == expected
    # An executor adds up the users that it has: the last bit of a mean depends on which.
    metrics = pipeline.metrics(world.root)
    assert pipeline.metrics(root) == pytest.approx(metrics, rel=1e-12)
    left = shared_s3.folder / root.removeprefix("s3a://") / ".checkpoints"
    assert [path for path in left.rglob("*") if path.is_file()] == []
