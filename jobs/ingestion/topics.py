"""Read the topics of a Kafka cluster: all messages from given offsets up to the end of now.

Offsets are kept in the lake, with the rows (`jobs.listen`). Kafka stores none for us, so a consumer
group is only a name in Kafka's own figures.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from jobs.runtime.errors import BrokerError, MessagesLostError
from jobs.runtime.kafka_settings import KafkaSettings
from warehouse.datasets import Dataset

MOST_MESSAGES = 50_000  # of one batch, which is one commit
MOST_BYTES = 1 << 26
SECONDS = 30.0  # to wait for an answer
_POLLED = 5_000


@dataclass(frozen=True, slots=True)
class Sent:
    """One message. `text` is None if it has no value: Kafka's mark of a deleted key."""

    partition: int
    offset: int
    text: bytes | None


@dataclass(frozen=True, slots=True)
class Range:
    """The offsets of a partition that are read: from `start` on, before `end`."""

    start: int
    end: int


@contextmanager
def consumer(dataset: Dataset, settings: KafkaSettings) -> Iterator[Consumer]:
    """Yield a consumer of the data set's cluster; errors of the cluster become sentences.

    Raises:
        BrokerError: the cluster does not answer, or refuses.
    """
    servers = dataset.source.servers
    options: dict[str, Any] = {
        "bootstrap.servers": servers,
        "group.id": f"lantern-{dataset.name}",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        **settings.options(),
    }
    client = Consumer(options)
    try:
        yield client
    except KafkaException as error:
        reason = error.args[0].str() if isinstance(error.args[0], KafkaError) else str(error)
        raise BrokerError(
            f"{dataset.name}: Kafka at {servers}: {reason}. Correct `servers` in the manifest or "
            "the variables KAFKA_…, and run the job again"
        ) from error
    finally:
        client.close()


def partitions(client: Consumer, topic: str) -> list[int]:
    """Return the partitions of a topic.

    Raises:
        BrokerError: there is no such topic.
    """
    described = client.list_topics(topic, timeout=SECONDS).topics[topic]
    if described.error is not None or not described.partitions:
        raise BrokerError(f"Kafka has no topic `{topic}`: correct `file` in the manifest")
    return sorted(described.partitions)


def ranges(client: Consumer, topic: str, cursors: Mapping[int, int]) -> dict[int, Range]:
    """Return what there is to read, by partition. Without a cursor that is all that is kept.

    Raises:
        MessagesLostError: Kafka has deleted messages that were not read, or the topic is another.
    """
    found = {}
    for partition in partitions(client, topic):
        at = TopicPartition(topic, partition)
        oldest, end = client.get_watermark_offsets(at, timeout=SECONDS)
        start = cursors.get(partition, oldest)
        if start < oldest:
            raise MessagesLostError(
                f"{topic}/{partition}: {oldest - start} messages were deleted in Kafka before they "
                "were read. Keep them longer (`retention.ms`). `--accept-lost` goes on without them"
            )
        if start > end:
            raise MessagesLostError(
                f"{topic}/{partition}: the topic ends at {end}, but was read up to {start}: it was "
                "made anew. `--accept-lost` reads it from its beginning"
            )
        if start < end:
            found[partition] = Range(start, end)
    return found


def first_offsets(client: Consumer, topic: str, cursors: Mapping[int, int]) -> dict[int, int]:
    """Return the cursors, and the oldest offset where messages were lost."""
    kept = {}
    for partition, cursor in cursors.items():
        at = TopicPartition(topic, partition)
        oldest, end = client.get_watermark_offsets(at, timeout=SECONDS)
        kept[partition] = cursor if oldest <= cursor <= end else oldest
    return kept


def batches(client: Consumer, topic: str, wanted: Mapping[int, Range]) -> Iterator[list[Sent]]:
    """Yield the messages in batches; those of a partition are in order.

    Raises:
        BrokerError: the cluster stops answering.
    """
    unread = dict(wanted)
    client.assign([TopicPartition(topic, p, range_.start) for p, range_ in wanted.items()])
    batch: list[Sent] = []
    n_bytes = 0
    while unread:
        for message in _polled(client, topic):
            partition, offset = int(message.partition() or 0), int(message.offset() or 0)
            if message.error() is not None:  # the end of a partition: markers follow its messages
                unread.pop(partition, None)
            elif partition in unread and offset < unread[partition].end:
                batch.append(Sent(partition, offset, message.value()))
                n_bytes += len(message.value() or b"")
            if partition in unread and offset >= unread[partition].end - 1:
                unread.pop(partition)
        if len(batch) >= MOST_MESSAGES or n_bytes >= MOST_BYTES or (batch and not unread):
            yield batch
            batch, n_bytes = [], 0
    client.unassign()


def _polled(client: Consumer, topic: str) -> list[Message]:
    """Return the next messages, and errors that say that a partition ends."""
    deadline = time.monotonic() + SECONDS
    while not (messages := client.consume(_POLLED, timeout=0.5)):
        if time.monotonic() > deadline:
            raise BrokerError(f"{topic}: Kafka sent nothing for {SECONDS:.0f} s. Run the job again")
    for message in messages:
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
            raise KafkaException(error)
    return messages
