"""Land the messages of Kafka topics in bronze, each once. No Spark.

Each section of the manifest names a topic in `file`. A message is one row, whatever it contains: a
JSON object becomes columns, anything else goes to the quarantine like a malformed line. All
messages that are there when the job starts are read. The commit that adds a batch of rows also
records, in the table's log, the next offset of each partition: so a killed run is repeated without
loss and without a second copy, and two runs at once write each message once. After the rows a row
of bronze.landings is written; the next run completes a killed one. Kafka stores no offsets for us.

Run: python -m jobs.listen --dataset shop
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from confluent_kafka import Consumer

from jobs.ingestion import sources, topics
from jobs.ingestion.bronze_batches import batches_of
from jobs.ingestion.reading import memory
from jobs.ingestion.reading.messages import MessagesReader
from jobs.ingestion.sources import SentFile
from jobs.ingestion.topics import Sent
from jobs.runtime import entrypoint
from jobs.runtime.errors import JobError
from jobs.runtime.kafka_settings import KafkaSettings
from jobs.runtime.logs import event
from warehouse.append import Mark, append
from warehouse.creation import arrow_schema
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE, BRONZE_LANDINGS, Table

log = logging.getLogger(__name__)

Cursors = dict[int, int]  # the next offset to read, by partition


@dataclass(frozen=True)
class Listener:
    """One section of the manifest, whose messages become rows of one table in bronze."""

    root: str
    section: SentFile  # its name is the topic
    run_key: RunKey

    @property
    def topic(self) -> str:
        """The topic's name."""
        return self.section.name

    @property
    def table(self) -> Table:
        """The table of its rows."""
        return BRONZE[self.section.target]

    def cursors(self, partitions: Sequence[int]) -> Cursors:
        """Return the cursors of those partitions that were read before."""
        names = {self._mark(partition): partition for partition in partitions}
        marks = Lake(self.root).marks(self.table, names)
        return {names[name]: version for name, version in marks.items()}

    def write(self, messages: Sequence[Sent], cursors: Mapping[int, int]) -> Cursors | None:
        """Write rows and cursors in one commit.

        Returns:
            The new cursors; None if another run has written meanwhile.
        """
        after = {**cursors, **{sent.partition: sent.offset + 1 for sent in messages}}
        rows = self._rows(messages, self.landing(after))
        marks = [
            Mark(self._mark(partition), after[partition], after=cursors.get(partition))
            for partition in sorted({sent.partition for sent in messages})
        ]
        is_written = append(self.root, self.table, rows, run_key=self.run_key, mark=marks)
        return after if is_written else None

    def complete(self, cursors: Mapping[int, int]) -> None:
        """Record the newest batch as a landing, unless it is recorded."""
        if not cursors:
            return
        lake, landed = Lake(self.root), self.landing(cursors)
        if lake.mark(BRONZE_LANDINGS, landed.landing_id) is not None:
            return
        written = lake.read(
            self.table, columns=["landing_id"], equals={"landing_id": landed.landing_id}
        )
        row = {
            "landing_id": landed.landing_id,
            "target": landed.target,
            "source_file": landed.name,
            "sha256": landed.sha256,
            "n_rows": written.num_rows,
            "run_key": str(self.run_key),
            "landed_at": datetime.now(UTC),
            "reading": landed.reading,
            "section": landed.section_name,
            "replaces": [],
        }
        mark = Mark(landed.landing_id)
        append(self.root, BRONZE_LANDINGS, [row], run_key=self.run_key, mark=mark)

    def landing(self, cursors: Mapping[int, int]) -> SentFile:
        """Return the landing of the batch that ends at these cursors."""
        text = " ".join(f"{partition}:{at}" for partition, at in sorted(cursors.items()))
        section = self.section
        name = f"kafka {self.topic} {section.section_name} {text}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        return SentFile(
            section.target, self.topic, "", digest, section.section, section.section_name
        )

    def _mark(self, partition: int) -> str:
        return f"kafka {self.section.section_name or self.topic} {self.topic}/{partition}"

    def _rows(self, messages: Sequence[Sent], landed: SentFile) -> pa.Table:
        sent = [message for message in messages if message.text is not None]
        reader = MessagesReader([message.text or b"" for message in sent], self.topic)
        with memory.bounded():
            batches = batches_of(reader, landed, table=self.table, run_key=str(self.run_key))
            rows = pa.Table.from_batches(list(batches), arrow_schema(self.table))
        number = rows["source_line"].to_numpy() - 1
        offsets = np.array([message.offset for message in sent], dtype=np.int64)
        files = pa.array([f"{self.topic}/{message.partition}" for message in sent], pa.string())
        columns = {"source_line": pa.array(offsets[number]), "source_file": files.take(number)}
        for name, values in columns.items():
            rows = rows.set_column(rows.schema.get_field_index(name), name, values)
        return rows


def run(
    root: str,
    dataset: Dataset,
    *,
    run_key: RunKey,
    settings: KafkaSettings | None = None,
    accept_lost: bool = False,
) -> int:
    """Land all messages of now; return their number.

    Raises:
        BrokerError: Kafka does not answer, or has no such topic.
        MessagesLostError: messages were deleted before they were read; see `--accept-lost`.
    """
    n_messages = 0
    with topics.consumer(dataset, settings or KafkaSettings()) as client:
        for target, name, section in sources.named_sections(dataset):
            topic = SentFile(target, section.file, "", "", section, name)
            listener = Listener(root, topic, run_key)
            n_messages += _drain(client, listener, accept_lost=accept_lost)
    log.info(event("listened", dataset=dataset.name, messages=n_messages))
    return n_messages


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, run."""
    parser = entrypoint.parser("listen", __doc__)
    parser.add_argument(
        "--accept-lost", action="store_true", help="go on where Kafka has deleted messages"
    )
    args = parser.parse_args(argv)
    job = entrypoint.job(args)
    run(job.root, job.dataset, run_key=job.run_key, accept_lost=args.accept_lost)


def _drain(client: Consumer, listener: Listener, *, accept_lost: bool) -> int:
    """Land the messages of one topic; return their number."""
    partitions = topics.partitions(client, listener.topic)
    cursors = listener.cursors(partitions)
    listener.complete(cursors)
    starts = topics.first_offsets(client, listener.topic, cursors) if accept_lost else cursors
    n_messages = 0
    for messages in topics.batches(
        client, listener.topic, topics.ranges(client, listener.topic, starts)
    ):
        written = listener.write(messages, cursors)
        if written is None:
            raise JobError(f"{listener.topic}: another run is reading this topic; run it again")
        cursors = written
        listener.complete(cursors)
        n_messages += len(messages)
    return n_messages


if __name__ == "__main__":
    entrypoint.run(main)
