"""Errors of operators' acts on runs in Airflow."""

from serving.errors.base import ApiError


class UnknownRunError(ApiError):
    """Airflow does not know the run, or has not loaded its DAG."""

    status = 404
    title = "Unknown run"
    next_step = "Look at the DAG in Airflow: a new one is loaded within a minute."


class RetrainActiveError(ApiError):
    """A retrain has not ended, and the caller did not want to wait behind it."""

    status = 409
    title = "A retrain is active"
    next_step = "Wait until it has ended, or send `may_wait` to start after it."


class RetrainEndedError(ApiError):
    """The retrain has ended, so it cannot be stopped."""

    status = 409
    title = "The retrain has ended"
    next_step = "There is nothing to stop."


class NoQuestionError(ApiError):
    """The retrain does not wait for an answer: it never asked, was answered, or has ended."""

    status = 409
    title = "The retrain does not wait for an answer"
    next_step = "Look at the retrain again: another operator may have answered."


class OwnRetrainError(ApiError):
    """The account started this retrain, and the manifest wants the approval of another one."""

    status = 403
    title = "Another account must approve"
    next_step = "Ask another operator, or set `schedule.approval_by_another = false`."
