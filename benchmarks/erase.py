"""Seconds to erase 1,000 users of MovieLens 1M from a lake, and the traces that are left.

    python -m benchmarks.erase ARCHIVE [--users 1000]

ARCHIVE is ml-1m.zip as published; the ids of users get a prefix, so that a trace is unmistakable.
The jobs land, refine, train and publish in a temporary lake and a temporary Postgres. Then the
users are erased, and `jobs.erase --now` runs as a process of its own. All files of the lake are
read before and after it: values and statistics of Parquet files, logs and checkpoints.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from benchmarks.lakes import ROOT
from jobs import publish
from jobs.runtime import session
from serving.storage import database
from serving.users import accounts
from serving.users.erasures import USER_TABLES
from tests.support.jobs import without_postgres
from tests.support.jobs.traces import contents
from tests.support.serving.server import as_role, create_database, temporary_server
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.run_keys import RunKey

NAME, PREFIX, TARGET_SECONDS = "erasure", "ml1m-user-", 180
USER = re.compile(rf"{PREFIX}\d+")
MEMBERS = ("ratings.dat", "users.dat", "movies.dat")


def main() -> None:
    """Print seconds, memory and traces."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    parser.add_argument("--users", type=int, default=1000, help="number of users to erase")
    options = parser.parse_args()
    os.environ.setdefault("SPARK_CONF_DIR", str(ROOT / "conf/spark"))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    with tempfile.TemporaryDirectory() as folder, temporary_server({}) as server:
        where = Path(folder)
        dataset, users = prepared(where, options.archive)
        owner_url = create_database(server.url("postgres"), "bench")
        database.migrate(owner_url, NAME)
        database.grant(owner_url, NAME)
        owner = database.connect(owner_url, NAME)
        publisher_url = as_role(owner_url, "publisher")
        publisher = database.connect(publisher_url, NAME)
        train(where, dataset, publisher)
        erased = set(random.Random(1).sample(sorted(users), options.users))  # noqa: S311 # a sample
        before = traces(where / "lake", erased)
        request(owner, erased)
        seconds, megabytes = run(where, publisher_url)
        after, rows = traces(where / "lake", erased), rows_of(owner, erased)
        owner.dispose()
        publisher.dispose()
    print(f"{len(erased)} of {len(users)} users, {sum(before.values())} traces before", flush=True)
    print(f"  files with traces before     {len(before):6}")
    print(f"  jobs.erase --now             {seconds:6.1f} s, target {TARGET_SECONDS} s")
    print(f"  its peak memory              {megabytes:6.0f} MB")
    print(f"  traces in data files         {of(after, 'data'):6}")
    print(f"  traces in logs and statistics{of(after, 'log'):6}")
    print(f"  rows in Postgres             {rows:6}")
    sys.exit(0 if not after and not rows and seconds <= TARGET_SECONDS else 1)


def prepared(folder: Path, archive: Path) -> tuple[Dataset, set[str]]:
    """Return the data set and its users, after writing its manifest and its files."""
    inbox, manifests = folder / "inbox" / NAME, folder / "manifests"
    inbox.mkdir(parents=True)
    manifests.mkdir()
    users: set[str] = set()
    with zipfile.ZipFile(archive) as packed:
        for member in MEMBERS:
            content = packed.read(f"ml-1m/{member}")
            if member != "movies.dat":
                lines = content.decode("latin-1").splitlines()
                users |= {f"{PREFIX}{line.partition('::')[0]}" for line in lines}
                content = "".join(f"{PREFIX}{line}\n" for line in lines).encode("latin-1")
            (inbox / member).write_bytes(content)
    manifest = (ROOT / "datasets/movielens_1m.toml").read_text().replace("ml-1m/", "")
    source = re.compile(r"\[source\].*?\n\n", re.DOTALL)
    with_inbox = source.sub('[source]\nkind = "inbox"\n\n', manifest)
    (manifests / f"{NAME}.toml").write_text(with_inbox)
    os.environ["DATASETS_MANIFESTS"] = str(manifests)
    return datasets.load(manifests / f"{NAME}.toml"), users


def train(folder: Path, dataset: Dataset, publisher: Engine) -> None:
    """Run all jobs from files to a live release."""
    key = RunKey(f"{NAME}__retrain", "one", "publish")
    spark = session.start("benchmark")
    warehouse = Warehouse(spark, str(folder / "lake" / NAME), run_key=key)
    inbox, now = folder / "inbox" / NAME, datetime.now(UTC)
    seconds = without_postgres.ingest(warehouse, dataset, inbox, now=now)
    seconds |= without_postgres.retrain(warehouse, dataset)[1]
    print({job: round(of_job) for job, of_job in seconds.items()}, flush=True)
    publish.run(warehouse.root, dataset, publisher, run_key=key)
    spark.stop()


def request(owner: Engine, users: set[str]) -> None:
    """Erase the users from Postgres, as the API does."""
    started = time.perf_counter()
    for user_id in sorted(users):
        with owner.begin() as connection:
            accounts.erase(connection, user_id, requested_by="benchmark")
    print(f"{len(users)} requests in {time.perf_counter() - started:.1f} s", flush=True)


def run(folder: Path, url: str) -> tuple[float, float]:
    """Run the job; return its seconds, with the start of Python, and its peak memory in MB."""
    paths = {"LAKE_ROOT": str(folder / "lake"), "LAKE_INBOX": str(folder / "inbox")}
    command = [sys.executable, "-m", "jobs.erase", "--dataset", NAME, "--now"]
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 # our own command
        command, env=os.environ | paths | {"SERVING_DATABASE_URL": url}, cwd=ROOT
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("jobs.erase failed")
    return seconds, usage.ru_maxrss / 1024


def traces(root: Path, users: set[str]) -> Counter[str]:
    """Return how often the users are named in each file that names one."""
    counts: Counter[str] = Counter()
    for file in (path for path in root.rglob("*") if path.is_file()):
        counts[str(file)] = sum(
            found in users for content in contents(file) for found in USER.findall(content)
        )
    return +counts


def rows_of(owner: Engine, users: set[str]) -> int:
    """Return the number of rows of the users in Postgres."""
    with owner.connect() as connection:
        return sum(
            connection.scalar(
                text(f"select count(*) from {table} where user_id = any(:users)"),  # noqa: S608 # our own names
                {"users": sorted(users)},
            )
            or 0
            for table in USER_TABLES
        )


def of(counts: Counter[str], kind: str) -> int:
    """Return the number of traces in files of the log, or in data files."""
    return sum(n for file, n in counts.items() if ("_delta_log" in file) == (kind == "log"))


if __name__ == "__main__":
    main()
