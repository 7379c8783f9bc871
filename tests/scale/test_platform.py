"""The platform on a cluster with its lake in S3: ingest, retrain and publish by settings alone."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.machine import ports, processes
from ops.machine.stack import Stack
from ops.settings import OpsSettings
from ops.terminal import cluster_check, demo
from ops.terminal.lake import store_check
from tests.support.quick_spark import quick_spark
from tests.support.scale.cluster import SECRET, Cluster
from tests.support.scale.s3_server import S3Server
from tests.test_platform import lantern
from warehouse.query import Lake
from warehouse.tables import GOLD_RECOMMENDATIONS

pytestmark = [pytest.mark.scale, pytest.mark.timeout(3000)]

DATASET, EVENTS = "playground", 30_000


@pytest.fixture
def stack(
    cluster: Cluster, shared_s3: S3Server, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """A platform of this test's own, which is down, with the settings of docs/cluster.md."""
    folder = Path(tempfile.mkdtemp(prefix="lantern-stack-"))
    folder.chmod(0o711)  # Postgres' user must get through
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        monkeypatch.delenv(name)
    chosen = {
        "OPS_VAR": str(folder / "var"),
        "OPS_HEALTH_TIMEOUT": "600",
        "OPS_SPARK_CONF": str(quick_spark(folder / "spark")),
        "OPS_SPARK_MASTER": cluster.url,
        "OPS_EXECUTOR_MEMORY": settings["OPS_EXECUTOR_MEMORY"],
        "OPS_SPARK_SLOTS": "per_dataset",
        "OPS_INHERIT": json.dumps(["_SPARK_AUTH_SECRET"]),
        "_SPARK_AUTH_SECRET": SECRET,
        "LAKE_ROOT": f"{shared_s3.root}/{folder.name}",
        **{f"OPS_{name.upper()}_PORT": str(ports.free()) for name in ports.USUAL},
    }
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    stack = Stack(OpsSettings())
    try:
        yield stack
    finally:
        lantern("down")
        processes.end(processes.of(stack.settings.folder))
        shutil.rmtree(folder)


def test_the_platform_publishes_lists_that_a_cluster_made_in_s3(stack: Stack) -> None:
    code, said = lantern("demo", "--dataset", DATASET, "--size", str(EVENTS))
    assert code == 0, said

    findings = [*cluster_check.examine(stack.settings), *store_check.examine(stack.settings)]
    assert len(findings) > 3
    assert [finding for finding in findings if not finding.good] == []

    lake = Lake(f"{os.environ['LAKE_ROOT']}/{DATASET}")
    lists = {row["user_id"]: row["item_ids"] for row in lake.rows(GOLD_RECOMMENDATIONS)}
    with demo.api_client(stack, DATASET) as product:
        users = [user for user in product.users(limit=20) if user.user_id in lists]
        assert users
        for user in users:
            shown = product.recommendations(user.user_id, limit=10)
            assert shown.kind == "batch"
            assert [item.item_id for item in shown.items] == lists[user.user_id][:10]
    assert not (stack.settings.lake / DATASET).exists()
