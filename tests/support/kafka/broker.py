"""A real Kafka broker for tests: one process, in KRaft mode, on loopback."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from ops.setup import jars, java
from ops.setup.jars import Jar
from tests.support.serving.server import free_port

LOCK = Path(__file__).with_suffix(".lock")
JARS = tuple(map(Jar.parse, LOCK.read_text().splitlines()))
START_SECONDS = 90
OPTIONS = ("-Xms32m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# The default of the cleaner's buffer is 128 MB of the heap.
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/log
num.network.threads=2
num.io.threads=2
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=4194304
"""
LOGGING = """
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""


class Broker:
    """A broker whose data is in the folder; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.servers = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._jars = folder / "jars"
        self._jars.mkdir(parents=True)
        jars.install(self._jars, jars=JARS)
        properties = PROPERTIES.format(port=self.port, controller=free_port(), folder=folder)
        self._properties = folder / "server.properties"
        self._properties.write_text(properties)
        (folder / "log4j2.properties").write_text(LOGGING)
        made = self._run("kafka.tools.StorageTool", "random-uuid").split()[-1]
        self._run("kafka.tools.StorageTool", "format", "-t", made, "-c", str(self._properties))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 # our own Java
                self._command("kafka.Kafka", str(self._properties)),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "broker.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the broker does not answer"

    def kill(self) -> None:
        """End it as by `kill -9`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def make_topic(self, name: str, n_partitions: int) -> None:
        """Create a topic, and wait until the broker has it."""
        admin = self._admin()  # its answers end with it
        admin.create_topics([NewTopic(name, n_partitions, 1)])[name].result(30)

    def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """Delete the messages of a partition before an offset, as a short retention does."""
        admin = self._admin()
        for done in admin.delete_records([TopicPartition(topic, partition, offset)]).values():
            done.result(30)

    def send(self, topic: str, texts: Sequence[str], *, partition: int = 0) -> None:
        """Send messages to a partition, and wait until the broker has them."""
        producer = Producer({"bootstrap.servers": self.servers, "enable.idempotence": True})
        for text in texts:
            producer.produce(topic, text, partition=partition)
            producer.poll(0)
        assert producer.flush(60) == 0

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.servers, "log_level": 0})

    def _answers(self) -> bool:
        try:
            self._admin().list_topics(timeout=1)
        except KafkaException:
            return False
        return True

    def _command(self, *words: str) -> list[str]:
        program = str(java.find().home / "bin" / "java")
        logging = f"-Dlog4j2.configurationFile={self.folder}/log4j2.properties"
        return [program, *OPTIONS, logging, "-cp", f"{self._jars}/*", *words]

    def _run(self, *words: str) -> str:
        done = subprocess.run(  # noqa: S603
            self._command(*words), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
