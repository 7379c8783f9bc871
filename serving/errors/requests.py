"""Errors that any request may get: keys, operators, limits, invalid input, Postgres, Airflow."""

from serving.errors.base import ApiError


class UnknownDatasetError(ApiError):
    """The data set is not served here."""

    status = 404
    title = "Unknown data set"
    next_step = "Check the spelling. A new data set is served once its schema is migrated."


class KeyRefusedError(ApiError):
    """The key is missing, or not valid for this data set."""

    status = 401
    title = "The key or token is not valid"
    next_step = (
        "Send `Authorization: Bearer <key>` with a key of this data set or, for operators' acts, "
        "with an Airflow token."
    )


class ScopeMissingError(KeyRefusedError):
    """The key is valid but lacks the scope; or the Airflow user is not an operator."""

    status = 403
    title = "The caller may not do this"
    next_step = "Ask for a key with this scope. Operators' acts need Airflow's role Op or Admin."


class RequestRefusedError(ApiError):
    """A parameter or the body is invalid; the message names it."""

    status = 422
    title = "The request is invalid"
    next_step = "`/openapi.json` lists every parameter with its bounds."


class OffScaleError(RequestRefusedError):
    """The rating is not on the data set's scale, or not one of its steps."""

    title = "The rating is off the scale"
    next_step = "`GET /v1/{dataset}` returns the scale: `lowest`, `highest` and `step`."


class UnknownKindError(RequestRefusedError):
    """The data set has no such kind of event; the message lists those that it has."""

    title = "Unknown kind of event"
    next_step = "`GET /v1/{dataset}` returns the kinds. New ones are known after the next release."


class BodyTooLargeError(RequestRefusedError):
    """The body has more bytes than the API accepts."""

    status = 413
    title = "The body is too large"
    next_step = (
        "Send a smaller body, or ask an operator to raise API_MAX_BODY_BYTES, or "
        "API_MAX_BATCH_BYTES for batches."
    )


class PathTooLongError(RequestRefusedError):
    """The path has more bytes than that of any route with the longest ids."""

    status = 414
    title = "The path is too long"
    next_step = "Send a shorter path: ids have at most 256 characters."


class UnknownAttributeError(RequestRefusedError):
    """The manifest does not declare this attribute of items, or of users."""

    title = "Unknown attribute"
    next_step = "`GET /v1/{dataset}` lists the attributes of items and those of users."


class UnknownCategoryError(RequestRefusedError):
    """A filter names a category that no item has."""

    title = "Unknown category"
    next_step = "`GET /v1/{dataset}` lists the categories."


class FilterRefusedError(RequestRefusedError):
    """A filter cannot be read; the message names the character."""

    title = "The filter is invalid"
    next_step = "Correct the filter at the named character."


class UnknownKeyError(ApiError):
    """The data set has no API key of this name."""

    status = 404
    title = "Unknown API key"
    next_step = "`GET /v1/{dataset}/keys` lists the names of the keys."


class CheckNotReleasableError(ApiError):
    """Rows that fail this check cannot be accepted: they lack what an event needs."""

    status = 409
    title = "Rows of this check cannot be released"
    next_step = "Correct the file or the manifest, or reject the rows."


class OperatorsNotConfiguredError(ApiError):
    """Operators are Airflow's users, and this API has no address of Airflow."""

    status = 503
    title = "Operators are not configured"
    next_step = "Set API_AIRFLOW_URL to the URL of Airflow and restart the API."
    retry_after = 60.0


class TooManyRequestsError(ApiError):
    """The key exceeds its rate limit. Wait for `Retry-After` seconds.

    Args:
        message: which limit.
        retry_after: seconds until a request is accepted again.
    """

    status = 429
    title = "Too many requests"
    next_step = "Wait for `Retry-After` seconds. An operator may raise API_REQUESTS_PER_SECOND."

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaExceededError(TooManyRequestsError):
    """The key or the user has used up their quota of today. It begins anew at midnight UTC."""

    title = "The quota of today is used up"
    next_step = (
        "Send the rest tomorrow (UTC). An operator may raise API_EVENTS_PER_DAY, "
        "API_USER_EVENTS_PER_DAY, API_NEW_USERS_PER_DAY, API_ITEM_CHANGES_PER_DAY or "
        "API_ATTRIBUTE_CHANGES_PER_DAY."
    )


class ApiUnavailableError(ApiError):
    """The API or its database does not answer. No event was lost; retry soon."""

    status = 503
    title = "Temporarily unavailable"
    next_step = "Retry in a few seconds. If it persists, check Postgres."
    retry_after = 2.0


class TooManyComparisonsError(ApiUnavailableError):
    """Too many previews, comparisons and inspections are computed or wait. Lists are served."""

    title = "Too many previews and inspections"
    next_step = "Retry in a few seconds. Lists are served meanwhile."
    retry_after = 5.0


class TooManyChangesError(ApiUnavailableError):
    """Too many changes wait, or another transaction holds what this one needs. Nothing changed."""

    title = "Another change is in progress"
    next_step = (
        "Send the whole request again in a few seconds. Nothing was changed, unless it erases many "
        "users: some of them may be erased."
    )


class TooManySearchesError(ApiUnavailableError):
    """Too many searches of the key are computed or wait. Lists are served."""

    title = "Too many searches"
    next_step = "Search again in a few seconds, and send fewer searches at the same time."


class OperatorCheckUnavailableError(ApiUnavailableError):
    """Airflow does not answer, so operators cannot be checked. Lists are served meanwhile."""

    title = "Operators cannot be checked now"
    next_step = "Retry in a few seconds. If it persists, check Airflow. Lists are served meanwhile."


class SchemaUnknownError(ApiUnavailableError):
    """The database's schema does not match this code."""

    title = "The schema does not match this API"
    next_step = "Migrate the data set's schema, or deploy the API of the same version."
