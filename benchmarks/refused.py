"""What refused requests cost the API, and those who read lists meanwhile.

    python -m benchmarks.refused [--users 6040] [--seconds 10]

A request without a key has a body of 64 KB. The first figures are its CPU time and the size of its
answer, without the limit of refusals. The others are the durations of lists, read by one client,
alone and while 8 connections send such requests as fast as they are answered.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Event, Thread

import numpy as np
import psutil

from benchmarks.api_read import DATASET, prepare, read_lists, started_api
from tests.support.serving.server import as_role, create_database, temporary_server

BODY = b'{"item_ids": [' + b'"",' * 21_000 + b'""], "available": true}'
PATH = f"/v1/{DATASET}/availability"
N_REFUSED, N_CONNECTIONS = 300, 8
MOST_MS, MOST_BYTES, MOST_TIMES = 2.0, 2048, 1.5


def main() -> None:
    """Print the figures and whether they meet the targets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=6040)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    with temporary_server() as server:
        owner = create_database(server.url("postgres"), DATASET)
        key = prepare(owner, arguments.users)
        api = as_role(owner, "api")
        with started_api(api, API_REFUSALS_PER_SECOND="0") as (address, pid):
            milliseconds, size = cost(address, pid)
        with started_api(api) as (address, _):
            url = f"http://{address[0]}:{address[1]}"
            read_lists(url, key, arguments.users, 1, 0)  # warm up
            alone = read_lists(url, key, arguments.users, arguments.seconds, 1)
            with refused_requests(address) as counts:
                beside = read_lists(url, key, arguments.users, arguments.seconds, 2)
    times = p95(beside) / p95(alone)
    print(
        f"a refused request of {len(BODY)} bytes: {milliseconds:.2f} ms of CPU, {size} bytes back"
    )
    print(f"lists alone: p95 {p95(alone):.2f} ms")
    print(
        f"lists beside {sum(counts)} refused requests: p95 {p95(beside):.2f} ms, {times:.2f} times"
    )
    is_met = milliseconds < MOST_MS and size < MOST_BYTES and times <= MOST_TIMES
    sys.exit(None if is_met else "TARGET MISSED")


def cost(address: tuple[str, int], pid: int) -> tuple[float, int]:
    """Return the CPU time of a refused request in ms, and the size of its answer in bytes."""
    http = HTTPConnection(*address, timeout=30)
    send(http)
    process = psutil.Process(pid)
    before = process.cpu_times()
    sizes = [send(http) for _ in range(N_REFUSED)]
    after = process.cpu_times()
    http.close()
    seconds = after.user + after.system - before.user - before.system
    return 1000 * seconds / N_REFUSED, max(sizes)


@contextmanager
def refused_requests(address: tuple[str, int]) -> Iterator[list[int]]:
    """Send refused requests on 8 connections meanwhile; yield their numbers, set at the end."""
    ended = Event()
    counts = [0] * N_CONNECTIONS

    def keep_sending(n: int) -> None:
        http = HTTPConnection(*address, timeout=30)
        while not ended.is_set():
            send(http)
            counts[n] += 1
        http.close()

    threads = [Thread(target=keep_sending, args=(n,)) for n in range(N_CONNECTIONS)]
    for thread in threads:
        thread.start()
    time.sleep(1)  # the first refusals are answered at once
    try:
        yield counts
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def send(http: HTTPConnection) -> int:
    """Send one refused request and return the size of its answer with its header, in bytes."""
    http.request("PUT", PATH, BODY, {"Content-Type": "application/json"})
    answer = http.getresponse()
    body = answer.read()
    if answer.status not in {401, 429}:
        raise RuntimeError(f"status {answer.status}: {body[:200]!r}")
    return len(str(answer.headers)) + len(body)


def p95(durations: list[float]) -> float:
    """Return the 95th percentile in ms."""
    return 1000 * float(np.percentile(durations, 95))


if __name__ == "__main__":
    main()
