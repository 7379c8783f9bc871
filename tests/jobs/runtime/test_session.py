import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RPC_REQUEST = 3  # type of a message of Spark's network protocol
UNKNOWN_CLASS = b"\xac\xed\x00\x05sr\x00\x05Guest" + bytes(8) + b"\x02\x00\x00xp"


def test_a_driver_creates_no_object_that_another_user_of_the_machine_sends(
    spark: "SparkSession",
) -> None:
    answer = sent(int(spark.sparkContext.getConf().get("spark.driver.port", "")), UNKNOWN_CLASS)

    assert b"Guest" not in answer  # else Java looked for the class
    assert b"Expected SaslMessage" in answer


def sent(port: int, java_object: bytes) -> bytes:
    """Send an object to an endpoint of a driver without authentication, and return the answer."""
    to_endpoint = b"\x00\x00" + struct.pack(">H", 5) + b"guest"  # no addresses, and a name
    body = to_endpoint + java_object
    message = struct.pack(">BqI", RPC_REQUEST, 1, len(body)) + body
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(struct.pack(">q", 8 + len(message)) + message)
        return connection.recv(4096)
