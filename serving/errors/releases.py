"""Errors of publications, releases and slate rules."""

from serving.errors.base import ApiError, ServingError


class PublishingPausedError(ServingError):
    """An operator paused publishing. Resume it before you publish another release."""


class IncompleteReleaseError(ServingError):
    """The lists do not match what the fit reported, so nothing was published."""


class NoReleaseError(ApiError):
    """The data set has no release yet."""

    status = 404
    title = "No release yet"
    next_step = "Run the data set's retrain: its last task publishes the first release."

    def __init__(self, message: str = "The data set has no release yet.") -> None:
        super().__init__(message)


class ReleaseNotReadyError(ApiError):
    """The release cannot go live: it is unknown, was never completely loaded, or is retired."""

    status = 409
    title = "The release cannot go live"
    next_step = "Choose one of `GET /v1/{dataset}/releases`."


class LiveReleaseChangedError(ApiError):
    """Another release went live since the caller looked. Look again before you decide."""

    status = 409
    title = "Another release is live"
    next_step = "Read the releases again, and decide with the release that is live now."


class NoEarlierReleaseError(ApiError):
    """There is no older ready release to go back to."""

    status = 409
    title = "No earlier release"
    next_step = "Make another release live, or retrain."


class RulesChangedError(ApiError):
    """The slate rules changed since the caller looked."""

    status = 409
    title = "The slate rules have changed"
    next_step = "Read the rules again, compare them, and send yours with the new version."


class NoWindowListsError(ApiError):
    """No retrain has written window lists yet, so rules cannot be previewed."""

    status = 404
    title = "No lists to preview rules on"
    next_step = "Run the data set's retrain: it stores these lists, unless its verdict is `hold`."
