"""The Kafka cluster that librdkafka has for tests: it speaks Kafka's protocol on loopback."""

from collections.abc import Sequence

from confluent_kafka import Producer


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
