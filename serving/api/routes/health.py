"""The routes that need no key. Their answers are cached: they cost others nothing."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from serving import schemas
from serving.api.datasets import Datasets
from serving.api.expiring_cache import ExpiringCache
from serving.api.metrics import Metrics
from serving.api.routes.parameters import JSON, as_json
from serving.schemas import AllReadiness

public = APIRouter(tags=["health"])


class Probes:
    """Answers of `/ready` and `/metrics`, made by one thread and cached for `seconds`."""

    def __init__(self, datasets: Datasets, metrics: Metrics, seconds: float) -> None:
        self._datasets = datasets
        self._metrics = metrics
        self._readiness = ExpiringCache[AllReadiness](seconds)
        self._scrapes = ExpiringCache[bytes](seconds)
        self._thread = CapacityLimiter(1)

    async def readiness(self) -> AllReadiness:
        """Return whether every data set can be served."""
        read = partial(self._readiness.get, None, self._datasets.overview)
        return await to_thread.run_sync(read, limiter=self._thread)

    async def scrape(self) -> bytes:
        """Return the metrics in Prometheus' format."""
        read = partial(self._scrapes.get, None, partial(generate_latest, self._metrics.registry))
        return await to_thread.run_sync(read, limiter=self._thread)


class Document:
    """The OpenAPI document, made at the first request in a thread of its own and kept as bytes."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._text: bytes | None = None
        self._thread = CapacityLimiter(1)

    async def text(self) -> bytes:
        """Return the document as JSON."""
        if self._text is None:
            return await to_thread.run_sync(self._made, limiter=self._thread)
        return self._text

    def _made(self) -> bytes:
        if self._text is None:
            self._text = json.dumps(self._make(), ensure_ascii=False).encode()
        return self._text


@public.get("/openapi.json", include_in_schema=False)
async def document(request: Request) -> Response:
    """The OpenAPI document. It needs no key."""
    return Response(await request.app.state.document.text(), media_type=JSON)


@public.get("/health", summary="Whether the process answers")
async def healthy() -> schemas.Health:
    """Does not use the database."""
    return schemas.Health()


@public.get(
    "/ready",
    response_model=schemas.AllReadiness,
    responses={503: {"model": schemas.AllReadiness}},
    summary="Whether every data set can be served",
)
async def ready(request: Request) -> Response:
    """503 while the database cannot be reached or a schema version is unknown. Needs no key."""
    answer = await request.app.state.probes.readiness()
    return as_json(answer, status=200 if answer.ready else 503)


@public.get("/metrics", response_class=PlainTextResponse, summary="Metrics for Prometheus")
async def metrics(request: Request) -> Response:
    """Needs no key, so restrict it to Prometheus. Also answers without a database."""
    answer = await request.app.state.probes.scrape()
    return Response(answer, media_type=CONTENT_TYPE_LATEST)
