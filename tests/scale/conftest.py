"""A cluster, an S3 server that its nodes reach, and the lists of one machine to compare with."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.setup import jars, object_store
from tests.support.quick_spark import quick_spark
from tests.support.scale import cluster as clusters
from tests.support.scale import pipeline, s3_server
from tests.support.scale.cluster import Cluster
from tests.support.scale.s3_server import S3Server


@dataclass(frozen=True)
class World:
    """Spark's settings, the files of a data set, and the lake that one machine makes of them."""

    conf: Path
    inbox: Path
    root: str


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    s3_server.program()
    object_store.install(jars.pyspark_jars())
    with clusters.running(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def shared_s3(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server.running(tmp_path_factory.mktemp("s3"), cluster.driver) as running:
        yield running


@pytest.fixture
def settings(
    cluster: Cluster, shared_s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The settings of a job on the cluster with its lake in S3; this process gets the latter."""
    for name, value in shared_s3.variables.items():
        monkeypatch.setenv(name, value)
    return cluster.variables() | shared_s3.variables


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    conf, inbox = quick_spark(folder / "spark"), pipeline.write_files(folder / "inbox")
    pipeline.run(conf, str(folder / "lake"), inbox, {}, steps=pipeline.FULL)
    return World(conf, inbox, str(folder / "lake"))
