"""Messages per second from a topic into bronze, with a kill in the middle.

    python -m benchmarks.kafka [--messages 100000] [--servers HOST:PORT]

The messages are JSON ratings in 4 partitions. A process lands them and is killed with SIGKILL after
its first commit of rows; a second one completes the rest, and its rate is printed. Afterwards each
message must be in bronze once. Without `--servers` the cluster is the one that librdkafka has for
tests, in this process; the topic must be new and have 4 partitions.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Producer

from benchmarks.lakes import ROOT
from jobs.ingestion import topics
from warehouse.query import Lake
from warehouse.tables import BRONZE_LANDINGS, BRONZE_RATINGS

PARTITIONS = 4
TARGET = 5000  # messages a second
MANIFEST = """
title = "Topic"
licence = "Invented."
source = {{ kind = "kafka", servers = "{servers}" }}
ratings = {{ file = "{topic}", format = "jsonl" }}
scale = {{ lowest = 1, highest = 5, step = 1, relevant_from = 4 }}
"""


def main() -> None:
    """Send, land with a kill, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--servers", help="a running cluster")
    options = parser.parse_args()
    test = {"test.mock.num.brokers": 1}
    producer = Producer(
        {"bootstrap.servers": options.servers or "test", **({} if options.servers else test)}
    )
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    topic = f"ratings-{uuid4().hex[:8]}"
    for number in range(options.messages):
        text = json.dumps({"user": f"u{number}", "item": "i", "value": 3, "time": number})
        producer.produce(topic, text, partition=number % PARTITIONS)
        producer.poll(0)
    producer.flush()
    with tempfile.TemporaryDirectory() as folder:
        manifest = MANIFEST.format(servers=f"{broker.host}:{broker.port}", topic=topic)
        Path(folder, "topic.toml").write_text(manifest)
        measure(folder, options.messages)
    producer.close()


def measure(folder: str, n_messages: int) -> None:
    """Land the messages of the manifest in the folder, and check the rows."""
    variables = os.environ | {
        "LAKE_ROOT": f"{folder}/lake",
        "LAKE_INBOX": f"{folder}/inbox",
        "DATASETS_MANIFESTS": folder,
    }
    command = [sys.executable, "-m", "jobs.listen", "--dataset", "topic"]
    lake = Lake(f"{folder}/lake/topic")
    killed = subprocess.Popen(command, cwd=ROOT, env=variables)  # noqa: S603 # our own Python
    while killed.poll() is None and not n_landed(lake):
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    n_before = n_landed(lake)
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=variables, check=True)  # noqa: S603
    seconds = time.monotonic() - started
    rate = (n_messages - n_before) / seconds
    users = set()
    n_rows = 0
    for batch in lake.batches(BRONZE_RATINGS, columns=["user_id"]):
        n_rows += batch.num_rows
        users |= set(batch[0].to_pylist())
    n_recorded = sum(row["n_rows"] for row in lake.rows(BRONZE_LANDINGS, columns=["n_rows"]))
    is_exact = n_messages == n_rows == len(users) == n_recorded
    print(f"killed after {n_before} rows, batches of {topics.MOST_MESSAGES}")
    print(f"{rate:,.0f} messages a second (target {TARGET:,}) {'ok' if rate >= TARGET else 'SLOW'}")
    print(f"{n_rows} rows, {len(users)} distinct, {n_recorded} in landings: ", end="")
    print("exact" if is_exact else "NOT EXACT")
    if not is_exact:
        sys.exit(1)


def n_landed(lake: Lake) -> int:
    """Return the rows in bronze."""
    return lake.n_rows(BRONZE_RATINGS) if lake.exists(BRONZE_RATINGS) else 0


if __name__ == "__main__":
    main()
