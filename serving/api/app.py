"""The API: uvicorn --factory serving.api.app:create_app.

It also starts without a database; `/ready` reports that.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

from serving.api import problems
from serving.api.body_limit import BodyLimit
from serving.api.cpu_affinity import use_single_cpu
from serving.api.datasets import Datasets
from serving.api.expiring_cache import ExpiringCache
from serving.api.metrics import Measured, Metrics, scrape
from serving.api.operators import Operators
from serving.api.rate_limit import RateLimiter
from serving.api.routes import feedback, reads, rules
from serving.api.settings import ApiSettings
from serving.lists.release_cache import ReleaseCache
from serving.schemas import Problem
from serving.storage.database import ServingSettings
from serving.storage.keys import KnownKey


def create_app(
    serving: ServingSettings | None = None, settings: ApiSettings | None = None
) -> FastAPI:
    """Return the app, with settings from the environment by default."""
    serving = serving or ServingSettings()
    settings = settings or ApiSettings()
    datasets = Datasets(serving.database_url.get_secret_value(), settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.single_cpu:
            use_single_cpu()
        current_default_thread_limiter().total_tokens = settings.threads
        yield
        datasets.close()
        app.state.operators.close()

    # No /docs: its page would load scripts from another host.
    app = FastAPI(
        title="Lantern",
        version="1",
        description="Lists, feedback, items and releases of a data set. Errors are RFC 9457 "
        "problems.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses={500: {"model": Problem}},
    )
    app.state.datasets = datasets
    app.state.release_caches = defaultdict[str, ReleaseCache](ReleaseCache)
    app.state.key_cache = ExpiringCache[KnownKey | None](settings.key_cache_seconds)
    app.state.operators = Operators(settings.airflow_url, settings.operator_cache_seconds)
    app.state.rate_limiter = RateLimiter(settings.requests_per_second)
    app.state.metrics = Metrics(datasets)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(Measured, metrics=app.state.metrics)  # added last, so it sees every response
    problems.install(app)
    app.include_router(reads.health)
    app.include_router(scrape)
    app.include_router(reads.read)  # tried first: most requests are for lists
    app.include_router(feedback.write)
    app.include_router(rules.operate)
    return app
