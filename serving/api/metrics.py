"""Metrics for Prometheus: requests, events, the outboxes and storage.

Each process has its own counters: with several workers, scrape each at its own address.
"""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.datasets import Datasets
from serving.api.platform_metrics import PlatformCollector
from serving.errors import ApiError
from serving.schemas import EventStatus, ListKind, OutboxState, Receipt, TableSize, UndoReceipt
from serving.storage import sizes
from serving.users import feedback

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self, datasets: Datasets, disk_folders: Sequence[Path] = ()) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "lantern_api_requests",
            "Responses by route, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "lantern_api_request_seconds",
            "Seconds from a request's headers to the end of its response.",
            ("route", "method"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._events = Counter(
            "lantern_events",
            "Events by kind and status: accepted, repeated or refused.",
            ("dataset", "kind", "status"),
            registry=self.registry,
        )
        self._lists = Counter(
            "lantern_lists",
            "Lists for users, by kind: live, batch or fallback.",
            ("dataset", "kind"),
            registry=self.registry,
        )
        self._dropped_lists = Counter(
            "lantern_shown_lists_dropped",
            "Lists that were served and not kept.",
            ("dataset",),
            registry=self.registry,
        )
        self._cache: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.registry.register(Outboxes(datasets))
        self.registry.register(Storage(datasets, disk_folders))
        self.registry.register(PlatformCollector(datasets))
        ProcessCollector(registry=self.registry)

    def count_response(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one response."""
        metrics = self._cache.get((route, method, status))
        if metrics is None:
            metrics = (
                self._requests.labels(route, method, str(status)),
                self._seconds.labels(route, method),
            )
            self._cache[route, method, status] = metrics
        metrics[0].inc()
        metrics[1].observe(seconds)

    def count_event(self, dataset: str, receipt: Receipt | UndoReceipt) -> None:
        """Count one event."""
        self._events.labels(dataset, receipt.kind, receipt.status).inc()

    def count_events(self, dataset: str, kinds: Mapping[tuple[str, EventStatus], int]) -> None:
        """Count the events of a batch by kind and status."""
        for (kind, status), n in kinds.items():
            self._events.labels(dataset, kind, status).inc(n)

    def count_dropped_lists(self, dataset: str, n: int) -> None:
        """Count lists that were served and are not kept."""
        self._dropped_lists.labels(dataset).inc(n)

    def count_list(self, dataset: str, kind: ListKind) -> None:
        """Count one list for a user."""
        self._lists.labels(dataset, kind).inc()


class Outboxes(Collector):
    """The number and age of waiting events in each outbox, read at each scrape."""

    def __init__(self, datasets: Datasets) -> None:
        self._datasets = datasets

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield whether the database answers and, if so, the state of the outboxes."""
        up = GaugeMetricFamily("lantern_database_up", "Whether Postgres answers.")
        waiting = GaugeMetricFamily(
            "lantern_outbox_waiting", "Events that wait to be collected.", labels=["dataset"]
        )
        oldest = GaugeMetricFamily(
            "lantern_outbox_oldest_age_seconds",
            "Age of the oldest waiting event in seconds; 0 if none waits.",
            labels=["dataset"],
        )
        try:
            states = self._states()
        except SQLAlchemyError:
            states = {}
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
        for dataset, state in states.items():
            since = state.oldest_waiting_at
            age = 0 if since is None else max(time.time() - since.timestamp(), 0)
            waiting.add_metric([dataset], state.n_waiting)
            oldest.add_metric([dataset], age)
        yield from (up, waiting, oldest)

    def _states(self) -> dict[str, OutboxState]:
        states = {}
        for dataset in self._datasets.names():
            try:
                with self._datasets.connection(dataset) as connection:
                    states[dataset] = feedback.outbox_state(connection)
            except ApiError:
                continue  # its schema does not match; `/ready` reports that
        return states


class Storage(Collector):
    """The sizes of the tables and the free space on disks, read at each scrape."""

    def __init__(self, datasets: Datasets, disk_folders: Sequence[Path]) -> None:
        self._datasets = datasets
        self._disk_folders = disk_folders

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the size of each table and, for each folder, the space on its disk."""
        sizes_metric = GaugeMetricFamily(
            "lantern_table_bytes", "Size of a table with its indexes.", labels=["dataset", "table"]
        )
        with suppress(SQLAlchemyError):  # `lantern_database_up` reports it
            for dataset, size in self._sizes():
                sizes_metric.add_metric([dataset, size.name], size.n_bytes)
        free = GaugeMetricFamily("lantern_disk_free_bytes", "Free space.", labels=["folder"])
        total = GaugeMetricFamily("lantern_disk_bytes", "Size of the disk.", labels=["folder"])
        for folder in self._disk_folders:
            with suppress(OSError):
                usage = shutil.disk_usage(folder)
                free.add_metric([str(folder)], usage.free)
                total.add_metric([str(folder)], usage.total)
        yield from (sizes_metric, free, total)

    def _sizes(self) -> Iterator[tuple[str, TableSize]]:
        for dataset in self._datasets.names():
            with suppress(ApiError), self._datasets.connection(dataset) as connection:
                for size in sizes.of_tables(connection):
                    yield dataset, size


class Measured:
    """ASGI middleware: counts responses and their duration by route template, not by path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the app and count its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500  # an unexpected error: its answer does not pass this middleware

        async def send_and_read_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_read_status)
        finally:
            route = scope.get("route")
            template = getattr(route, "path_format", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.count_response(template, method, status, time.perf_counter() - started)
