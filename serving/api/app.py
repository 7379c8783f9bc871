"""The API: `python -m edge.serve serving.api.app:create_app --port 8000`.

It also starts without a database; `/ready` reports that.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from serving.api import problems
from serving.api.access import Admission
from serving.api.authentication import KeyCache
from serving.api.datasets import Datasets
from serving.api.metrics import Measured, Metrics
from serving.api.operators import Operators
from serving.api.path_ids import BoundedPaths
from serving.api.process import seldom_collected, use_single_cpu
from serving.api.rate_limit import RateLimiter, Refusals
from serving.api.routes import (
    catalogue,
    events,
    exports,
    feedback,
    health,
    inspections,
    placements,
    reads,
    rules,
    shelves,
    user_attributes,
    user_data,
)
from serving.api.routes.operating import access, backtests, data, releases, runs
from serving.api.settings import ApiSettings
from serving.api.shown_lists import ShownLists
from serving.schemas import Problem
from serving.storage.database import ServingSettings
from serving.users.quotas import Quotas


def create_app(
    serving: ServingSettings | None = None, settings: ApiSettings | None = None
) -> FastAPI:
    """Return the app, with settings from the environment by default."""
    serving = serving or ServingSettings()
    settings = settings or ApiSettings()
    # No /docs: its page would load scripts from another host.
    app = FastAPI(
        title="Lantern",
        version="1",
        description="Lists, feedback, items and releases of a data set. Errors are RFC 9457 "
        "problems.",
        openapi_url=None,  # `health.document` answers it
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(settings),
        responses={500: {"model": Problem}},
    )
    _set_state(app, Datasets(serving.database_url.get_secret_value(), settings), settings)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=settings.hosts, www_redirect=False)
    app.add_middleware(BoundedPaths)
    app.add_middleware(Measured, metrics=app.state.metrics)  # added last, so it sees every response
    problems.install(app)
    app.include_router(reads.read)  # tried first: most requests are for lists
    app.include_router(shelves.read)
    app.include_router(placements.read)
    app.include_router(feedback.write)
    app.include_router(events.batches)
    app.include_router(catalogue.catalogue)
    app.include_router(catalogue.batches)
    app.include_router(user_attributes.attributes)
    app.include_router(user_attributes.batches)
    app.include_router(rules.operate)
    app.include_router(placements.operate)
    app.include_router(user_data.route)
    app.include_router(user_data.batches)
    app.include_router(exports.exports)
    app.include_router(inspections.inspect)
    app.include_router(releases.operate_releases)
    app.include_router(access.operate_access)
    app.include_router(runs.operate_runs)
    app.include_router(data.operate_data)
    app.include_router(backtests.operate_backtests)
    app.include_router(health.public)
    return app


def _lifespan(
    settings: ApiSettings,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return what the app does when the server starts and stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.single_cpu:
            use_single_cpu()
        current_default_thread_limiter().total_tokens = settings.threads
        app.state.shown_lists.start()
        with seldom_collected():
            yield
        app.state.shown_lists.stop()
        app.state.datasets.close()
        app.state.admission.operators.close()

    return lifespan


def _set_state(app: FastAPI, datasets: Datasets, settings: ApiSettings) -> None:
    """Create what all requests share: connections, counters, caches and limits."""
    app.state.datasets = datasets
    app.state.metrics = Metrics(datasets, settings.disk_folders)
    app.state.shown_lists = ShownLists(
        datasets,
        app.state.metrics,
        size=settings.shown_lists_queue,
        per_day=settings.shown_lists_per_day,
        of_user_per_day=settings.user_shown_lists_per_day,
    )
    app.state.quotas = Quotas(
        events=settings.events_per_day,
        users=settings.new_users_per_day,
        of_user=settings.user_events_per_day,
        items=settings.item_changes_per_day,
        attributes=settings.attribute_changes_per_day,
    )
    app.state.admission = Admission(
        datasets,
        app.state.metrics,
        app.state.shown_lists,
        key_cache=KeyCache(datasets, settings.key_cache_seconds),
        operators=Operators(
            settings.airflow_url, settings.operator_cache_seconds, settings.threads
        ),
        rate_limiter=RateLimiter(settings.requests_per_second),
        refusals=Refusals(settings.refusals_per_second),
        max_body_bytes=settings.max_body_bytes,
        max_batch_bytes=settings.max_batch_bytes,
    )
    app.state.document = health.Document(app.openapi)
    app.state.probes = health.Probes(datasets, app.state.metrics, settings.schema_check_seconds)
