"""Messages of a real Kafka broker arrive in bronze once: kills of the job and of the broker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from jobs import forward, listen
from jobs.ingestion import topics
from jobs.runtime.errors import BrokerError, MessagesLostError
from tests.support.jobs.collected import collect
from tests.support.jobs.product import product
from tests.support.kafka.broker import Broker
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_LANDINGS, BRONZE_RATINGS

pytestmark = pytest.mark.scale

ROOT = Path(__file__).parents[2]
N_MESSAGES = 100_000
N_PARTITIONS = 4
MANIFEST = """
title = "Product"
licence = "Invented."
source = {{ kind = "kafka", servers = "{servers}" }}
ratings = {{ file = "{topic}", format = "jsonl" }}
scale = {{ lowest = 1, highest = 5, step = 1, relevant_from = 4 }}
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made = Broker(tmp_path_factory.mktemp("kafka"))
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lakes" / "product")


def reading(broker: Broker, topic: str) -> Dataset:
    section = {"file": topic, "format": "jsonl"}
    source = {"kind": "kafka", "servers": broker.servers}
    return product(source=source, ratings=section, items=None, users=None)


def ratings(start: int, end: int) -> list[str]:
    return [
        json.dumps({"user": f"u{number}", "item": "i", "value": 3, "time": number})
        for number in range(start, end)
    ]


def run(root: str, dataset: Dataset, **options: Any) -> int:
    return listen.run(root, dataset, run_key=RunKey("product__ingest", "1", "listen"), **options)


def assert_each_once(root: str, n_users: int) -> None:
    """Assert that each user's message is in bronze once, and that the landings count them."""
    lake = Lake(root)
    rows = lake.read(BRONZE_RATINGS, columns=["user_id", "source_file", "source_line"])
    assert Counter(rows["user_id"].to_pylist()) == {f"u{number}": 1 for number in range(n_users)}
    places = set(zip(*(rows[c].to_pylist() for c in ("source_file", "source_line")), strict=True))
    assert len(places) == n_users
    landed = lake.rows(BRONZE_LANDINGS, columns=["n_rows"])
    assert sum(row["n_rows"] for row in landed) == n_users


def test_no_message_is_lost_or_doubled_by_kills_of_the_job_and_of_the_broker(
    broker: Broker, root: str, tmp_path: Path
) -> None:
    broker.make_topic("many", N_PARTITIONS)
    share = N_MESSAGES // N_PARTITIONS
    for partition in range(N_PARTITIONS):
        texts = ratings(partition * share, (partition + 1) * share)
        broker.send("many", texts, partition=partition)
    (tmp_path / "product.toml").write_text(MANIFEST.format(servers=broker.servers, topic="many"))
    variables = {
        **os.environ,
        "LAKE_ROOT": str(Path(root).parent),
        "LAKE_INBOX": str(tmp_path / "inbox"),
        "DATASETS_MANIFESTS": str(tmp_path),
    }
    command = [sys.executable, "-m", "jobs.listen", "--dataset", "product"]
    for point in ("append.after_commit", "append.before_commit"):
        fault = {"LANTERN_FAULT": f"{point}:kill"}
        killed = subprocess.run(command, cwd=ROOT, env=variables | fault, check=False)  # noqa: S603
        assert killed.returncode == -signal.SIGKILL
    assert 0 < Lake(root).n_rows(BRONZE_RATINGS) < N_MESSAGES
    with subprocess.Popen(command, cwd=ROOT, env=variables) as reader:  # noqa: S603
        time.sleep(0.8)
        broker.kill()
        broker.start()
        reader.wait(120)

    subprocess.run(command, cwd=ROOT, env=variables, check=True)  # noqa: S603

    assert_each_once(root, N_MESSAGES)


def test_deleted_messages_are_an_error_until_an_operator_accepts_the_loss(
    broker: Broker, root: str
) -> None:
    broker.make_topic("short", 1)
    dataset = reading(broker, "short")
    broker.send("short", ratings(0, 10))
    assert run(root, dataset) == 10
    broker.send("short", ratings(10, 30))
    broker.delete_before("short", 0, 15)

    with pytest.raises(MessagesLostError, match="short/0: 5 messages were deleted"):
        run(root, dataset)
    assert run(root, dataset, accept_lost=True) == 15
    assert run(root, dataset) == 0


def test_a_topic_that_does_not_exist_is_an_error(broker: Broker, root: str) -> None:
    with pytest.raises(BrokerError, match="no topic `absent`"):
        run(root, reading(broker, "absent"))


def test_what_is_published_can_be_read_again(
    broker: Broker, root: str, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.make_topic("feedback", 2)
    target = {"servers": broker.servers, "topic": "feedback"}
    collect(root, 7, *(f"e{number}" for number in range(1000)))
    key = RunKey("product__collect", "1", "forward")
    assert forward.run(root, product(forward=target), publisher, run_key=key) == 0

    monkeypatch.setattr(topics, "MOST_MESSAGES", 300)
    names = {"user": "event_id", "item": "item_id", "value": "rating", "time": "occurred_at"}
    section = {"file": "feedback", "format": "jsonl", "time_format": "iso", **names}
    source = {"kind": "kafka", "servers": broker.servers}
    assert run(f"{root}-2", product(source=source, ratings=section, items=None, users=None)) == 1000
    users = Lake(f"{root}-2").read(BRONZE_RATINGS, columns=["user_id"])["user_id"].to_pylist()
    assert sorted(users) == sorted(f"e{number}" for number in range(1000))
