"""The API: uvicorn --factory serving.api.app:create_app.

It also starts without a database; `/ready` reports that.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from serving.api import problems
from serving.api.access import Gate
from serving.api.authentication import Products
from serving.api.cpu_affinity import use_single_cpu
from serving.api.datasets import Datasets
from serving.api.metrics import Measured, Metrics
from serving.api.operators import Operators
from serving.api.rate_limit import RateLimiter, Refusals
from serving.api.routes import (
    erasures,
    feedback,
    health,
    operate_access,
    operate_releases,
    reads,
    rules,
)
from serving.api.settings import ApiSettings
from serving.schemas import Problem
from serving.storage.database import ServingSettings
from serving.users.quotas import Quotas


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
        app.state.gate.operators.close()

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
    app.state.metrics = Metrics(datasets, settings.disk_folders)
    app.state.quotas = Quotas(events=settings.events_per_day, users=settings.new_users_per_day)
    app.state.gate = Gate(
        datasets,
        app.state.metrics,
        products=Products(datasets, settings.key_cache_seconds),
        operators=Operators(
            settings.airflow_url, settings.operator_cache_seconds, settings.threads
        ),
        rate_limiter=RateLimiter(settings.requests_per_second),
        refusals=Refusals(settings.refusals_per_second),
        max_body_bytes=settings.max_body_bytes,
    )
    app.state.probes = health.Probes(datasets, app.state.metrics, settings.schema_check_seconds)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=settings.hosts, www_redirect=False)
    app.add_middleware(Measured, metrics=app.state.metrics)  # added last, so it sees every response
    problems.install(app)
    app.include_router(reads.read)  # tried first: most requests are for lists
    app.include_router(feedback.write)
    app.include_router(rules.operate)
    app.include_router(erasures.route)
    app.include_router(operate_releases.operate_releases)
    app.include_router(operate_access.operate_access)
    app.include_router(health.public)
    return app
