"""Publish the product's events to a Kafka topic, each at least once. No Spark.

The manifest's `[forward]` names the topic. A message is a JSON object with the columns of
bronze.feedback, and its key is the event's id: a consumer that needs each event once keeps one
message per key. Batches are published in the order in which `collect` stored them. A batch is
marked in the log of bronze.collections once the cluster has acknowledged all its messages, so a
killed run publishes it again. Events of users who were erased meanwhile are not published.

Exit code 99: no batch was waiting.

Run: python -m jobs.forward --dataset shop
"""

import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from sqlalchemy import Engine

from jobs.erasure.digests import ErasedUsers
from jobs.runtime import entrypoint
from jobs.runtime.errors import BrokerError, JobError
from jobs.runtime.kafka_settings import KafkaSettings
from jobs.runtime.logs import event
from serving.errors import ServingError
from serving.storage import database
from serving.users import erasures
from warehouse.append import Mark, append
from warehouse.creation import arrow_schema
from warehouse.datasets import Dataset
from warehouse.manifests.sections import Forward
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_COLLECTIONS, BRONZE_FEEDBACK
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)

SECONDS = 60.0  # for the messages of a batch to be acknowledged
_OURS = ("landing_id", "source_line", "run_key")  # columns about the lake, not the event


def run(
    root: str,
    dataset: Dataset,
    engine: Engine,
    *,
    run_key: RunKey,
    settings: KafkaSettings | None = None,
) -> int:
    """Publish all batches that were not; return 0 if there was one, else 99.

    Raises:
        BrokerError: the cluster did not acknowledge all messages of a batch.
    """
    target = dataset.forward
    if target is None:
        raise JobError(f"{dataset.name}: the manifest has no `[forward]`")
    waiting = batches(root, target.topic)
    if not waiting:
        log.info("%s: no event is waiting to be published", dataset.name)
        return NOTHING_TO_DO
    options = (settings or KafkaSettings()).options()
    producer = Producer(
        {"bootstrap.servers": target.servers, "enable.idempotence": True, **options}
    )
    for landing_id, until in waiting:
        with engine.connect() as connection:
            erased = ErasedUsers(dataset.name, erasures.listed(connection))
        texts = events(root, landing_id, erased)
        publish(producer, target, texts)
        _mark(root, target.topic, until, run_key)
        log.info(event("forwarded", dataset=dataset.name, events=len(texts)))
    return 0


def batches(root: str, topic: str) -> list[tuple[str, int]]:
    """Return landing id and cursor of the batches that were not published, oldest first."""
    lake = Lake(root)
    if not lake.exists(BRONZE_COLLECTIONS):
        return []
    done = lake.mark(BRONZE_COLLECTIONS, _name(topic)) or 0
    rows = lake.rows(BRONZE_COLLECTIONS, columns=["landing_id", "until"])
    return sorted(
        ((row["landing_id"], row["until"]) for row in rows if row["until"] > done),
        key=lambda batch: batch[1],
    )


def events(root: str, landing_id: str, erased: ErasedUsers) -> dict[str, str]:
    """Return the texts of the batch's messages by event id, in order."""
    stored = Lake(root).rows(BRONZE_FEEDBACK, equals={"landing_id": landing_id})
    rows = [row for row in stored if not erased.find(row["user_id"])]
    rows.sort(key=lambda row: row["source_line"])
    return {row["event_id"]: _text(row) for row in rows}


def publish(producer: Producer, target: Forward, texts: dict[str, str]) -> None:
    """Send the messages and wait until all are acknowledged.

    Raises:
        BrokerError: one was not.
    """
    failures: list[KafkaError] = []

    def on_delivery(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failures.append(error)

    deadline = time.monotonic() + SECONDS
    for key, text in texts.items():
        while not _produced(producer, target.topic, key, text, on_delivery):
            if time.monotonic() > deadline:
                break
            producer.poll(0.5)
    n_waiting = producer.flush(max(deadline - time.monotonic(), 0))
    if failures or n_waiting:
        reason = failures[0].str() if failures else f"no answer for {SECONDS:.0f} s"
        raise BrokerError(
            f"Kafka at {target.servers}: {reason}. Correct `[forward]` in the manifest or the "
            "variables KAFKA_…, and run the job again"
        )


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("forward", __doc__).parse_args(argv))
    engine = engine or database.engine(job.dataset.name)
    return run(job.root, job.dataset, engine, run_key=job.run_key)


def _produced(producer: Producer, topic: str, key: str, text: str, on_delivery: Any) -> bool:
    """Put a message into the producer's queue; return False if that is full."""
    try:
        producer.produce(topic, text, key=key, on_delivery=on_delivery)
    except BufferError:
        return False
    except KafkaException as error:
        raise BrokerError(f"{topic}: {error}") from error
    return True


def _mark(root: str, topic: str, until: int, run_key: RunKey) -> None:
    lake, name = Lake(root), _name(topic)
    mark = Mark(name, until, after=lake.mark(BRONZE_COLLECTIONS, name))
    none = arrow_schema(BRONZE_COLLECTIONS).empty_table()
    append(root, BRONZE_COLLECTIONS, none, run_key=run_key, mark=mark)


def _name(topic: str) -> str:
    return f"forwarded to {topic}"


def _text(row: dict[str, Any]) -> str:
    columns = {name: value for name, value in row.items() if name not in _OURS}
    return json.dumps(columns, default=_iso, ensure_ascii=False)


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


if __name__ == "__main__":
    entrypoint.run(main, ServingError)
