"""A standalone Spark cluster of the tests: a master and two workers with one core each.

Where namespaces can be made, the master and each worker have one, with an address of its own, as on
machines of their own. Elsewhere all are on loopback. They share one disk.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from ops.setup import jars, java
from tests.support.serving.server import free_port

SECRET = "of-the-tests"  # noqa: S105 # for a cluster that nothing else can reach
START_SECONDS = 120
POLL_SECONDS = 0.1
WORKER = "org.apache.spark.deploy.worker.Worker"
MASTER = "org.apache.spark.deploy.master.Master"
LEAN = {
    "SPARK_DAEMON_MEMORY": "256m",
    "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
}


@dataclass(frozen=True)
class Node:
    """Where a program of the cluster runs: its address, and the namespace, if it has one."""

    address: str
    namespace: str | None = None

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a program there."""
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        return [*inside, *arguments]


@dataclass(frozen=True)
class Cluster:
    """A running cluster: its nodes, the master's port, a folder, and the driver's address."""

    nodes: tuple[Node, Node, Node]
    port: int
    folder: Path
    driver: str
    workers: "dict[int, subprocess.Popen[bytes]]"

    @property
    def url(self) -> str:
        """The master's URL."""
        return f"spark://{self.nodes[0].address}:{self.port}"

    @property
    def is_apart(self) -> bool:
        """Whether the nodes have addresses of their own."""
        return self.nodes[0].namespace is not None

    def variables(self) -> dict[str, str]:
        """Return the settings with which a job uses the cluster: those of docs/cluster.md."""
        return {
            "PYSPARK_SUBMIT_ARGS": f"--master {self.url} pyspark-shell",
            "OPS_EXECUTOR_MEMORY": "1g",
            "OPS_EXECUTOR_CORES": "1",
            "SPARK_LOCAL_IP": self.driver,
            "_SPARK_AUTH_SECRET": SECRET,
        }

    def start_worker(self, number: int) -> None:
        """Start a worker, 1 or 2, and wait until it listens."""
        node, port = self.nodes[number], free_port()
        options = ["--host", node.address, "--cores", "1", "--memory", "1500m"]
        options += ["--work-dir", str(self.folder / f"work{number}"), "--webui-port", str(port)]
        self.workers[number] = _start(node, [WORKER, self.url, *options], self.folder, number)
        _wait(node, port, self.workers[number])

    def kill_worker(self, number: int) -> None:
        """Kill a worker and its executors at once, as when its machine ends."""
        process = self.workers.pop(number)
        family = [psutil.Process(process.pid)]
        family += family[0].children(recursive=True)
        for member in family:
            member.send_signal(signal.SIGKILL)
        process.wait(timeout=30)

    def end_worker(self, number: int) -> None:
        """End a worker, if it runs."""
        _end(self.workers.pop(number, None))


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Yield a cluster; its programs and namespaces end with the block."""
    with ExitStack() as stack:
        nodes, driver = stack.enter_context(_places())
        port = free_port()
        cluster = Cluster(nodes, port, folder, driver, {})
        options = ["--host", nodes[0].address, "--port", str(port)]
        options += ["--webui-port", str(free_port())]
        master = _start(nodes[0], [MASTER, *options], folder, 0)
        stack.callback(_end, master)
        _wait(nodes[0], port, master)
        for number in (1, 2):
            cluster.start_worker(number)
            stack.callback(cluster.end_worker, number)
        yield cluster


@contextmanager
def _places() -> Iterator[tuple[tuple[Node, Node, Node], str]]:
    """Yield three nodes and the driver's address: in namespaces, or on loopback."""
    if not _can_have_namespaces():
        loopback = Node("127.0.0.1")
        yield (loopback, loopback, loopback), loopback.address
        return
    mark = f"lt{os.getpid() % 100_000}"
    subnet = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
    names = [f"{mark}-{number}" for number in range(3)]
    try:
        _ip("link", "add", mark, "type", "bridge")
        _ip("addr", "add", f"{subnet}.1/24", "dev", mark)
        _ip("link", "set", mark, "up")
        for number, name in enumerate(names):
            _connect(name, mark, f"{mark}v{number}", f"{subnet}.{10 + number}")
        first, second, third = (Node(f"{subnet}.{10 + n}", name) for n, name in enumerate(names))
        yield (first, second, third), f"{subnet}.1"
    finally:
        for name in names:
            _ip("netns", "del", name, check=False)
        _ip("link", "del", mark, check=False)


def _connect(name: str, bridge: str, device: str, address: str) -> None:
    """Make a namespace whose `eth0` is at the address, on the bridge."""
    _ip("netns", "add", name)
    _ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", device, "master", bridge, "up")
    _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    _ip("-n", name, "link", "set", "lo", "up")


def _can_have_namespaces() -> bool:
    name = f"lt-probe{os.getpid()}"
    if shutil.which("ip") is None or os.geteuid() != 0:
        return False
    if _ip("netns", "add", name, check=False).returncode:
        return False
    _ip("netns", "del", name, check=False)
    return True


def _ip(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ip", *arguments], check=check, capture_output=True)  # noqa: S603, S607 # the system's own


def _start(
    node: Node, arguments: list[str], folder: Path, number: int
) -> "subprocess.Popen[bytes]":
    conf = folder / "conf"
    conf.mkdir(exist_ok=True)
    (conf / "spark-defaults.conf").write_text("spark.authenticate true\n")
    home = jars.pyspark_jars().parent
    variables: Mapping[str, str] = {
        "HOME": os.environ.get("HOME", "/"),
        "JAVA_HOME": str(java.find().home),
        "PATH": os.environ["PATH"],
        "SPARK_CONF_DIR": str(conf),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": node.address,
        "_SPARK_AUTH_SECRET": SECRET,
        **LEAN,
    }
    line = node.command(str(home / "bin/spark-class"), *arguments)
    with (folder / f"node{number}.log").open("ab") as log:
        return subprocess.Popen(line, env=variables, stdout=log, stderr=log)  # noqa: S603 # Spark's own program


def _wait(node: Node, port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _listens(node.address, port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"nothing listens on {node.address}:{port}")
        time.sleep(POLL_SECONDS)


def _listens(address: str, port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((address, port)) == 0


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is None or process.poll() is not None:
        return
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(timeout=30)
    for member in family:
        if member.is_running():
            member.kill()
