"""The product's events reach a topic at least once, with their ids as keys."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from sqlalchemy import Engine, text

from jobs import forward
from jobs.erasure.digests import digest
from jobs.runtime.errors import BrokerError
from tests.support.jobs import product as sent
from tests.support.jobs.cluster import Cluster
from tests.support.jobs.collected import collect
from tests.support.jobs.product import product
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_COLLECTIONS
from warehouse.tables.vocabulary import NOTHING_TO_DO


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    yield made
    made.producer.close()


@pytest.fixture
def dataset(cluster: Cluster) -> Dataset:
    return product(forward={"servers": cluster.servers, "topic": "feedback"})


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def run(root: str, dataset: Dataset, engine: Engine, run_id: str = "1") -> int:
    key = RunKey("product__collect", run_id, "forward")
    return forward.run(root, dataset, engine, run_key=key)


def received(cluster: Cluster) -> list[tuple[str, dict[str, Any]]]:
    """Return key and content of all messages of the topic."""
    client = Consumer({"bootstrap.servers": cluster.servers, "group.id": "test"})
    found = []
    partitions = client.list_topics("feedback", timeout=10).topics["feedback"].partitions
    for partition in partitions:
        at = TopicPartition("feedback", partition, 0)
        _, end = client.get_watermark_offsets(at, timeout=10)
        client.assign([at])
        for _ in range(end):
            message = client.poll(10)
            assert message is not None
            key, value = message.key(), message.value()
            assert key is not None
            assert value is not None
            found.append((key.decode(), json.loads(value)))
    client.close()
    return sorted(found, key=lambda pair: pair[0])


def test_events_are_published_with_their_ids_as_keys(
    root: str, dataset: Dataset, cluster: Cluster, publisher: Engine
) -> None:
    collect(root, 7, "e1", "e2")

    assert run(root, dataset, publisher) == 0
    assert run(root, dataset, publisher, "2") == NOTHING_TO_DO
    collect(root, 9, "e3")
    assert run(root, dataset, publisher, "3") == 0

    messages = received(cluster)
    assert [key for key, _ in messages] == ["e1", "e2", "e3"]
    content = messages[0][1]
    assert (content["user_id"], content["rating"], content["kind"]) == ("ü", 3.5, "rate")
    assert content["occurred_at"] == "2026-05-01T12:00:00+00:00"
    assert "landing_id" not in content
    assert len(Lake(root).rows(BRONZE_COLLECTIONS, columns=["landing_id"])) == 2


def test_an_event_of_the_manifests_kinds_is_published_with_its_value_and_its_list(
    root: str, dataset: Dataset, cluster: Cluster, publisher: Engine
) -> None:
    more = {1: {"value": 2.5, "list_id": "l1"}}
    sent.collect(root, "l1", ("buy", "u", "a", None, 100), more=more)
    sent.write_collection(root, "l1", 1)

    assert run(root, dataset, publisher) == 0

    [(_, content)] = received(cluster)
    assert (content["kind"], content["value"], content["list_id"]) == ("buy", 2.5, "l1")


def test_a_batch_that_was_not_marked_is_published_again(
    root: str,
    dataset: Dataset,
    cluster: Cluster,
    publisher: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collect(root, 7, "e1")
    with monkeypatch.context() as killing:
        killing.setattr(forward, "_mark", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(root, dataset, publisher)

    assert run(root, dataset, publisher) == 0
    assert [key for key, _ in received(cluster)] == ["e1", "e1"]


def test_before_the_first_collection_there_is_nothing_to_do(
    root: str, dataset: Dataset, publisher: Engine
) -> None:
    assert run(root, dataset, publisher) == NOTHING_TO_DO


def test_events_of_users_who_were_erased_meanwhile_are_not_published(
    root: str, cluster: Cluster, publisher: Engine, owner: Engine
) -> None:
    collect(root, 7, "e1", "e2")
    target = {"servers": cluster.servers, "topic": "feedback"}
    with owner.begin() as connection:
        schema = str(connection.scalar(text("select current_schema()")))
        erased = text(
            "insert into erasures (digest, requested_at, requested_by) values (:d, now(), 'x')"
        )
        connection.execute(erased, {"d": digest(schema, "ü")})

    named = product(name=schema, forward=target)
    assert run(root, named, publisher) == 0

    assert forward.batches(root, "feedback") == []
    assert cluster.n_messages("feedback") == 0


def test_a_cluster_that_does_not_answer_leaves_the_batch_waiting(
    root: str,
    dataset: Dataset,
    cluster: Cluster,
    publisher: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collect(root, 7, "e1")
    silent = product(forward={"servers": "127.0.0.1:1", "topic": "feedback"})

    with monkeypatch.context() as context:
        context.setattr(forward, "SECONDS", 0.5)
        with pytest.raises(BrokerError, match=r"Kafka at 127.0.0.1:1: no answer"):
            run(root, silent, publisher)

    assert run(root, dataset, publisher, "2") == 0
    assert [key for key, _ in received(cluster)] == ["e1"]
