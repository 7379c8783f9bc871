import socket
import struct
from typing import TYPE_CHECKING

import pytest
from pyspark import SparkConf

from jobs.runtime import session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ADAPTIVE = "spark.sql.adaptive.enabled"
RPC_REQUEST = 3  # type of a message of Spark's network protocol
UNKNOWN_CLASS = b"\xac\xed\x00\x05sr\x00\x05Guest" + bytes(8) + b"\x02\x00\x00xp"


def test_a_driver_creates_no_object_that_another_user_of_the_machine_sends(
    spark: "SparkSession",
) -> None:
    answer = sent(int(spark.sparkContext.getConf().get("spark.driver.port", "")), UNKNOWN_CLASS)

    assert b"Guest" not in answer  # else Java looked for the class
    assert b"Expected SaslMessage" in answer


@pytest.mark.parametrize(
    ("given", "n_rows", "expected"),
    [
        ({}, 2_000_000, {ADAPTIVE: "false"}),
        ({"spark.master": "local[8]"}, 0, {ADAPTIVE: "false"}),
        ({}, 2_000_001, {}),
        ({}, None, {}),
        ({"spark.master": "spark://host:7077"}, 1000, {}),
        ({ADAPTIVE: "true"}, 1000, {}),
    ],
)
def test_plans_of_few_events_on_one_machine_are_not_adaptive(
    given: dict[str, str], n_rows: int | None, expected: dict[str, str]
) -> None:
    conf = SparkConf(loadDefaults=False).setAll(list(given.items()))
    assert session.of_size(conf, n_rows) == expected


def sent(port: int, java_object: bytes) -> bytes:
    """Send an object to an endpoint of a driver without authentication, and return the answer."""
    to_endpoint = b"\x00\x00" + struct.pack(">H", 5) + b"guest"  # no addresses, and a name
    body = to_endpoint + java_object
    message = struct.pack(">BqI", RPC_REQUEST, 1, len(body)) + body
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(struct.pack(">q", 8 + len(message)) + message)
        return connection.recv(4096)
