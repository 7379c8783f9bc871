"""Routers of the routes below a data set, which check the caller and document their problems."""

from fastapi import APIRouter

from serving.api import problems
from serving.api.access import BatchRoute, GuardedRoute

READ = (401, 403, 404, 422, 429, 503)  # statuses of the problems of every route that reads
CHANGE = (401, 403, 404, 413, 422, 429, 503)  # of one that takes a body
ACT = (401, 403, 404, 409, 413, 422, 429, 503)  # of an act of an operator


def router(
    statuses: tuple[int, ...], tag: str | None = None, *, below: str = "", in_batches: bool = False
) -> APIRouter:
    """Return a router of paths below a data set, or a part of it, all with the same tag.

    Routes that take `in_batches` may have larger bodies.
    """
    return APIRouter(
        prefix=f"/v1/{{dataset:dataset}}{below}",
        route_class=BatchRoute if in_batches else GuardedRoute,
        responses=problems.documented(*statuses),
        tags=None if tag is None else [tag],
    )
