"""The Kafka cluster that librdkafka has for tests: it speaks Kafka's protocol on loopback."""

from collections.abc import Sequence

from confluent_kafka import Consumer, Producer, TopicPartition


class Cluster:
    """A cluster of one broker, whose topics have 4 partitions. It ends with its producer."""

    def __init__(self) -> None:
        options = {"bootstrap.servers": "test", "test.mock.num.brokers": 1, "log_level": 0}
        self.producer = Producer(options)
        broker = next(iter(self.producer.list_topics(timeout=10).brokers.values()))
        self.servers = f"{broker.host}:{broker.port}"

    def send(self, topic: str, texts: Sequence[str | bytes | None], *, partition: int = 0) -> None:
        """Send messages to a partition, and wait until the broker has them."""
        for text in texts:
            self.producer.produce(topic, text, partition=partition)
        assert self.producer.flush(10) == 0

    def n_messages(self, topic: str) -> int:
        """Return how many messages the topic has."""
        client = Consumer({"bootstrap.servers": self.servers, "group.id": "count"})
        partitions = client.list_topics(topic, timeout=10).topics[topic].partitions
        ends = [
            client.get_watermark_offsets(TopicPartition(topic, p), timeout=10) for p in partitions
        ]
        client.close()
        return sum(end - start for start, end in ends)
