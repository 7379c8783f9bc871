"""Each message of a topic arrives in bronze once, also if a run is killed.

The cluster is the one that librdkafka has for tests; a real one is in `tests/scale`.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobs import listen, refine
from jobs.ingestion import topics
from jobs.ingestion.checks.row_checks import FEWEST_MESSAGES, are_too_many
from jobs.runtime.errors import BrokerError, JobError, MessagesLostError
from jobs.runtime.kafka_settings import KafkaSettings
from tests.support.jobs.cluster import Cluster
from tests.support.jobs.product import NOW, product
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_ITEMS,
    BRONZE_LANDINGS,
    BRONZE_RATINGS,
    SILVER_INTERACTIONS,
    SILVER_QUARANTINE,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).parents[2]
MANIFEST = """
title = "Product"
licence = "Invented."
source = {{ kind = "kafka", servers = "{servers}" }}
ratings = {{ file = "ratings", format = "jsonl", value = "stars", time = "at" }}
items = {{ file = "items", format = "jsonl", title = "title" }}
scale = {{ lowest = 1, highest = 5, step = 1, relevant_from = 4 }}
"""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.send("items", [json.dumps({"item": item, "title": item.upper()}) for item in "ab"])
    yield made
    made.producer.close()


@pytest.fixture
def dataset(cluster: Cluster) -> Dataset:
    section = {"format": "jsonl"}
    return product(
        source={"kind": "kafka", "servers": cluster.servers},
        ratings={"file": "ratings", "value": "stars", "time": "at", **section},
        items={"file": "items", "title": "title", **section},
        users=None,
    )


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def rating(user: str, item: str = "a", stars: int = 4, at: int = 100) -> str:
    return json.dumps({"user": user, "item": item, "stars": stars, "at": at})


def run(root: str, dataset: Dataset, run_id: str = "1", **options: Any) -> int:
    return listen.run(root, dataset, run_key=RunKey("product__ingest", run_id, "listen"), **options)


def landed(root: str) -> list[tuple[str, str, int]]:
    """Return user, source file and line of all rows of ratings."""
    rows = Lake(root).rows(BRONZE_RATINGS, columns=["user_id", "source_file", "source_line"])
    return sorted((row["user_id"], row["source_file"], row["source_line"]) for row in rows)


def assert_recorded(root: str) -> None:
    """Assert that each landing counts its rows, and that no row is without one."""
    lake = Lake(root)
    recorded = lake.rows(BRONZE_LANDINGS, columns=["landing_id", "target", "n_rows"])
    n_rows: dict[str, int] = {}
    for table in (BRONZE_RATINGS, BRONZE_ITEMS):
        for row in lake.rows(table, columns=["landing_id"]):
            n_rows[row["landing_id"]] = n_rows.get(row["landing_id"], 0) + 1
    assert {row["landing_id"]: row["n_rows"] for row in recorded} == n_rows


def test_messages_are_landed_once_each_with_its_partition_and_offset(
    root: str, dataset: Dataset, cluster: Cluster
) -> None:
    cluster.send("ratings", [rating("u"), rating("v")], partition=1)
    cluster.send("ratings", [rating("w")], partition=3)

    assert run(root, dataset) == 5
    assert run(root, dataset, "2") == 0
    cluster.send("ratings", [rating("x")], partition=1)
    assert run(root, dataset, "3") == 1

    assert landed(root) == [
        ("u", "ratings/1", 0),
        ("v", "ratings/1", 1),
        ("w", "ratings/3", 0),
        ("x", "ratings/1", 2),
    ]
    assert_recorded(root)


def test_many_messages_are_landed_in_several_commits(
    root: str, dataset: Dataset, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "MOST_MESSAGES", 10)
    monkeypatch.setattr(topics, "_POLLED", 4)
    for partition in (0, 2):
        users = [rating(f"{partition}-{number}") for number in range(25)]
        cluster.send("ratings", users, partition=partition)

    run(root, dataset)

    assert len(landed(root)) == len(set(landed(root))) == 50
    ratings = Lake(root).rows(BRONZE_LANDINGS, columns=["target", "n_rows"])
    assert max(row["n_rows"] for row in ratings if row["target"] == "ratings") < 15
    assert_recorded(root)


def test_messages_without_a_rating_go_to_the_quarantine_and_deleted_keys_are_passed_over(
    root: str, dataset: Dataset, cluster: Cluster, spark: "SparkSession"
) -> None:
    from warehouse.delta import Warehouse

    sent = [rating("u"), "no json", "", None, '{"user":\n"v", "item": "b", "stars": 5, "at": 9}']
    cluster.send("ratings", [*sent, b"\xff\xfe", '["a", "list"]'])

    assert run(root, dataset) == 9
    warehouse = Warehouse(spark, root, run_key=RunKey("product__ingest", "1", "refine"))
    refine.run(warehouse, dataset, now=NOW)

    lake = Lake(root)
    interactions = lake.rows(SILVER_INTERACTIONS, columns=["user_id", "rating"])
    assert sorted((row["user_id"], row["rating"]) for row in interactions) == [("u", 4), ("v", 5)]
    refused = lake.rows(SILVER_QUARANTINE, columns=["source_file", "source_line"])
    places = sorted((row["source_file"], row["source_line"]) for row in refused)
    assert places == [("ratings/0", offset) for offset in (1, 2, 5, 6)]
    assert_recorded(root)


def test_a_few_bad_messages_stop_no_refinement(dataset: Dataset) -> None:
    assert not are_too_many(1, 2, dataset)
    assert not are_too_many(FEWEST_MESSAGES - 1, FEWEST_MESSAGES - 1, dataset)
    assert are_too_many(FEWEST_MESSAGES, FEWEST_MESSAGES, dataset)
    assert are_too_many(1, 2, product())


@pytest.mark.parametrize("point", ["append.before_commit", "append.after_commit"])
def test_the_next_run_completes_a_killed_one(
    root: str, dataset: Dataset, cluster: Cluster, tmp_path: Path, point: str
) -> None:
    cluster.send("ratings", [rating("u"), rating("v")])
    (tmp_path / "product.toml").write_text(MANIFEST.format(servers=cluster.servers))
    variables = {
        **os.environ,
        "LAKE_ROOT": str(Path(root).parent / "lakes"),
        "LAKE_INBOX": str(tmp_path / "inbox"),
        "DATASETS_MANIFESTS": str(tmp_path),
        "LANTERN_FAULT": f"{point}:kill",
    }
    lake = str(Path(variables["LAKE_ROOT"]) / "product")
    command = [sys.executable, "-m", "jobs.listen", "--dataset", "product"]
    for _ in range(4):  # each of them gets one commit further, or none
        killed = subprocess.run(command, cwd=ROOT, env=variables, check=False)  # noqa: S603
        assert killed.returncode == -signal.SIGKILL

    n_messages = run(lake, dataset)

    assert n_messages == (4 if point == "append.before_commit" else 0)
    assert landed(lake) == [("u", "ratings/0", 0), ("v", "ratings/0", 1)]
    assert_recorded(lake)


def test_of_two_runs_at_the_same_time_one_gives_up(
    root: str, dataset: Dataset, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.send("ratings", [rating("u")])
    write = listen.Listener.write

    def overtaken(self: listen.Listener, *args: Any) -> listen.Cursors | None:
        monkeypatch.setattr(listen.Listener, "write", write)
        run(root, dataset, "2")
        return write(self, *args)

    monkeypatch.setattr(listen.Listener, "write", overtaken)
    with pytest.raises(JobError, match="another run is reading"):
        run(root, dataset)

    assert landed(root) == [("u", "ratings/0", 0)]
    assert_recorded(root)


class Kept:
    """A client of a topic that keeps only some of its messages."""

    def __init__(self, oldest: int, end: int, error: str | None = None) -> None:
        self.marks, self.error = (oldest, end), error

    def list_topics(self, topic: str, **_: object) -> Any:
        described = type("Topic", (), {"error": self.error, "partitions": {0: None}})
        return type("Topics", (), {"topics": {topic: described}})

    def get_watermark_offsets(self, *_: object, **__: object) -> tuple[int, int]:
        return self.marks


def test_messages_that_were_deleted_before_they_were_read_are_an_error() -> None:
    client: Any = Kept(10, 20)

    with pytest.raises(MessagesLostError, match="t/0: 3 messages were deleted"):
        topics.ranges(client, "t", {0: 7})
    with pytest.raises(MessagesLostError, match="made anew"):
        topics.ranges(client, "t", {0: 21})

    assert topics.ranges(client, "t", topics.first_offsets(client, "t", {0: 7})) == {
        0: topics.Range(10, 20)
    }
    assert topics.ranges(client, "t", {0: 12}) == {0: topics.Range(12, 20)}
    assert topics.ranges(client, "t", {0: 20}) == {}
    assert topics.first_offsets(client, "t", {0: 12}) == {0: 12}


def test_a_cluster_that_does_not_answer_is_named_with_the_next_step(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "SECONDS", 0.5)
    source = {"kind": "kafka", "servers": "127.0.0.1:1"}
    section = {"file": "ratings", "format": "jsonl", "value": "stars", "time": "at"}
    silent = product(source=source, ratings=section, items=None, users=None)

    with pytest.raises(BrokerError, match=r"Kafka at 127.0.0.1:1: .*Correct `servers`"):
        run(root, silent)


def test_a_topic_that_does_not_exist_is_named() -> None:
    client: Any = Kept(0, 0, error="unknown topic")

    with pytest.raises(BrokerError, match="no topic `t`: correct `file`"):
        topics.partitions(client, "t")
    assert topics.partitions(Kept(0, 0), "t") == [0]  # type: ignore[arg-type]


def test_a_password_is_sent_to_servers_with_sasl_only() -> None:
    secret = {"sasl_username": "ada", "sasl_password": "s3cret"}

    assert KafkaSettings.model_validate(secret).options() == {"security.protocol": "plaintext"}
    options = KafkaSettings.model_validate(
        secret | {"security_protocol": "sasl_ssl", "ssl_ca_location": "/ca.pem"}
    ).options()
    assert options["sasl.password"] == "s3cret"
    assert options["ssl.ca.location"] == "/ca.pem"
