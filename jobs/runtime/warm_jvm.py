"""A JVM that stays warm between Spark jobs, as a job uses it.

A cold JVM spends more CPU time on compiling Spark's code than a small job takes. On one machine
`jobs.runtime.warm_jvm_server` keeps one JVM; SPARK_JVM_SOCKET names its socket. A job borrows the
JVM and starts a SparkContext of its own in it. Without the server, or while another job has its
JVM, a job starts a JVM as always.

The job sends one line of JSON, the variables that a JVM reads as it starts, and gets one with the
port and the secret of Py4J's gateway. It returns the JVM with a second line: a connection that ends
without it ends the JVM.
"""

import json
import logging
import os
import socket
from contextlib import closing, suppress

from warehouse.tables.vocabulary import SPARK_JVM_SOCKET

log = logging.getLogger(__name__)

SOCKET = SPARK_JVM_SOCKET
OF_PYSPARK = ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET")
# Variables that a JVM reads as it starts. Credentials of an object store begin with the prefix.
ASKED = ("PYSPARK_SUBMIT_ARGS", "SPARK_CONF_DIR")
CREDENTIALS = "AWS_"
RETURNED = b"returned\n"
START_SECONDS = 120  # a busy machine starts a JVM slowly
LONGEST_LINE = 4096

_CONNECTIONS: list[socket.socket] = []  # to the server, while this process has its JVM


def borrow() -> bool:
    """Let PySpark use the server's JVM, if it is free; return whether it does."""
    path = os.environ.get(SOCKET)
    if not path or is_borrowed():
        return is_borrowed()
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(START_SECONDS)
    try:
        connection.connect(path)
        connection.sendall(json.dumps(_wanted()).encode() + b"\n")
        answer = json.loads(connection.recv(LONGEST_LINE) or b"{}")
    except (OSError, ValueError) as error:
        log.info("no warm JVM: %s", error)
        answer = {}
    if not answer:
        connection.close()
        return False
    os.environ.update(zip(OF_PYSPARK, (str(answer["port"]), answer["secret"]), strict=True))
    _CONNECTIONS.append(connection)
    return True


def _wanted() -> dict[str, str | None]:
    """Return the variables with which the JVM must have been started."""
    credentials = sorted(name for name in os.environ if name.startswith(CREDENTIALS))
    return {name: os.environ.get(name) for name in (*ASKED, *credentials)}


def is_borrowed() -> bool:
    """Return whether this process has the server's JVM."""
    return bool(_CONNECTIONS)


def give_back(*, usable: bool) -> None:
    """Return the JVM, if it was borrowed. One that is not `usable` any more is ended."""
    while _CONNECTIONS:
        with closing(_CONNECTIONS.pop()) as connection, suppress(OSError):
            if usable:
                connection.sendall(RETURNED)
                connection.recv(1)  # the end: from now on the next job can have it
    for name in OF_PYSPARK:
        os.environ.pop(name, None)
