"""Jobs that write the same tables of a lake in S3 at the same moment, where nothing is locked."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from jobs import collect, land
from ops.settings import ROOT
from ops.setup import jars, object_store
from tests.jobs import test_collect
from tests.support.jobs import two_batches
from tests.support.jobs.product import HEADER, product, send
from tests.support.quick_spark import quick_spark
from tests.support.scale import pipeline
from tests.support.scale.s3_server import S3Server
from warehouse import landings
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_FEEDBACK, BRONZE_RATINGS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.scale, pytest.mark.timeout(1200)]

N_ROUNDS = 5
RATINGS = product(items=None, users=None)


@pytest.fixture
def root(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The root of an empty data set in S3, with the store's variables in the environment."""
    for name, value in s3_server.variables.items():
        monkeypatch.setenv(name, value)
    return f"{s3_server.root}/{uuid4().hex}"


def without_spark() -> "SparkSession":
    raise AssertionError("a few small files are landed without Spark")


def landed(root: str, run: str, inbox: Path) -> None:
    warehouse = Warehouse(without_spark, root, run_key=RunKey("product__ingest", run, "land"))
    land.run(warehouse, two_batches.DATASET, inbox)


def refining(root: str, run: str, variables: dict[str, str]) -> "subprocess.Popen[str]":
    """Return a process that has read its batch and waits for a line."""
    command = [sys.executable, "-m", "tests.support.scale.refining", root, run]
    process = subprocess.Popen(  # noqa: S603 # our own Python
        command, env=variables, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_drivers_that_refine_the_first_landings_at_once_lose_and_double_nothing(
    s3_server: S3Server, root: str, tmp_path: Path
) -> None:
    object_store.install(jars.pyspark_jars())
    conf, inbox = quick_spark(tmp_path / "spark"), tmp_path / "inbox"
    variables = pipeline.environment(conf, root, s3_server.variables)
    two_batches.send_first(inbox)
    landed(root, "1", inbox)

    with refining(root, "1", variables) as first:
        two_batches.send_second(inbox)
        landed(root, "2", inbox)
        with refining(root, "2", variables) as second:
            for process in (first, second):
                assert process.stdin is not None
                process.stdin.write("begin\n")
                process.stdin.flush()

    assert (first.returncode, second.returncode) == (0, 0)
    two_batches.assert_refined(root)


def test_files_land_while_events_are_collected_and_each_landing_is_recorded_once(
    root: str, tmp_path: Path, owner: Engine, publisher: Engine
) -> None:
    barrier = Barrier(2, timeout=60)

    def land_files() -> None:
        for number in range(N_ROUNDS):
            send(tmp_path, f"ratings-{number}.csv", HEADER, f"u{number},a,5,100")
            key = RunKey("product__ingest", str(number), "land")
            barrier.wait()
            assert land.run(Warehouse(without_spark, root, run_key=key), RATINGS, tmp_path) == 1

    def collect_events() -> None:
        for number in range(N_ROUNDS):
            test_collect.send(owner, f"e{number}")
            key = RunKey("product__collect", str(number), "collect")
            barrier.wait()
            assert collect.run(root, RATINGS, publisher, run_key=key) == 0

    with ThreadPoolExecutor(2) as executor:
        for done in [executor.submit(land_files), executor.submit(collect_events)]:
            done.result()

    lake = Lake(root)
    recorded = landings.recorded(lake)
    assert Counter(x.target for x in recorded) == {"ratings": N_ROUNDS, "feedback": N_ROUNDS}
    assert len({landing.landing_id for landing in recorded}) == 2 * N_ROUNDS
    assert lake.n_rows(BRONZE_RATINGS) == lake.n_rows(BRONZE_FEEDBACK) == N_ROUNDS
