"""Airflow's errors as those of the API."""

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_api.client import (
    AirflowError,
    NotAllowedError,
    RefusedRequestError,
    SignInRefusedError,
    UnknownRunError,
)
from serving import errors


@contextmanager
def translated(unknown: errors.ServingError, to_look_at: str) -> Iterator[None]:
    """Raise the errors of Airflow as those of the API.

    Args:
        unknown: Raised if Airflow does not know the DAG or the run.
        to_look_at: What shows whether the act took place, if Airflow did not answer.
    """
    try:
        yield
    except SignInRefusedError as error:
        raise errors.KeyRefusedError("Airflow rejects this token: sign in again.") from error
    except NotAllowedError as error:
        raise errors.ScopeMissingError("Airflow does not allow you to do this.") from error
    except UnknownRunError as error:
        raise unknown from error
    except RefusedRequestError as error:
        raise errors.RequestRefusedError(f"Airflow refused the request: {error.reason}") from error
    except AirflowError as error:
        raise errors.OperatorCheckUnavailableError(
            f"Airflow did not answer: look at {to_look_at} before you repeat this."
        ) from error
