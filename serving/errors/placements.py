"""Errors of placements."""

from serving.errors.base import ApiError


class UnknownPlacementError(ApiError):
    """The data set has no placement of this name, or the placement has no such version."""

    status = 404
    title = "Unknown placement"
    next_step = "`GET /v1/{dataset}/placements` lists the placements, for operators."


class PlacementChangedError(ApiError):
    """The placement changed since the caller looked."""

    status = 409
    title = "The placement has changed"
    next_step = "Read the placement again, compare it, and send yours with the new version."
